"""Serves the console: on loopback, or, behind a named proxy, with TLS; nowhere else."""

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from fanout import names
from fanout.console.guard import Guard, Proxy
from fanout.errors import Unusable

LOOPBACK = "127.0.0.1"
PREFERRED_PORT = 4577


@dataclass(frozen=True)
class Place:
    """Where it listens. All but `port` is for a console that others reach, through a proxy that says who they are."""

    port: int | None = None
    host: str = LOOPBACK
    certificate: Path | None = None
    key: Path | None = None
    proxy: str | None = None
    identity_header: str | None = None
    name: str | None = None

    @property
    def is_loopback(self) -> bool:
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """Raises Unusable for a place where strangers could read or act, or where TLS cannot be served."""
        beyond = (self.certificate, self.key, self.proxy, self.identity_header, self.name)
        if self.is_loopback:
            if self.host not in (LOOPBACK, "localhost"):
                raise Unusable(f"--host {self.host}: expected {LOOPBACK}")
            if any(beyond):
                raise Unusable(
                    "--certificate, --key, --proxy, --identity-header and --name are for a console that is not on loopback: give --host"
                )
            return
        if not all(beyond):
            raise Unusable(
                f"--host {self.host} is not loopback: nothing is served there without TLS (--certificate, --key) and a proxy"
                " that says who asks (--proxy ADDRESS, --identity-header NAME, and --name, its host name for browsers)"
            )
        try:
            ipaddress.ip_address(str(self.proxy))
        except ValueError:
            raise Unusable(
                f"--proxy {self.proxy}: expected the address that it connects from, as in 10.0.0.7"
            ) from None
        for each in (self.certificate, self.key):
            if not (each and each.is_file()):
                raise Unusable(f"{each} is no file: expected a certificate and its key in PEM")
        _check_chain(self.certificate, self.key)


def _check_chain(certificate: Path | None, key: Path | None) -> None:
    """Raises Unusable for what TLS cannot be served with, and names the file: OpenSSL does not."""
    assert certificate and key
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def refuse_passphrase() -> str:
        raise Unusable(f"--key {key} has a passphrase: expected a key without one")

    try:
        context.load_verify_locations(certificate)
    except OSError as error:
        raise Unusable(
            f"--certificate {certificate} cannot be used ({_said(error)}): expected a certificate in PEM, with its chain"
        ) from None
    try:
        context.load_cert_chain(certificate, key, refuse_passphrase)
    except OSError as error:
        raise Unusable(
            f"--key {key} cannot be used with --certificate {certificate} ({_said(error)}):"
            " expected the certificate's own key in PEM"
        ) from None


def _said(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "not readable as PEM").replace("_", " ").lower()
    return str(error.strerror)


def listen(place: Place) -> socket.socket:
    """At the port that was asked for; else at the usual one, or any that is free. Raises Unusable."""
    wanted = (place.port,) if place.port is not None else (PREFERRED_PORT, 0)
    for port in wanted:
        listener = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((place.host, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if port == wanted[-1]:
                raise Unusable(f"port {port} of {place.host} cannot be listened at: {error.strerror}") from None
        else:
            return listener
    raise AssertionError("one of them was tried")


def guard_of(place: Place, port: int) -> Guard:
    if place.is_loopback:
        return Guard.on_loopback(port, os.environ.get(names.CONSOLE_TOKEN))
    name, proxy = str(place.name).lower(), Proxy(str(place.proxy), str(place.identity_header).lower())
    return Guard(frozenset({name}), frozenset({f"https://{name}"}), "fanout-console", proxy=proxy)


def address(place: Place, port: int, guard: Guard) -> str:
    """What to open: with the token, where one is needed."""
    return f"http://{LOOPBACK}:{port}/?token={guard.token}" if place.is_loopback else f"https://{place.name}/"


def serve(app: ASGIApp, place: Place, listener: socket.socket) -> None:
    """Until Ctrl-C or `kill`. No access log: an address may name a person's reference."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
    )
    uvicorn.Server(config).run(sockets=[listener])
