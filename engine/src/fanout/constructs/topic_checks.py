"""Refuses a Topic that its publishers could not use, in the words of whoever wrote the call."""

from fanout.constructs.errors import ConfigurationError, expect
from fanout.project import find_root


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
