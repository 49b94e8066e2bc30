"""What a worker is told by whoever wrote its subscriber, and what of that cannot be."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fanout.constructs.compute import Time, in_seconds
from fanout.constructs.errors import expect
from fanout.constructs.kinds import check_fields
from fanout.constructs.retry import Retry
from fanout.constructs.settings import Settings

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam

LONGEST_ATTEMPT = 41_400
"""Seconds, 11.5 hours: SQS lets a message be kept for 12 from its receive, however often that is extended.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
LONGEST_GRACE = 120
"""Seconds between SIGTERM and SIGKILL that Fargate gives at most:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
SIZES = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""MiB of memory by CPU units: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size"""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Of `Worker`, which says what they mean."""

    longest_attempt_time: Time = timedelta(hours=1)
    visibility_time: Time = timedelta(minutes=2)
    grace: Time = timedelta(seconds=LONGEST_GRACE)
    messages_at_once: int = 10
    cpu: int = 256
    memory_mib: int = 512
    min_workers: int = 0
    max_workers: int = 4
    spot: bool = False
    vpc: "ec2.IVpc | None" = None
    assumed_by: "iam.IPrincipal | None" = None

    @property
    def queued(self) -> bool:
        return True

    @property
    def buries(self) -> bool:
        return True

    @property
    def longest_attempt(self) -> int:
        return in_seconds(self.longest_attempt_time)

    def attempts(self, retry: Retry) -> int:
        return retry.attempts

    def window(self, settings: Settings, *, ordered: bool) -> int:
        return 0

    def visibility(self, settings: Settings, *, ordered: bool) -> int:
        """Extended while a message is worked on, so it says how soon a lost worker's messages are another's."""
        return in_seconds(self.visibility_time)

    def bound(self, settings: Settings) -> int:
        return self.max_workers

    def sleeps(self, settings: Settings) -> bool:
        return settings.workers == "fargate" and self.min_workers == 0

    def validate(self, owner: str, settings: Settings, *, ordered: bool) -> None:
        """Raises ConfigurationError in one line that starts with `owner`."""
        check_fields(owner, self, of=Arguments)
        longest, visibility, grace = self.longest_attempt, in_seconds(self.visibility_time), in_seconds(self.grace)
        expect(
            owner, "longest_attempt_time", 1 <= longest <= LONGEST_ATTEMPT, longest, f"1 to {LONGEST_ATTEMPT} seconds"
        )
        expect(owner, "visibility_time", 30 <= visibility <= 3_600, visibility, "30 to 3600 seconds")
        expect(owner, "grace", 3 <= grace <= LONGEST_GRACE, grace, f"3 to {LONGEST_GRACE} seconds, as Fargate allows")
        expect(owner, "messages_at_once", 1 <= self.messages_at_once <= 100, self.messages_at_once, "1 to 100")
        expect(owner, "cpu", self.cpu in SIZES, self.cpu, f"one of {', '.join(map(str, SIZES))}")
        fits = SIZES[self.cpu]
        expect(
            owner,
            "memory_mib",
            self.memory_mib in fits,
            self.memory_mib,
            f"with {self.cpu} CPU units one of {', '.join(map(str, fits))}",
        )
        expect(owner, "max_workers", 1 <= self.max_workers <= 1_000, self.max_workers, "1 to 1000")
        expect(
            owner,
            "min_workers",
            0 <= self.min_workers <= self.max_workers,
            self.min_workers,
            f"0 to {self.max_workers}",
        )
