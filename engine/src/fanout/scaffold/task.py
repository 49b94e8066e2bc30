"""Adds a task to an app: its folder, its test, and the call that subscribes it."""

from dataclasses import dataclass
from pathlib import Path

from fanout.contracts.contract import load
from fanout.contracts.model import class_name
from fanout.errors import Unusable
from fanout.scaffold.calls import NoPlace
from fanout.scaffold.folder import write_files
from fanout.scaffold.naming import check_task, construct_id
from fanout.scaffold.stack_file import Place, call_of, find_place, with_call
from fanout.scaffold.templates import rendered


@dataclass(frozen=True)
class NewTask:
    """What was written."""

    files: tuple[str, ...]
    call: str
    place: str
    """Where the call stands, or belongs."""


def add_task(root: Path, name: str, *, event: str | None = None, write_call: bool = False) -> NewTask:
    """Writes folder and test of a task; with `write_call` also the call. Raises Unusable, and then writes nothing."""
    _check_app(root)
    is_there = name.isidentifier() and (root / "lambdas" / name).exists()
    check_task(name, is_there=is_there)
    if is_there:
        raise Unusable(f"task {name!r} exists: lambdas/{name} is there; give another name, or remove it first")
    chosen = choose_event(root, event)
    values = {"TASK": name, "EVENT": chosen, "EVENT_CLASS": class_name(chosen)}
    files = rendered("task", values)
    place, call, reason = _call(root, name, chosen)
    if place is None:
        if write_call:
            raise Unusable(f"{reason}, so write the call yourself: {call}; without --write the task's folder is made")
        write_files(root, files, replace={})
        return NewTask(tuple(files), call, f"stacks/, in your stack ({reason})")
    replace = {f"stacks/{place.path.name}": with_call(place, call).encode()} if write_call else {}
    write_files(root, files, replace=replace)
    return NewTask(tuple(files), call, f"stacks/{place.path.name}, behind line {place.line}")


def choose_event(root: Path, wanted: str | None) -> str:
    """The type of event that the task reads: the contract's only one, or the one that is wanted."""
    known = sorted(each.type for each in load(root / "contracts"))
    if wanted is None and len(known) > 1:
        raise Unusable(
            f"contracts/ has {len(known)} events: say which one, as in --event {known[0]} ({', '.join(known)})"
        )
    if wanted is not None and wanted not in known:
        raise Unusable(f"event {wanted!r} is not in contracts/: expected {' or '.join(known)}")
    return wanted or known[0]


def _check_app(root: Path) -> None:
    if not (root / "cdk.json").is_file():
        raise Unusable(f"no app here: {root} and the folders above have no cdk.json; go into the app's folder")
    for name in ("lambdas", "stacks", "contracts"):
        if not (root / name).is_dir():
            raise Unusable(f"{root} has no folder {name}/: expected the layout that `fanout init` makes")


def _call(root: Path, name: str, event: str) -> tuple[Place | None, str, str]:
    """The place and the call; where there is no one place, a call to go by, and why."""
    try:
        place = find_place(root / "stacks", event)
    except NoPlace as error:
        return None, f'Subscriber(self, "{construct_id(name)}", topic=topic, task="{name}")', str(error)
    if construct_id(name) in place.ids:
        raise Unusable(
            f"stacks/{place.path.name} has a construct {construct_id(name)!r} already: give another task name"
        )
    return place, call_of(place, name), ""
