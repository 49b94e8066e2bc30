"""Ports of this machine alone."""

import errno
import socket

from fanout.local.emulator.state import State
from fanout.local.errors import LocalError

HOST = "127.0.0.1"


def listen(state: State, name: str, *, preferred: int = 0, required: int | None = None) -> tuple[socket.socket, str]:
    """A bound socket to hand to a server, so that nobody can take its port in between; and a word if it moved.

    The port of the last time comes first, then `preferred`, then any: addresses that programs were given stay true.
    """
    if required is not None:
        return _bind_required(name, required), ""
    wanted = _remembered(state, name) or preferred
    try:
        return _bind(wanted), ""
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
    bound = _bind(0)
    return bound, f"port {wanted} is taken by another program: the {name} listens on {port_of(bound)}"


def remember(state: State, name: str, port: int) -> None:
    state.port(name).write_text(f"{port}\n")


def port_of(bound: socket.socket) -> int:
    return int(bound.getsockname()[1])


def _remembered(state: State, name: str) -> int:
    try:
        port = int(state.port(name).read_text())
    except (FileNotFoundError, ValueError):
        return 0
    return port if 0 < port < 65536 else 0


def _bind_required(name: str, port: int) -> socket.socket:
    try:
        return _bind(port)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "not a port number"
        raise LocalError(
            f"port {port} cannot be used for the {name} ({why.lower()}): "
            f"end the program that has it (lsof -i :{port}), or give another one with --port"
        ) from error


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound
