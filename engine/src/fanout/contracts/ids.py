"""The ids that may be shown of an event: its group and its reference, by the names that the app's contracts give them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fanout.contracts.app import known_contracts
from fanout.contracts.contract import Contract, value_at


@dataclass(frozen=True, slots=True)
class Ids:
    """`named` has both under the names of their properties, which log lines and `--json` have, None where there is none."""

    group: str | None = None
    reference: str | None = None
    named: tuple[tuple[str, str | None], ...] = ()


def of_event(event: Any) -> Ids:
    """From a CloudEvent, valid or not."""
    contracts = list(contracts_of(event))
    group = _first(value_at(event, each.group) for each in contracts if each.group)
    reference = _first(value_at(event, each.reference) for each in contracts if each.reference)
    named = {path.rpartition(".")[2]: _first([value_at(event, path)]) for path in _paths(contracts)}
    return Ids(group, reference, tuple(named.items()))


def of_line(line: Mapping[str, Any]) -> Ids:
    """From a log line of the runtime."""
    contracts = known_contracts()
    named = {name: _first([line.get(name)]) for name in contracts.group_names + contracts.reference_names}
    group, reference = (
        _first(named[name] for name in names) for names in (contracts.group_names, contracts.reference_names)
    )
    return Ids(group, reference, tuple(named.items()))


def plain_paths(event: Any) -> tuple[str, ...]:
    """Where in an event these ids are: of its type; of every type when its own is not known."""
    return _paths(contracts_of(event))


def plain_attributes() -> tuple[str, ...]:
    """The message attributes that repeat them, and `type`."""
    contracts = known_contracts()
    return ("type", *contracts.group_names, *contracts.reference_names)


def groups_name() -> str:
    """What several groups are called: shops, where the property is shop_id."""
    names = known_contracts().group_names
    return f"{names[0].removesuffix('_id')}s" if names else "groups"


def contracts_of(event: Any) -> Iterator[Contract]:
    """The contract of its type; all that are known when its own is not."""
    contracts = known_contracts()
    type_ = value_at(event, "type")
    yield from [contracts[type_]] if isinstance(type_, str) and type_ in contracts.by_type else contracts


def _paths(contracts: Iterable[Contract]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for each in contracts for path in (each.group, each.reference) if path))


def _first(values: Any) -> str | None:
    return next((each for each in values if isinstance(each, str)), None)
