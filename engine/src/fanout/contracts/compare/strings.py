"""Strings that a regular expression matches: a few of each length and alternative, the shortest first."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import Any, Final

_PARSER: Any = import_module("re._parser")  # what re itself reads patterns with; the standard library has no other
MOST = 40
"""Strings of one pattern, or of a part of it."""
LONGEST = 2_000
_PROBES: Final = "aA0 -_.:/@+é\n\x00€😀~!"
"""Characters of which a set of a pattern is likely to hold one and lack another."""
_CATEGORIES: Final[dict[str, Callable[[str], bool]]] = {
    "CATEGORY_DIGIT": str.isdigit, "CATEGORY_SPACE": str.isspace, "CATEGORY_WORD": lambda one: one.isalnum() or one == "_",
}  # fmt: skip


def matching(pattern: str) -> list[str]:
    """Those that it may match: who needs to be sure checks them. None for what cannot be parsed."""
    try:
        parsed = _PARSER.parse(pattern)
    except Exception:  # of re.error and its like: a pattern that Python does not read refuses nothing here
        return []
    return list(dict.fromkeys(islice(_sequence(list(parsed)), MOST)))


def _sequence(nodes: list[Any]) -> Iterator[str]:
    """Each part at its first, then one part after the other at its others."""
    parts = [list(dict.fromkeys(islice(_part(*each), MOST))) or [""] for each in nodes]
    firsts = [each[0] for each in parts]
    yield "".join(firsts)
    for place, choices in enumerate(parts):
        for each in choices[1:]:
            yield "".join([*firsts[:place], each, *firsts[place + 1 :]])
    yield "".join(choices[-1] for choices in parts)


def _part(kind: Any, value: Any) -> Iterator[str]:
    """Anchors, look-arounds and references to groups are nothing: who checks sees whether it holds without."""
    way = _WAYS.get(str(kind))
    yield from [""] if way is None else way(value)


def _branches(value: Any) -> Iterator[str]:
    for each in value[1]:
        yield from islice(_sequence(list(each)), MOST // 4)


def _repeated(least: int, most: Any, what: Any) -> Iterator[str]:
    choices = list(dict.fromkeys(islice(_sequence(list(what)), MOST)))
    counts = dict.fromkeys([max(least, 1), least, least + 1, min(int(most), least + 9), min(int(most), LONGEST)])
    for count in counts:
        if least <= count <= int(most):
            yield choices[0] * count
    for each in choices[1:]:
        yield each * max(least, 1)
        yield choices[0] + each + choices[0] if least <= 3 <= int(most) else each * max(least, 1)


def _one_of(items: list[Any]) -> Iterator[str]:
    """First what is named, then what of the probes is in it."""
    is_negated = str(items[0][0]) == "NEGATE"
    tests = items[1:] if is_negated else items
    if not is_negated:
        for kind, value in tests:
            if str(kind) == "LITERAL":
                yield chr(value)
            elif str(kind) == "RANGE":
                yield chr(value[0])
                yield chr(value[1])
    for each in _PROBES:
        if any(_is_in(each, *test) for test in tests) is not is_negated:
            yield each


def _is_in(one: str, kind: Any, value: Any) -> bool:
    if str(kind) == "LITERAL":
        return bool(ord(one) == value)
    if str(kind) == "RANGE":
        return bool(value[0] <= ord(one) <= value[1])
    name = str(value)
    base = _CATEGORIES.get(name.replace("NOT_", ""))
    return base is not None and bool(base(one)) is not ("_NOT_" in name)


_WAYS: Final[dict[str, Callable[[Any], Iterable[str]]]] = {
    "LITERAL": chr,
    "NOT_LITERAL": lambda value: (each for each in _PROBES if ord(each) != value),
    "ANY": lambda _: _PROBES.replace("\n", ""),
    "IN": lambda value: _one_of(value),
    "MAX_REPEAT": lambda value: _repeated(*value),
    "MIN_REPEAT": lambda value: _repeated(*value),
    "POSSESSIVE_REPEAT": lambda value: _repeated(*value),
    "SUBPATTERN": lambda value: _sequence(list(value[-1])),
    "ATOMIC_GROUP": lambda value: _sequence(list(value)),
    "BRANCH": _branches,
}
