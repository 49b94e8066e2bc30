"""Which dead letters a page is about. What stands in an address is a task, a cause's id, an age or a message's id: no answer."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from fanout.errors import UserError
from fanout.ops.dead_letters.selection import Selection, age

AGES: Final = ("15min", "1h", "6h", "1d", "7d")
_TASK: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_CAUSE: Final = re.compile(r"[0-9a-f]{6}")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class Filter:
    """What is "" filters nothing. `older`: sent at least so long ago."""

    task: str = ""
    cause: str = ""
    older: str = ""
    id: str = ""

    @classmethod
    def of(cls, given: Mapping[str, object]) -> "Filter":
        """From a query or a form; what cannot be read filters nothing."""
        task, cause, older, id_ = (str(given.get(name) or "") for name in ("task", "cause", "older", "id"))
        return cls(
            task if _TASK.fullmatch(task) else "",
            cause if _CAUSE.fullmatch(cause) else "",
            older if older in AGES else "",
            id_ if _ID.fullmatch(id_) else "",
        )

    @classmethod
    def posted(cls, form: Mapping[str, str]) -> "Filter":
        """Of what changes or copies letters. Raises UserError for what cannot be read: without it more would be chosen."""
        chosen = cls.of(form)
        for name, value in vars(chosen).items():
            if value != form.get(name, ""):
                raise UserError(
                    f"the filter's {name} is {form[name][:40]!r}, which is none: choose it again; nothing was done"
                )
        return chosen

    @property
    def fields(self) -> dict[str, str]:
        """What a form carries along."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def query(self) -> str:
        return f"?{urlencode(self.fields)}" if self.fields else ""

    @property
    def age(self) -> timedelta | None:
        return age(self.older) if self.older else None

    def selection(self) -> Selection:
        """A new one: it keeps what it has found."""
        causes, ids = [self.cause] if self.cause else [], [self.id] if self.id else []
        return Selection.from_options(causes, ids, self.older or None, everything=not (causes or ids or self.older))

    def options(self) -> str:
        """As the command line has them."""
        given = [("--cause", self.cause), ("--id", self.id), ("--older-than", self.older)]
        return " ".join(f"{name} {shlex.quote(value)}" for name, value in given if value) or "--all"
