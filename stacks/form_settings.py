"""What the settings of this app hold beside those of every app."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from stacks.archive_settings import ArchiveSettings

SSM_PREFIX = "ssm:"


@dataclass(frozen=True, kw_only=True)
class FormSettings(ArchiveSettings):
    """What the three tasks need beside what every subscriber needs."""

    email_sender: str
    """The address confirmations come from; it, or its domain, is a verified identity in SES."""
    webhook_url: str
    """An https URL, or `ssm:/name` of an SSM parameter that holds one and is read at each deployment."""

    submissions_kept_days: int = 30
    """By the form service, from when the topic has taken a submission."""

    def validate(self) -> None:
        super().validate()
        is_address = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email_sender)
        self.expect(is_address, "email_sender", "the address confirmations come from")
        self.expect(_is_webhook(self.webhook_url), "webhook_url", "an https:// URL, or ssm:/name-of-a-parameter")


def _is_webhook(url: str) -> bool:
    if url.startswith(SSM_PREFIX):
        return re.fullmatch(r"/[A-Za-z0-9_./-]+", url.removeprefix(SSM_PREFIX)) is not None
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)
