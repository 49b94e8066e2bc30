"""ARNs that a template writes out, whole or put together."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from fanout.template.values import External, Reference, Text, Value, joined


@dataclass(frozen=True)
class Arn:
    """Each piece is a text, or what only the deployment knows."""

    service: Value
    region: Value
    account: Value
    name: Value

    def may_be_in(self, account: Value, region: Value) -> bool:
        """False where a piece that is written out is another one than a known account or Region."""
        return all(
            fnmatchcase(known, written)  # a policy writes * for any
            for written, known in ((self.account, account), (self.region, region))
            if isinstance(written, str) and isinstance(known, str)
        )


def arn_of(value: Value) -> Arn | None:
    """Of a queue, a topic or the like; None for what does not have an ARN's six pieces."""
    if not isinstance(value, str | Text):
        return None
    pieces: list[list[str | Reference | External]] = [[]]
    for part in value.parts if isinstance(value, Text) else (value,):
        first, *others = part.split(":") if isinstance(part, str) else (part,)
        pieces[-1].append(first)
        pieces += [[each] for each in others]
    found = [joined([*each]) for each in pieces]
    return Arn(*found[2:]) if len(found) == 6 and found[0] == "arn" else None
