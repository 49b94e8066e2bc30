"""A bad setting stops the synth with one line that names it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from stacks import settings
from stacks.errors import ConfigurationError
from stacks.retry_policy import RetryPolicy


@pytest.mark.parametrize("each", settings.ALL, ids=lambda each: each.name)
def test_our_own_settings_are_good(each: settings.Settings) -> None:
    each.validate()


def test_a_region_and_an_account_may_be_pinned() -> None:
    replace(settings.PROD, account="123456789012", region="eu-west-1").validate()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("name", "Prod env"),
        ("account", "12345"),
        ("region", "eu-west-99"),
        ("queue_retention_days", -1),
        ("queue_retention_days", 0),
        ("queue_retention_days", 14),
        ("max_concurrency", 1),
        ("max_concurrency", 1001),
        ("alarm_recipients", ("nobody",)),
        ("alarm_recipients", ("arn:aws:sqs:eu-west-1:123456789012:queue",)),
        ("email_sender", ""),
        ("email_sender", "forms at example.com"),
        ("webhook_url", "http://hooks.example.com/forms"),
        ("webhook_url", "https://"),
        ("webhook_url", ""),
        ("webhook_url", "ssm:no-slash"),
    ],
)
def test_a_bad_value_is_named_in_one_line(setting: str, value: object) -> None:
    bad = replace(settings.PROD, **{setting: value})  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError) as raised:
        bad.validate()
    line = str(raised.value)
    assert setting in line and repr(value) in line and "expected" in line and "\n" not in line


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        (RetryPolicy(attempts=2), "retry.attempts is 2"),
        (RetryPolicy(attempts=1001), "retry.attempts is 1001"),
        (RetryPolicy(first_delay=timedelta(seconds=-1)), "retry.first_delay"),
        (RetryPolicy(first_delay=timedelta(hours=3)), "retry.longest_delay"),
        (RetryPolicy(longest_delay=timedelta(hours=13)), "12 hours"),
        (RetryPolicy(factor=0.5), "retry.factor is 0.5"),
    ],
)
def test_a_bad_retry_policy_is_named(policy: RetryPolicy, named: str) -> None:
    with pytest.raises(ConfigurationError, match="settings prod: .*" + named.replace(".", r"\.")):
        replace(settings.PROD, retry=policy).validate()


def test_delays_grow_by_the_factor_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=5, first_delay=timedelta(seconds=30), factor=4, longest_delay=timedelta(seconds=1000))
    assert policy.delays() == [30, 120, 480, 1000]
