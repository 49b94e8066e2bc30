"""What a task is for, in its own words: the docstring of lambdas/<task>/handler.py. Nothing is imported or run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from fanout.errors import Unusable


@dataclass(frozen=True)
class Task:
    """`what` is the first paragraph of the docstring; empty for a task whose code is not here."""

    what: str = ""
    file: str = ""

    @property
    def phrase(self) -> str:
        """As much of it as a picture has room for: up to the first colon, stop or relative clause."""
        return re.split(r"[:.]|, | that ", self.what, maxsplit=1)[0].strip()


def task(folder: Path, name: str) -> Task:
    """The task `name` in a folder such as lambdas/. Raises Unusable."""
    file = folder / name / "handler.py"
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or not file.is_file():
        return Task()
    try:
        docstring = ast.get_docstring(ast.parse(file.read_bytes())) or ""
    except (SyntaxError, ValueError) as error:
        raise Unusable(f"{file}: not Python: {error}") from None
    return Task(" ".join(docstring.split("\n\n")[0].split()), f"{folder.name}/{name}/handler.py")
