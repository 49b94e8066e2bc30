"""Follows `$ref` to where it leads in its own file, as the code that checks events does."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final
from urllib.parse import quote, unquote, urldefrag, urljoin

from fanout.errors import ContractError

_BY_NAME: Final = frozenset(("properties", "patternProperties", "definitions", "$defs", "dependencies"))
"""Keywords that hold schemas by names, which may be those of keywords."""
_VALUES: Final = frozenset(("const", "enum", "default", "examples"))
"""Those that hold no schemas."""
_IDS: Final = ("$id", "id")


def problems(schema: dict[str, Any]) -> Iterator[str]:
    """References that lead nowhere in the file: one line each, what and what to do."""
    parts = list(_parts(schema, "", ""))
    places = _places(parts)
    for _, address, each in parts:
        if "$ref" in each:
            try:
                _pointer(each["$ref"], address, places, schema)
            except ContractError as error:
                yield str(error)


def local(schema: dict[str, Any], start: str = "#") -> dict[str, Any]:
    """The schema with each `$ref` as the way to where it leads, behind `start`, where the schema itself stands.

    Without the `$id`s then, as a way would begin at them. Raises ContractError, one line, for what leads nowhere.
    """
    if not any("$ref" in each for *_, each in _parts(schema, "", "")):
        return schema
    copy = deepcopy(schema)
    parts = list(_parts(copy, "", ""))
    places = _places(parts)
    for _, address, each in parts:
        if "$ref" in each:
            each["$ref"] = start + quote(_pointer(each["$ref"], address, places, schema), safe="/~$")
    for _, _, each in parts:
        for name in _IDS:
            if isinstance(each.get(name), str):
                del each[name]
    return copy


def at(reference: str, schema: Any) -> Any:
    """What a `$ref` of a `local` schema leads to."""
    return _at(unquote(reference.removeprefix("#")), schema)


def _at(pointer: str, found: Any) -> Any:
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part.replace("~1", "/").replace("~0", "~")]
    return found


def _parts(
    node: Any, pointer: str, address: str, *, by_name: bool = False
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each schema inside with the way to it, and the address that its references are read by."""
    if isinstance(node, dict) and not by_name:
        address = urljoin(address, _id(node))
        yield pointer, address, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in children:
        if by_name or key not in _VALUES:
            part = str(key).replace("~", "~0").replace("/", "~1")
            yield from _parts(each, f"{pointer}/{part}", address, by_name=not by_name and key in _BY_NAME)


def _places(parts: list[tuple[str, str, dict[str, Any]]]) -> dict[str, str]:
    """The way to each schema with an address of its own."""
    (_, whole, _), *_ = parts
    own = {address.removesuffix("#"): way for way, address, each in parts if _id(each)}
    return {**own, "": "", urldefrag(whole)[0]: ""}


def _pointer(reference: Any, address: str, places: Mapping[str, str], schema: dict[str, Any]) -> str:
    try:
        target = urljoin(address, str(reference)).removesuffix("#")
        if target in places:
            return places[target]
        file, fragment = urldefrag(target)
        pointer = places[file] + unquote(fragment)
        if fragment.startswith("/") and isinstance(_at(pointer, schema), dict | bool):
            return pointer
    except (LookupError, TypeError, ValueError):
        pass
    raise ContractError(
        f"$ref to {reference} leads to no schema: only a definition in the same file can be referred to"
    )


def _id(schema: dict[str, Any]) -> str:
    """What stands beside a reference counts for nothing."""
    found = next((schema[name] for name in _IDS if name in schema), "")
    return found if isinstance(found, str) and "$ref" not in schema else ""
