"""What a task uses: its handler, the errors it raises, SDK clients and the log. Standard library and itself only."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fanout.runtime.archive import archive_key as archive_key
    from fanout.runtime.aws import client as client
    from fanout.runtime.batch import each_message as each_message
    from fanout.runtime.batch import handler_of as handler_of
    from fanout.runtime.emitting import emit as emit
    from fanout.runtime.errors import PermanentError as PermanentError
    from fanout.runtime.errors import TransientError as TransientError
    from fanout.runtime.event import Event as Event
    from fanout.runtime.files import attached as attached
    from fanout.runtime.log import logger as logger
    from fanout.runtime.record import identity as identity

__all__ = [
    "Event",
    "PermanentError",
    "TransientError",
    "archive_key",
    "attached",
    "client",
    "emit",
    "handler_of",
    "identity",
    "logger",
]
_MODULES = {
    "Event": "event",
    "PermanentError": "errors",
    "TransientError": "errors",
    "archive_key": "archive",
    "attached": "files",
    "client": "aws",
    "each_message": "batch",
    "emit": "emitting",
    "handler_of": "batch",
    "identity": "record",
    "logger": "log",
}


def __getattr__(name: str) -> object:
    """Imports what is asked for: reading an event needs no threads, and a synth no log of Lambda's."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
