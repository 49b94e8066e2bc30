"""Refuses a Subscriber whose parts are right each and wrong together, in the words of whoever wrote the call."""

import re
from collections.abc import Mapping

from fanout import names
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.kinds import check_kind
from fanout.constructs.retry import Retry

RESERVED = ("AWS_", names.VARIABLES, "LAMBDA_")
LONGEST_VISIBILITY = 43_200
"""Seconds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


def check_parts(owner: str, compute: object, retry: object, circuit_breaker: object, responsible: str) -> None:
    """Raises ConfigurationError in one line that starts with `owner`."""
    made = hasattr(compute, "validate") and not isinstance(compute, type)
    expect(owner, "compute", made, compute, "Function(...), Direct(...) or Worker(...)")
    check_kind(owner, "retry", retry, Retry)
    check_kind(owner, "circuit_breaker", circuit_breaker, CircuitBreaker | None)
    check_responsible(owner, responsible)


def claims_events(owner: str, idempotent: object) -> bool:
    """Raises ConfigurationError: any text, "no" too, would be a yes."""
    check_kind(owner, "idempotent", idempotent, bool)
    return not idempotent


def check_responsible(owner: str, responsible: str) -> None:
    """Who answers for it, as its alarms say. Raises ConfigurationError in one line that starts with `owner`."""
    check_kind(owner, "owner", responsible, str)
    expect(owner, "owner", responsible.strip(), responsible, "a team or person")


def check_environment(owner: str, environment: Mapping[str, str]) -> None:
    """Raises ConfigurationError in one line that starts with `owner`."""
    check_kind(owner, "environment", environment, Mapping)
    for name, value in environment.items():
        check_kind(owner, "a name of environment", name, str)
        allowed = re.fullmatch(r"[A-Za-z]\w+", name) and not name.startswith(RESERVED)
        expect(
            owner, "environment", allowed, name, f"letters, digits and _ that do not start with {', '.join(RESERVED)}"
        )
        check_kind(owner, f"environment[{name!r}]", value, str)


def check_order_in_time(owner: str, retry: Retry, *, timeout: int, visibility: int, retention: int) -> None:
    """The last attempt must come before the queue forgets the message: SQS deletes what expires, dead letters or not."""
    if visibility > LONGEST_VISIBILITY:
        raise ConfigurationError(
            f"{owner}: 6 x timeout + window is {visibility} seconds: SQS hides a message for 43200 at most"
        )
    failing = retry.longest_schedule() + retry.attempts * timeout
    crashing = retry.attempts * visibility
    if max(failing, crashing) >= retention:
        raise ConfigurationError(
            f"{owner}: {retry.attempts} attempts take up to {max(failing, crashing)} seconds, but the queue keeps a"
            f" message for {retention}: raise queue_retention_days, or lower attempts, delays or timeout"
        )
