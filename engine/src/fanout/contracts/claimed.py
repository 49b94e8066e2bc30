"""What a contract asks of an event with a claim check: all but the part that stands beside it (`fanout.runtime.claim_check`)."""

from typing import Any

from fanout import names
from fanout.runtime.claim_check import CLAIM, NONE


def claim_problem(event: Any) -> str | None:
    """What is wrong with the claim check that it has."""
    if not isinstance(event, dict) or names.CLAIM_CHECK not in event:
        return None
    return NONE if _path(event) is None else None


def schema_for(event: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, in which what the event's claim check names must not be there: two of one part have no meaning."""
    path = _path(event)
    found: dict[str, Any] = _without(schema, path) if path else schema
    return found


def _path(event: Any) -> list[str] | None:
    told = event.get(names.CLAIM_CHECK) if isinstance(event, dict) else None
    claim = CLAIM.fullmatch(told) if isinstance(told, str) else None
    return claim["path"].split("/") if claim else None


def _without(schema: Any, path: list[str]) -> Any:
    """As it is where it does not name all that is on the way."""
    fields = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(fields, dict) or path[0] not in fields:
        return schema
    name, *below = path
    if below:
        return {**schema, "properties": {**fields, name: _without(fields[name], below)}}
    required = [each for each in schema.get("required", ()) if each != name]
    return {**schema, "properties": {**fields, name: False}, "required": required}
