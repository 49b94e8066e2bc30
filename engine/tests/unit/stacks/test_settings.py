"""A bad setting stops the synth with one line that names it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from aws_cdk import Duration, RemovalPolicy

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import Exponential, Retry
from fanout.constructs.settings import Settings
from stacks import settings


@pytest.mark.parametrize("each", settings.ALL, ids=lambda each: each.name)
def test_our_own_settings_are_good(each: Settings) -> None:
    each.validate()


def test_a_region_and_an_account_may_be_pinned() -> None:
    replace(settings.PROD, account="123456789012", region="eu-west-1").validate()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("name", "Prod env"),
        ("account", "12345"),
        ("region", "eu-west-99"),
        ("region", "cn-north-1"),
        ("region", "us-gov-west-1"),
        ("removal_policy", RemovalPolicy.RETAIN),
        ("removal_policy", RemovalPolicy.SNAPSHOT),
        ("queue_retention_days", -1),
        ("queue_retention_days", 0),
        ("queue_retention_days", 14),
        ("max_concurrency", 1),
        ("max_concurrency", 1001),
        ("batching", "speed"),
        ("tracing_policy", "product"),
        ("tracing", "off"),
        ("metrics", "none"),
        ("encryption", "customer-keys"),
        ("log_level", "WARN"),
        ("log_retention", 30),
        ("deploy_with", "roles"),
        ("owner", None),
        ("name", None),
        ("ordered", "yes"),
        ("heartbeat", Duration.minutes(5)),
        ("max_concurrency", "5"),
        ("queue_retention_days", 1.5),
        ("retry", None),
        ("publisher_accounts", "123456789012"),
        ("publisher_accounts", ("12345",)),
        ("subscriber_accounts", ("123456789012", "a-team")),
        ("alarm_recipients", ("nobody",)),
        ("alarm_recipients", ("arn:aws:sqs:eu-west-1:123456789012:queue",)),
        ("alarm_recipients", ("on-call@example.com", "on-call@example.com")),
        ("alarm_recipients", tuple(f"arn:aws:sns:eu-west-1:123456789012:team{number}" for number in range(5))),
        ("email_sender", ""),
        ("email_sender", "orders at example.com"),
        ("webhook_url", "http://hooks.example.com/orders"),
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
        (Retry(attempts=2), "retry.attempts is 2: expected 3 to 1000"),
        (Retry(attempts=1001), "retry.attempts is 1001: expected 3 to 1000"),
        (Retry(jitter=1.0), "retry.jitter is 1.0: expected a fraction from 0 to less than 1"),
        (Retry(jitter=-0.1), "retry.jitter is -0.1"),
        (Retry(backoff=[timedelta(seconds=1)]), "retry.backoff is 1 delays: expected 4"),
        (Retry(attempts=3, backoff=[timedelta(seconds=-1)] * 2), "retry.backoff is -1 to -1 seconds"),
        (Retry(attempts=3, backoff=[timedelta(hours=11)] * 2), "retry.backoff is 39600 to 47520 seconds"),
        (Retry(backoff=Exponential(factor=0.5)), "retry.backoff.factor is 0.5: expected 1 or more"),
        (Retry(backoff=Exponential(factor=float("inf"))), "retry.backoff.factor is inf: expected 1 or more"),
        (
            Retry(backoff=Exponential(longest=7200)),  # type: ignore[arg-type]
            "retry.backoff.longest is 7200: expected a timedelta",
        ),
        (Retry(backoff=Exponential(first=timedelta(seconds=-1))), "retry.backoff.first is -1 day, 23:59:59"),
        (Retry(backoff=Exponential(first=timedelta(hours=3))), "retry.backoff.first is 3:00:00: expected 0 to"),
    ],
)
def test_a_bad_retry_policy_is_named(policy: Retry, named: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"settings prod: {named}")):
        replace(settings.PROD, retry=policy).validate()


def test_delays_grow_by_the_factor_up_to_the_longest() -> None:
    backoff = Exponential(first=timedelta(seconds=30), factor=4, longest=timedelta(seconds=1000))
    assert Retry(attempts=5, backoff=backoff).delays() == [30, 120, 480, 1000]
    assert Retry(attempts=5, backoff=replace(backoff, factor=1e30)).delays() == [30, 1000, 1000, 1000]


def test_a_thousand_attempts_have_a_thousand_delays_less_one() -> None:
    assert Retry(attempts=1000).delays()[-1] == 7200


def test_delays_may_be_listed() -> None:
    policy = Retry(attempts=3, backoff=[timedelta(seconds=1), timedelta(minutes=1)], jitter=0.5)
    assert policy.delays() == [1, 60] and policy.longest_schedule() == 92


def test_entries_are_chosen_by_name_and_all_of_them_without_one() -> None:
    assert settings.chosen([]) == settings.ALL
    assert settings.chosen(["prod", "dev"]) == (settings.DEV, settings.PROD)


def test_a_name_that_no_entry_has_is_refused_in_one_line() -> None:
    with pytest.raises(
        ConfigurationError, match="^no settings entry 'prd': expected one of dev, staging, prod, local$"
    ):
        settings.chosen(["prd"])
