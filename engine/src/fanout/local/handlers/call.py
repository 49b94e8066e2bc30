"""Runs a task on one event in this very process, as its deployed function would: a debugger stops in it.

The task's own function is called, without what the runtime does around it: no retry, no dead-letter message, and no
memory of events that it has done already. What it raises is raised here.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from fanout.errors import Unusable
from fanout.local.emulator.connection import NO_FILES, without_real_aws
from fanout.local.handlers.imports import Handler
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import local_target
from fanout.project import find_root
from fanout.runtime.claim_check import restored
from fanout.runtime.errors import PermanentError
from fanout.runtime.event import Heartbeat, event_classes, parse


def call(handler: Handler, body: str) -> None:
    """Raises what the task raises, and the runtime's PermanentErrors for a body that is no event of its types."""
    with _as_its_function(handler):
        task = task_of(handler)
        event = parse(body, *event_classes(task), restored=restored)
        if not isinstance(event, Heartbeat):
            task(event)


def consequence(error: BaseException) -> str:
    """What the runtime would make of it in a function."""
    return "it would be a dead-letter message at once" if isinstance(error, PermanentError) else "it would be retried"


def task_of(handler: Handler) -> Callable[[Any], None]:
    """What `handler_of` was given; of several functions, the one that chooses between them."""
    module, _, attribute = handler.handler.rpartition(".")
    found = getattr(import_module(module), attribute)
    task: Any = getattr(found, "task", None)
    if not callable(task):
        raise Unusable(f"{handler.handler} was not made by handler_of: call it from a program of your own")
    return cast(Callable[[Any], None], task)


@contextmanager
def _as_its_function(handler: Handler) -> Iterator[None]:
    """With the function's variables and packages, and nothing of this machine's own AWS, until the block ends."""
    root, before, path = find_root(), dict(os.environ), list(sys.path)
    packages = dependencies_of(root, handler.task, local_target())
    _become({**without_real_aws(before), **NO_FILES, **handler.variables})
    sys.path[:0] = [str(root / "lambdas"), *([str(packages / "python")] if packages else [])]
    try:
        yield
    finally:
        _become(before)
        sys.path[:] = path


def _become(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
