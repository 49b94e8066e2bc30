"""The task's function, from the handler that a function would run."""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from fanout.errors import Unusable
from fanout.runtime.attempt import Task


def load(task: str, paths: Sequence[str]) -> Task:
    """What `handler_of` was given in `<task>/handler.py`, found in one of `paths`. Raises Unusable, one line."""
    sys.path[:0] = [path for path in paths if path not in sys.path]
    try:
        handle = getattr(import_module(f"{task}.handler"), "handle", None)
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [each for each in frames if f"/{task}/" in each.filename]
        where = f" ({task}/{own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno})" if own else ""
        raise Unusable(f"{task} cannot be imported{where}: {type(error).__name__}: {error}") from None
    found = getattr(handle, "task", None)
    if not callable(found):
        raise Unusable(f"{task}/handler.py has no `handle = handler_of(...)`: a worker needs it as a function does")
    loaded: Task = found
    return loaded
