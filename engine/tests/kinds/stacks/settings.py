"""The environments of this app: the embedded AWS, one with workers on Fargate, and one in production."""

from collections.abc import Sequence
from dataclasses import dataclass

from fanout.constructs import ConfigurationError, Settings


@dataclass(frozen=True, kw_only=True)
class OrderSettings(Settings):
    partner_url: str | None = "https://partner.example.com/orders"
    """None: what the SSM parameter /every-kind/local/partner-url says, where a test listens."""


LOCAL = OrderSettings.local(owner="orders team", partner_url=None)
DEV = OrderSettings.development("dev", owner="orders team")
PROD = OrderSettings.production("prod", owner="orders team", alarm_recipients=("orders-on-call@example.com",))
ALL = (DEV, PROD, LOCAL)


def chosen(names: Sequence[str]) -> tuple[OrderSettings, ...]:
    known = [entry.name for entry in ALL]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"no settings entry {name!r}: expected one of {', '.join(known)}")
    return tuple(entry for entry in ALL if not names or entry.name in names)
