"""Edits of a text, each of which says so when there is nothing left for it to edit."""

import re
from collections.abc import Callable

Edit = Callable[[str], str]


class Stale(ValueError):
    """A file of the app no longer has what an edit was written for."""


def replaced(old: str, new: str, *, times: int = 1) -> Edit:
    """Replaces `old`, which is there exactly so many times."""

    def edit(text: str) -> str:
        if text.count(old) != times:
            raise Stale(f"has {old.strip().splitlines()[0]!r} {text.count(old)} times, expected {times}")
        return text.replace(old, new)

    return edit


def without(pattern: str) -> Edit:
    """Removes what the pattern finds, which is there exactly once; `.` is any character, `^` any line's start."""
    compiled = re.compile(pattern, re.MULTILINE | re.DOTALL)

    def edit(text: str) -> str:
        found = compiled.findall(text)
        if len(found) != 1:
            raise Stale(f"is found {len(found)} times by {pattern!r}, expected 1")
        return compiled.sub("", text)

    return edit


def line(start: str, new: str) -> Edit:
    """Replaces the one line that begins so."""

    def edit(text: str) -> str:
        found = [each for each in text.splitlines(keepends=True) if each.startswith(start)]
        if len(found) != 1:
            raise Stale(f"has {len(found)} lines that begin with {start!r}, expected 1")
        return text.replace(found[0], new)

    return edit


def words(*pairs: tuple[str, str]) -> Edit:
    """Replaces words wherever they are, also over the end of a line, those that come first before the others."""

    def edit(text: str) -> str:
        for old, new in pairs:
            text = _over_lines(text.replace(old, new), old, new)
        return text

    return edit


def _over_lines(text: str, old: str, new: str) -> str:
    """Replaces `old` where a line ends in it: the line then ends behind `new`."""
    if " " not in old.strip():
        return text
    parted = re.escape(old).replace(r"\ ", r"\s+") + r"(\S*)[ \n]?"
    return re.sub(parted, lambda found: f"{new}{found[1]}\n", text)
