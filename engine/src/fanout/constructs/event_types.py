"""Which of the app's event types a topic carries, and which of those a subscriber gets."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fanout.constructs.handler_source import taken_by, upcasts_in, with_older
from fanout.errors import ConfigurationError

_SEVERAL_FUNCTIONS = re.compile(r"\bhandler_of\(\s*\w+\s*,\s*\w")


class Types(NamedTuple):
    """`got` is () where the app has one type and nothing says more; `values` are those of a filter, () for none."""

    got: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def has_several(app_root: Path) -> bool:
    return len(_files(app_root)) > 1


def types_got(
    owner: str, app_root: Path, task: str, *, handles: Sequence[str] | None = None, carried: Sequence[str] | None = None
) -> Types:
    """Those that the subscriber `handles`, by default what its handler reads, of those that its topic has `carried`.

    The handler reads what its functions are annotated with, and what upcasts make of older types. Raises
    ConfigurationError, one line, for what the handler does not say, cannot read, or what has no schema.
    """
    handler = app_root / "lambdas" / task / "handler.py"
    if not has_several(app_root) and handles is None and carried is None and not _has_several_functions(handler):
        if _upcasts_file(app_root).is_file() and _files(app_root):
            _upcasts(app_root, schemas_of(app_root))  # the function imports it, whatever the number of types
        return Types()
    schemas = schemas_of(app_root)
    if handles is not None:
        check_named(owner, "handles", handles, schemas)
    reads = types_read(app_root, task, schemas)
    there = {*(schemas if carried is None else carried)}
    if handles is None:
        got = reads & there
        if not got:
            raise ConfigurationError(
                f"{owner}: its topic carries {_list(there)}, and task {task} reads {_list(reads)}: give it a task or a"
                " topic for the other"
            )
    else:
        _check(owner, handles, reads, there, task)
        got = {*handles}
    return Types(tuple(sorted(got)), () if got == there else tuple(sorted(got)))


def types_read(app_root: Path, task: str, schemas: Mapping[str, Any]) -> set[str]:
    """What a task can read of the types in `schemas`, upcasts included. Raises ConfigurationError, one line."""
    types, upcasts = _upcasts(app_root, schemas)
    return with_older(taken_by(app_root / "lambdas" / task / "handler.py", types), upcasts)


def check_carried(owner: str, app_root: Path, types: Sequence[str] | None) -> None:
    """Raises ConfigurationError, one line, unless each of a topic's types has a schema."""
    if types is not None:
        check_named(owner, "types", types, schemas_of(app_root))


def schemas_of(app_root: Path) -> dict[str, dict[str, Any]]:
    """By type. What is no schema is told of when the contracts are loaded to judge filters."""
    from fanout.contracts.roles import event_type

    found = {}
    for path in _files(app_root):
        try:
            schema = json.loads(path.read_text("utf-8"))
            type_ = event_type(schema)
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"contract {path}: it cannot be read ({type(error).__name__})") from None
        if isinstance(type_, str):
            found[type_] = schema
    return found


def _upcasts(app_root: Path, schemas: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The app's types by class, and the older type that is read as each newer one."""
    from fanout.contracts.model import class_name, module_name  # by an app with several types or upcasts alone

    types, modules = {class_name(each): each for each in schemas}, {module_name(each): each for each in schemas}
    return types, upcasts_in(_upcasts_file(app_root), types, modules)


def _upcasts_file(app_root: Path) -> Path:
    return app_root / "lambdas" / "upcasts.py"


def _files(app_root: Path) -> list[Path]:
    return sorted((app_root / "contracts").glob("*.schema.json"))


def _has_several_functions(handler: Path) -> bool:
    """Two functions for the one type are told of at synth too."""
    try:
        return bool(_SEVERAL_FUNCTIONS.search(handler.read_text("utf-8")))
    except ValueError:
        return True


def _check(owner: str, handles: Sequence[str], reads: set[str], there: set[str], task: str) -> None:
    for each in handles:
        if each not in reads:
            raise ConfigurationError(
                f"{owner}: handles has {each}, and task {task} reads {_list(reads)}: annotate a function of it with the"
                " class, or add an upcast to lambdas/upcasts.py"
            )
        if each not in there:
            raise ConfigurationError(
                f"{owner}: handles has {each}, and its topic carries {_list(there)}: choose of those"
            )


def check_named(owner: str, name: str, types: Sequence[str], schemas: Mapping[str, Any]) -> None:
    """Raises ConfigurationError for a type that no schema describes, or for none at all."""
    several = isinstance(types, Collection) and not isinstance(types, str) and types
    if not several or not all(isinstance(each, str) for each in types):
        raise ConfigurationError(
            f"{owner}: {name} is {types!r}: expected types of events, such as ('order.placed.v1',)"
        )
    for each in types:
        if each not in schemas:
            known = f"it has {_list(schemas)}" if schemas else "it has none"
            raise ConfigurationError(f"{owner}: {name} has {each}, which has no schema in contracts/: {known}")


def _list(types: Mapping[str, Any] | set[str]) -> str:
    return ", ".join(sorted(types)) or "none"
