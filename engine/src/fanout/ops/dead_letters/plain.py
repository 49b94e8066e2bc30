"""What may be shown of an event without its answers: ids, type, source and times that are what they should be.

An event that broke its contract may have an answer anywhere: as its id, as the name of a field. So a value is shown only if
it keeps the pattern that the contract gives it, and a field's name only if CloudEvents or the contract has it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fanout.contracts.contract import Contract, value_at
from fanout.contracts.ids import Ids, contracts_of, of_event, plain_paths

BROKEN: Final = "(does not keep its contract)"
_URI: Final = r"[A-Za-z0-9/][A-Za-z0-9._~:/?#%=&+-]{0,1023}"
_PLAIN: Final = {
    "specversion": r"\d\.\d",
    "id": r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}",
    "source": _URI,
    "type": r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\.v\d{1,6}",
    "time": r"[12]\d{3}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)",
    "datacontenttype": r"[a-z]+/[a-z0-9.+-]{1,64}(; ?charset=[A-Za-z0-9-]{1,32})?",
    "dataschema": _URI,
    "traceparent": r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
}
"""Where no contract says it closer; https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md has the names."""
_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}"
_HIDDEN_NAMES: Final = ("subject",)
"""Known, and free text."""


def keeps_contract(event: Mapping[str, Any], path: str) -> bool:
    """Whether what is at a dotted path is text of the pattern that the contract, or CloudEvents, has for it."""
    return _keeps(event, path, tuple(contracts_of(event)))


def ids(event: Any) -> Ids:
    """Group and reference, each only if it keeps its contract."""
    found = of_event(event)
    if not isinstance(event, dict):
        return found
    contracts = tuple(contracts_of(event))
    paths = {path for each in contracts for path in (each.group, each.reference) if path}
    kept = {value_at(event, path) for path in paths if _keeps(event, path, contracts)}
    named = tuple((name, value if value in kept else None) for name, value in found.named)
    group, reference = (each if each in kept else None for each in (found.group, found.reference))
    return replace(found, group=group, reference=reference, named=named)


def redacted(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without its answers or anything that this program does not know."""
    shown: dict[str, Any] = {}
    for name, value in event.items():
        if name in _PLAIN:
            shown[name] = value if keeps_contract(event, name) else BROKEN
        elif name == "data" and isinstance(value, dict):
            shown[name] = _below(event, value, "data")
        elif name == "data" or name in _HIDDEN_NAMES:
            shown[name] = _hidden(value)
    return _with_rest(shown, len(event))


def shown_pointer(pointer: str) -> str:
    """A JSON Pointer as far as the contract names what is on its way: what comes then may be an answer too."""
    shown: list[str] = []
    for part in pointer.split("/")[1:]:
        path = ".".join([*shown, part])
        known = path in ("data", *_PLAIN) or any(each.body_schema(path) is not None for each in contracts_of(None))
        if "." in part or not known:
            return "/".join(["", *shown, "…"])
        shown.append(part)
    return "/".join(["", *shown])


def _keeps(event: Mapping[str, Any], path: str, contracts: Sequence[Contract]) -> bool:
    value = value_at(event, path)
    if not isinstance(value, str) or not re.fullmatch(_PLAIN.get(path, _ID), value, re.ASCII):
        return False
    if path == "type":
        return _is_type(value)
    found = [schema for each in contracts if (schema := each.body_schema(path)) is not None]
    return not found or any(_fits(each, value) for each in found)


def _below(event: Mapping[str, Any], value: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What is at a plain path is shown, what leads there is opened; of the rest, names that the contract has."""
    plain, shown = plain_paths(event), {}
    for name, each in value.items():
        at = f"{path}.{name}"
        if at in plain:
            shown[name] = each if keeps_contract(event, at) else BROKEN
        elif isinstance(each, dict) and any(one.startswith(f"{at}.") for one in plain):
            shown[name] = _below(event, each, at)
        elif "." not in name and any(contract.body_schema(at) is not None for contract in contracts_of(event)):
            shown[name] = _hidden(each)
    return _with_rest(shown, len(value))


def _with_rest(shown: dict[str, Any], count: int) -> dict[str, Any]:
    return {**shown, "…": f"({count - len(shown)} more, not shown)"} if count > len(shown) else shown


def _is_type(value: str) -> bool:
    """A type of the contract, or another version of one; without contracts, whatever looks like a type."""
    stems = {each.type.rpartition(".")[0] for each in contracts_of(None)}
    return not stems or value.rpartition(".")[0] in stems or value.startswith("fanout.")


def _fits(schema: Mapping[str, Any], value: str) -> bool:
    if "const" in schema:
        return bool(schema["const"] == value)
    pattern = schema.get("pattern")
    return "\n" not in value and (not isinstance(pattern, str) or re.search(pattern, value) is not None)


def _hidden(value: Any) -> str:
    if isinstance(value, dict):
        return f"({len(value)} fields, not shown)"
    if isinstance(value, list):
        return f"({len(value)} items, not shown)"
    return "(not shown)"
