"""What a template does not say: how big an event is, how long a task takes, how Lambda polls. Named, shown, changeable."""

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

MONTH_SECONDS = 30 * 86_400
MONTH_HOURS = 720


def _assumed(value: float, says: str, *, unverified: str = "") -> Any:
    return field(default=value, metadata={"says": says, "unverified": unverified})


@dataclass(frozen=True)
class Assumptions:
    """Events come evenly through a month of 30 days: bursts batch better and cost less."""

    event_kb: float = _assumed(2, "KB of one event; AWS bills requests in steps of 64")
    task_seconds: float = _assumed(0.2, "seconds a task works on one event")
    failing: float = _assumed(0.01, "of the events need one attempt more")
    bounded_pollers: float = _assumed(5, "pollers of a mapping with MaximumConcurrency (never more than that number)")
    unbounded_pollers: float = _assumed(2, "pollers of a quiet mapping without it; Lambda adds more when it is busy")
    poll_seconds: float = _assumed(
        20, "seconds of one long poll", unverified="AWS says long polling; 20 s is the longest, and what bills show"
    )
    round_seconds: float = _assumed(
        0.05, "seconds between two polls of a busy poller", unverified="decides how far a window of 0 batches"
    )
    received_alone: float = _assumed(
        0,
        "of the events gathered in a window are received one by one",
        unverified="a long poll returns with the first message, so it may be up to 1; then only receives stay dear",
    )
    sends_billed: float = _assumed(
        1,
        "1: SQS bills the SendMessage that SNS does, 0: it does not",
        unverified="AWS's pages do not say; 1 is the dearer",
    )
    topic_traces: float = _assumed(
        1, "1: a traced topic's trace and its functions' traces are billed apart", unverified="they are linked, not one"
    )
    log_bytes_invocation: float = _assumed(1_100, "bytes logged of one invocation: start, received, metrics, report")
    log_bytes_event: float = _assumed(450, "bytes logged of one attempt: its outcome")
    log_compression: float = _assumed(0.15, "bytes stored of each byte logged", unverified="AWS's examples use it")
    worker_seconds: float = _assumed(
        1_080,
        "seconds that a worker runs for an event, where none runs while nothing comes: its start, and 15 quiet minutes",
    )
    worker_spot: float = _assumed(
        0.3, "of the price, where workers are FARGATE_SPOT", unverified="it changes all the time"
    )
    key_rotations: float = _assumed(0, "yearly rotations a key has behind it; each of the first two costs a key more")
    data_key_seconds: float = _assumed(
        300, "seconds for which SNS reuses a data key, and SQS where a queue does not say"
    )
    writes_per_event: float = _assumed(
        2, "writes of an attempt to the table of records: claim and end; a task that claims nothing: 1"
    )
    record_kb: float = _assumed(0.5, "KB of one record, with its index and what AWS adds to an item")
    requests_per_entry: float = _assumed(3, "requests to an intake for each entry: its page, the entry, its status")
    index_writes_per_event: float = _assumed(
        1, "writes to an index of that table: 1 where the contract names a reference"
    )

    def but(self, **changes: float) -> "Assumptions":
        """Raises ValueError in one line for a name that is none, or a value that cannot be."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name}: no such assumption; expected one of {', '.join(sorted(known))}")
            if not 0 <= value < float("inf") or (value == 0 and name in _NEVER_ZERO):
                raise ValueError(f"{name} is {value:g}: expected a positive number")
        return replace(self, **changes)


_NEVER_ZERO = ("task_seconds", "bounded_pollers", "unbounded_pollers", "poll_seconds", "data_key_seconds")


def described() -> list[Field[Any]]:
    """The fields, whose metadata says what each is and what of it is unverified."""
    return list(fields(Assumptions))
