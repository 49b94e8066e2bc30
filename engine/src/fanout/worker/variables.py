"""What a worker is told by its environment: the variables of a function, and four of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fanout import names
from fanout.errors import ConfigurationError

LONGEST_HIDDEN = 43_200
"""Seconds from its receive for which a message can be kept, however often it is extended:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
MARGIN = 120
"""Seconds of those that no attempt uses: the answer to SQS has to arrive as well."""
LEAST_VISIBILITY = 30
"""With less, a slow answer or two of AWS would let go of a message that is worked on."""
_REQUIRED = (names.QUEUE_URL, names.DEAD_LETTER_QUEUE_URL, names.RETRY_DELAYS, names.RETRY_JITTER)


@dataclass(frozen=True)
class Variables:
    """Times in seconds. `circuit_failures` 0: there is no circuit breaker."""

    task: str
    queue_url: str
    concurrency: int = 10
    visibility: int = 60
    longest_attempt: int = 900
    grace: int = 25
    cool_down: int = 60
    circuit_failures: int = 0
    one_at_a_time: bool = False
    """In the main thread, for a debugger."""

    @property
    def is_fifo(self) -> bool:
        return self.queue_url.endswith(".fifo")

    @property
    def region(self) -> str | None:
        """Of AWS's own addresses: sqs.eu-west-1.amazonaws.com."""
        found = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", self.queue_url)
        return found[1] if found else None

    def queue_arn(self, region: str) -> str:
        """From the URL: no right is needed for it."""
        account, name = self.queue_url.rsplit("/", 2)[-2:]
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        return f"arn:{partition}:sqs:{region}:{account}:{name}"


def read(environ: Mapping[str, str]) -> Variables:
    """Raises ConfigurationError, one line."""
    task = environ.get(names.TASK, "")
    if missing := [name for name in (names.TASK, *_REQUIRED) if not environ.get(name)]:
        raise ConfigurationError(
            f"{', '.join(missing)}: not in the environment; give --env, or run it with the variables that the stack's"
            f" {names.WORKER_PARAMETER_OUTPUT} names"
        )
    if environ.get(names.COMPLETED_TABLE) and not environ.get(names.COMPLETED_SECONDS):
        raise ConfigurationError(f"{names.COMPLETED_SECONDS} is missing: {names.COMPLETED_TABLE} is set, and needs it")
    if not re.fullmatch(r"\d+(,\d+)*", environ[names.RETRY_DELAYS]):
        raise ConfigurationError(
            f"{names.RETRY_DELAYS} is {environ[names.RETRY_DELAYS]!r}: expected seconds, as in 30,120"
        )
    return Variables(
        task,
        environ[names.QUEUE_URL],
        _number(environ, names.CONCURRENCY, 10, 1, 1_000),
        _number(environ, names.VISIBILITY, 60, LEAST_VISIBILITY, LONGEST_HIDDEN),
        _number(environ, names.LONGEST_ATTEMPT, 900, 1, LONGEST_HIDDEN - MARGIN),
        _number(environ, names.GRACE, 25, 3, LONGEST_HIDDEN),
        _number(environ, names.COOL_DOWN, 60, 1, 86_400),
        _number(environ, names.CIRCUIT_FAILURES, 0, 0, 1_000_000),
    )


def _number(environ: Mapping[str, str], name: str, otherwise: int, least: int, most: int) -> int:
    text = environ.get(name) or str(otherwise)
    if not (text.isdecimal() and least <= int(text) <= most):
        raise ConfigurationError(f"{name} is {text!r}: expected a whole number from {least} to {most}")
    return int(text)
