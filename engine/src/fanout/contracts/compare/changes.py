"""What a change of an app's schemas breaks, type by type: who publishes by the old ones, who reads by the old ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fanout.contracts import roles
from fanout.contracts.compare import schemas
from fanout.contracts.compare.gaps import ITEM, OTHER, PUBLISHERS, READERS, Direction, Gap, gaps, is_new
from fanout.contracts.compare.witness import witness
from fanout.contracts.compare.words import said
from fanout.contracts.contract import Contract, Contracts

Breaks = Literal["publishers", "readers"]
Status = Literal["breaking", "compatible", "new", "new version", "removed", "same"]
_DIRECTIONS: Final[dict[Breaks, Direction]] = {"publishers": PUBLISHERS, "readers": READERS}


@dataclass(frozen=True)
class Break:
    """`publishers`: events that were valid are refused, those that wait and those that are archived too. `readers`: a task
    that has not been deployed since refuses the new events, or misses what it reads.

    `example` is allowed by the one and refused by the other; None: none was found.
    """

    breaks: Breaks
    where: str
    keyword: str
    message: str
    example: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TypeChange:
    """`not_compared` is what nobody can say anything of; without it, all that is not in `breaks` is compatible."""

    type: str
    status: Status
    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.not_compared

    @property
    def is_breaking(self) -> bool:
        return self.status in ("breaking", "removed")


def compare(before: Contracts, after: Contracts) -> list[TypeChange]:
    """Of every type of either side, by name."""
    return [_of_type(type_, before, after) for type_ in sorted({*before.by_type, *after.by_type})]


def _of_type(type_: str, before: Contracts, after: Contracts) -> TypeChange:
    old, new = before.by_type.get(type_), after.by_type.get(type_)
    if old is None:
        versions = sorted(each for each in before.by_type if family(each) == family(type_))
        if versions:
            return TypeChange(type_, "new version", notes=(f"beside {', '.join(versions)}",))
        return TypeChange(type_, "new")
    if new is None:
        versions = sorted(each for each in after.by_type if family(each) == family(type_))
        instead = f"; there is {', '.join(versions)}" if versions else ""
        note = f"whoever publishes it is refused, and events of it that wait are dead letters{instead}"
        return TypeChange(type_, "removed", notes=(note,))
    return compare_schemas(old, new)


def family(type_: str) -> str:
    """order.placed of order.placed.v2."""
    return type_.rpartition(".")[0]


def compare_schemas(old: Contract, new: Contract) -> TypeChange:
    """One type before and after."""
    if schemas.same(old.schema, new.schema):
        return TypeChange(new.type, "same")
    broken, doubtful, open_ones = [*_of_roles(old, new)], list[Break](), list[str]()
    if _draft(old) != _draft(new):
        open_ones.append(f"$schema: from {_draft(old)} to {_draft(new)}: keywords may mean something else")
    examples = [*new.examples, *old.examples]
    for who, direction in _DIRECTIONS.items():
        allowing, refusing = (old, new) if direction.newer else (new, old)
        for gap in gaps(schemas.plain(allowing.schema), schemas.plain(refusing.schema), direction):
            example = witness(gap, allowing.schema, refusing.schema, examples, direction)
            found = Break(who, gap.where, gap.keyword, said(gap, direction), example)
            (doubtful if example is None and not gap.sure else broken).append(found)
    broken, unproven = _proven(broken)
    open_ones += [
        f"{each.where}: {each.message}: no example that breaks {each.breaks} was found"
        for each in (*doubtful, *unproven)
    ]
    status: Status = "breaking" if broken else "compatible"
    return TypeChange(new.type, status, tuple(broken), tuple(_added(old, new)), tuple(dict.fromkeys(open_ones)))


def _proven(found: list[Break]) -> tuple[list[Break], list[Break]]:
    """Without the half of a changed pattern of which there is no example, where there is one of the other half."""
    shown = {each.where for each in found if each.keyword == "pattern" and each.example is not None}
    half = [each for each in found if each.keyword == "pattern" and each.example is None and each.where in shown]
    return [each for each in found if each not in half], half


def _of_roles(old: Contract, new: Contract) -> Iterator[Break]:
    """Roles refuse nothing by the schema, and yet filters and publishers go by them."""
    for name, path in old.attributes.items():
        if name not in new.attributes:
            what = "is no message attribute any more: a filter that asks for it drops every event"
            yield Break("readers", path, "attribute", what)
        elif new.attributes[name] != path:
            yield Break(
                "readers", path, "attribute", f"the message attribute {name} repeats {new.attributes[name]} now"
            )
    for path in new.lines:
        if path not in old.lines:
            yield Break("publishers", path, "line", "must be one line of at most 200 characters now")
    for role in ("group", "reference"):
        was, now = (next(iter(roles.paths(each.schema, role)), None) for each in (old, new))
        if was != now:
            yield Break("readers", was or now or "", role, f"the {role} was {was or 'none'} and is {now or 'none'}")


def _added(old: Contract, new: Contract) -> Iterator[str]:
    """Compatible by a convention, which is said."""
    for path in _new_fields(schemas.plain(old.schema), schemas.plain(new.schema), ()):
        yield f"{path} is new: compatible unless somebody has published it undescribed, as something else"


def _new_fields(old: schemas.Schema, new: schemas.Schema, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    for name, each in new.get("properties", {}).items():
        if name not in old.get("properties", {}):
            if is_new(name, old):
                yield Gap((*path, name), "properties", None, each).where
        else:
            yield from _new_fields(old["properties"][name], each, (*path, name))
    for key, place in (("items", ITEM), ("additionalProperties", OTHER)):
        yield from _new_fields(old.get(key, True), new.get(key, True), (*path, place))


def _draft(contract: Contract) -> str:
    return str(contract.schema.get("$schema", "no draft")).rstrip("#")
