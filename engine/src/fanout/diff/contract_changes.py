"""Two revisions of an app's schemas, who takes their events, and what is archived of them: read and compared."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fanout.contracts.compare.archive import Archives, read_archive
from fanout.contracts.compare.changes import compare
from fanout.diff.allowances import Allowance
from fanout.diff.change import Change
from fanout.diff.contract_revisions import contracts_at, takers, takers_of
from fanout.diff.contract_table import Told, who
from fanout.errors import Unusable
from fanout.template.template import Template

FOLDER = Path("contracts")
BROKEN, CHANGED = "contract-broken", "contract-changed"


@dataclass(frozen=True)
class ContractChanges:
    types: tuple[Told, ...]
    places: tuple[str, str]
    archives: Archives | None = None

    def refuse_unknown(self, allowed: frozenset[str]) -> None:
        known = {each.change.type for each in self.types}
        for each in sorted(allowed - known):
            raise Unusable(f"--allow {each}: no such type; expected one of {', '.join(sorted(known))}")

    def as_dict(self, allowed: frozenset[str]) -> dict[str, Any]:
        archives = self.archives
        return {
            "base": self.places[0],
            "head": self.places[1],
            "types": [each.as_dict(each.change.type in allowed) for each in self.types],
            "archive": archives and {"unreadable": archives.unreadable, "unknown": dict(archives.unknown)},
        }


def compare_contracts(
    base: str,
    head: str = "",
    folder: Path = FOLDER,
    *,
    templates: Iterable[Template] | None = None,
    archived: Path | None = None,
) -> ContractChanges:
    """`base` and `head` are folders or git revisions; no `head`: `folder` as it is. `templates` say who takes a type.

    Raises Unusable, ContractError.
    """
    head = head or str(folder)
    before, after = contracts_at(base, folder), contracts_at(head, folder)
    if archived is not None and not archived.is_dir():
        raise Unusable(f"--events {archived}: there is no such folder")
    archives = read_archive(archived, before, after) if archived else None
    taking = None if templates is None else takers(templates)
    told = []
    for change in compare(before, after):
        names = None if taking is None else tuple(takers_of(change.type, taking))
        told.append(Told(change, names, archives.by_type.get(change.type) if archives else None))
    places = tuple(each if Path(each).exists() else f"{each}:{folder.as_posix()}" for each in (base, head))
    return ContractChanges(tuple(told), (places[0], places[1]), archives)


def as_changes(types: Sequence[Told]) -> Iterator[Change]:
    """In the words of `fanout diff`, so that a danger is allowed as any other one: by its type."""
    for each in types:
        change = each.change
        for found in change.breaks:
            message = f"{found.where}: {found.message}: {who(each, found)}"
            yield Change(BROKEN, FOLDER.name, change.type, change.type, message)
        if change.status == "removed" or (change.status not in ("same", "breaking") and not change.breaks):
            kind = BROKEN if change.status == "removed" else CHANGED
            message = "; ".join([change.status, *change.notes])
            yield Change(kind, FOLDER.name, change.type, change.type, message)


def allowed_types(allowances: Sequence[Allowance], today: date) -> frozenset[str]:
    """The types that may break, as the file of allowed changes says."""
    valid = [each for each in allowances if each.change == BROKEN and not each.is_over(today)]
    return frozenset(each.resource for each in valid)
