"""Reads the files of a new repository, as they were derived from the app in the engine's own repository, and fills them.

A name in a file's text or path is `@NAME@`. In a path `dot-` stands for a leading dot and every file ends in `.txt`, so
that no tool takes the file for what it is not yet.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILES: Final = Path(__file__).parent / "files"
_NAME: Final = re.compile(r"@([A-Z][A-Z0-9_]*)@")


def rendered(kind: str, values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of `kind` by path, with each `@NAME@` replaced by its value."""
    root = FILES / kind
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        real_name(fill(path.relative_to(root).as_posix(), values)): fill(path.read_text("utf-8"), values).encode()
        for path in found
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `@NAME@` replaced; a name without a value is a KeyError."""
    return _NAME.sub(lambda found: values[found[1]], text)


def stored_name(path: str) -> str:
    """How a file is called in the package: dot-github/workflows/check.yml.txt."""
    return "/".join(re.sub(r"^\.", "dot-", part) for part in path.split("/")) + ".txt"


def real_name(path: str) -> str:
    """How the file is called in a new repository: .github/workflows/check.yml."""
    return "/".join(re.sub(r"^dot-", ".", part) for part in path.removesuffix(".txt").split("/"))
