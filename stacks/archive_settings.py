"""What an app that keeps its events has to say of that."""

from dataclasses import dataclass

from fanout.constructs import Settings


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings(Settings):
    """What the archive needs beside what every subscriber needs."""

    archive_days: int
    """How long an event is kept there. There is no default: whoever answers for the data says it."""

    def validate(self) -> None:
        super().validate()
        self.expect(1 <= self.archive_days <= 36_500, "archive_days", "1 to 36500 days")
