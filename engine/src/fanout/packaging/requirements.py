"""Reads a task's requirements.txt, and refuses a line that another day or another machine would install otherwise."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fanout.errors import ConfigurationError

LOCK = "write it with `uv pip compile --universal --generate-hashes`"
_COMMENT = re.compile(r"(^|\s)#.*")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\]\s*)?==\s*[^\s;,*]+\s*(;|--hash=|$)")
_INDEX = ("-i ", "--index-url", "--extra-index-url")
"""The only options taken: they say where a file comes from, and its hash says that it is the same one."""


@dataclass(frozen=True)
class Requirements:
    """One task's file as it was when it was read; `name` is its path as the app's owner would type it."""

    name: str
    content: bytes


def requirements_of(app_root: Path, task: str) -> Requirements | None:
    """None where `lambdas/<task>/requirements.txt` is missing or asks for nothing."""
    name = f"lambdas/{task}/requirements.txt"
    try:
        content = (app_root / name).read_bytes().removeprefix(codecs.BOM_UTF8)
        lines = list(_lines(content.decode()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name}: byte {error.start} is not UTF-8: {LOCK}") from None
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
    asked = [_checked(name, *line) for line in lines]
    return Requirements(name, content) if any(asked) else None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each logical line with the number of its first one; comments and blank lines are left out, as pip does."""
    first, held = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first = first if held else number
        held += _COMMENT.sub("", line) if not line.endswith("\\") else line[:-1] + " "
        if not line.endswith("\\"):
            if held.strip():
                yield first, held.strip()
            held = ""


def _checked(name: str, number: int, line: str) -> bool:
    """Whether the line asks for a package."""
    if line.startswith(_INDEX):
        return False
    what = line.split(" --hash")[0]
    if line.startswith("-"):
        raise ConfigurationError(f"{name}, line {number}: {what!r} is not taken, only pinned packages are: {LOCK}")
    if not _PINNED.match(line):
        raise ConfigurationError(f"{name}, line {number}: {what!r} pins no version with ==: {LOCK}")
    if "--hash=" not in line:
        raise ConfigurationError(f"{name}, line {number}: {what!r} has no hash: {LOCK}")
    return True
