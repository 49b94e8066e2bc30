"""How one step of `fanout verify` ended."""

from dataclasses import dataclass
from typing import Any, Final

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_SHOWN: Final = "not shown here"
SKIPPED: Final = "skipped"


class Failed(Exception):
    """What a step proves does not hold: one line, with what was seen."""


class NotShown(Exception):
    """Neither proven nor refuted, as on an embedded AWS: why, in one line."""


class Skipped(Exception):
    """There is nothing to prove in this stack, or nobody asked for it: why, in one line."""


@dataclass(frozen=True)
class Result:
    """`seen`: in one line for a person."""

    step: str
    proves: str
    result: str
    seen: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "proves": self.proves,
            "result": self.result,
            "seen": self.seen,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Fact:
    """What AWS answered to a question that tests cannot ask it; `answer` holds no account id and no address."""

    question: str
    answer: Any
    seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "answer": self.answer,
            "seconds": None if self.seconds is None else round(self.seconds, 2),
        }
