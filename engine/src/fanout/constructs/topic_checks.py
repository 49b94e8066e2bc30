"""Refuses a Topic that its publishers could not use, in the words of whoever wrote the call."""

import re
from collections.abc import Sequence

from aws_cdk import Token

from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.settings import Settings
from fanout.project import find_root

_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")


def check_arn(owner: str, arn: str) -> None:
    """Raises ConfigurationError in one line that starts with `owner`. What only the deployment knows may be any."""
    if not Token.is_unresolved(arn) and not _ARN.fullmatch(arn):
        raise ConfigurationError(f"{owner}: the ARN is {arn!r}: expected arn:aws:sns:REGION:ACCOUNT:NAME")


def check_id(owner: str, id_: str) -> None:
    """Of a topic with names of its own."""
    fits = re.fullmatch(r"[A-Za-z0-9_.-]+", id_)
    expect(owner, "id", fits, id_, "letters, digits and . _ - alone, as its names have it")


def check_also(owner: str, topic: object, also: Sequence[object]) -> None:
    """Raises ConfigurationError in one line that starts with `owner`."""
    expect(owner, "also", isinstance(also, Sequence), also, "a list of topics")
    for number, each in enumerate(also):
        once = each is not topic and each not in also[:number]
        expect(owner, f"also[{number}]", once, each, "a topic that is named nowhere else in the call")


def check_order(owner: str, settings: Settings, *, fifo: bool, known: bool) -> None:
    """Raises ConfigurationError where settings promise an order that the topic's queues would not keep."""
    if not settings.ordered or fifo:
        return
    why = "its ARN does not end in .fifo: say ordered=False, or name a FIFO topic"
    if not known:
        why = "its ARN, which the deployment knows, does not say FIFO: write the ARN out, or give the FIFO topic's construct"
    raise ConfigurationError(f"{owner}: settings {settings.name} say ordered, and {why}")


def is_ordered(owner: str, arn: str, settings: Settings) -> bool:
    """By the ARN's ending, as at run time; by settings where the deployment alone knows it. Raises ConfigurationError."""
    if arn.endswith(".fifo"):
        return True
    if not Token.is_unresolved(arn):
        check_order(owner, settings, fifo=False, known=True)
    return settings.ordered


def check_fairness(owner: str, fair_by: str | None, *, ordered: bool) -> None:
    """Raises ConfigurationError in one line that starts with `owner`. An app without contracts knows no property."""
    if fair_by is None:
        return
    if ordered:
        raise ConfigurationError(
            f"{owner}: fair_by is {fair_by!r}, and a FIFO topic keeps order by the contract's group: leave fair_by out"
        )
    if not any((find_root() / "contracts").glob("*.schema.json")):
        return
    from fanout.contracts.app import app_contracts  # by an app with a fair topic, and by no other

    known = any(each.path_of(fair_by) for each in app_contracts())
    expect(owner, "fair_by", known, fair_by, "the group, an attribute, or a required string of data, of some contract")


def check_size(owner: str, max_bytes: int | None) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
    fits = max_bytes is None or (isinstance(max_bytes, int) and 1_024 <= max_bytes <= 1_048_576)
    expect(owner, "max_bytes", fits, max_bytes, "1024 to 1048576, or None, which is 262144")
