"""An entry is in the index of people in the transaction that stores it, under a hash; where nobody is indexed nothing is."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.errors import ConfigurationError
from fanout.intake import config, entry, store, subject
from fanout.packaging.intake_zip import configuration
from tests.places import APP
from tests.unit.intake.entries import TransactionCanceledException, World
from tests.unit.intake.given import CONFIG, DEFINITIONS

EMAIL = "ada@example.com"


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What DynamoDB was asked to write together, with the secret in place."""
    written: list[Any] = []
    monkeypatch.setenv(names.INTAKE_SUBJECT_SECRET, "arn:secret")
    subject._secret.cache_clear()
    secrets = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": f"of {SecretId}"})
    monkeypatch.setattr(subject, "client", lambda service: secrets)
    dynamodb = SimpleNamespace(
        transact_write_items=lambda TransactItems, ClientRequestToken: written.extend(TransactItems),
        exceptions=SimpleNamespace(TransactionCanceledException=KeyError),
    )
    monkeypatch.setattr(store, "client", lambda service: dynamodb)
    return written


def made(**more: Any) -> entry.Entry:
    definition = next(iter(CONFIG.definitions.values()))
    chosen = replace(CONFIG, paths={**CONFIG.paths, **more})
    answers = {each.name: EMAIL for each in definition.fields if each.goes_to == "customer.email"}
    assert answers
    return entry.make(definition, answers, chosen)


def test_the_index_is_written_with_the_entry_and_has_no_address(world: World, asked: list[Any]) -> None:
    one = made(subject="customer.email")
    store.store(one, "a key")
    item, _claim, index = asked
    pk = subject.key_of(f" {EMAIL.upper()}", world.now)
    assert index["Update"]["Key"] == {"pk": {"S": pk}} and item["Put"]["Item"]["subject"] == {"S": pk}
    assert index["Update"]["ExpressionAttributeValues"][":reference"] == {"SS": [one.reference]}
    assert EMAIL not in json.dumps(index) and len(pk) == len("subject#") + 64 + len("#2027-01")


@pytest.fixture
def full(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Items of the index that have no room. AWS APIReference/API_TransactWriteItems.html: an item that becomes too large."""
    without_room: set[str] = set()
    tokens: set[str] = set()

    def write(TransactItems: list[Any], ClientRequestToken: str) -> None:
        assert len(ClientRequestToken) <= 36 and ClientRequestToken not in tokens
        tokens.add(ClientRequestToken)
        if TransactItems[-1]["Update"]["Key"]["pk"]["S"] in without_room:
            reasons = [{"Code": "None"}] * (len(TransactItems) - 1) + [{"Code": "ValidationError"}]
            told: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise TransactionCanceledException(told, "TransactWriteItems")
        asked.extend(TransactItems)

    exceptions = SimpleNamespace(TransactionCanceledException=TransactionCanceledException)
    dynamodb = SimpleNamespace(transact_write_items=write, exceptions=exceptions)
    monkeypatch.setattr(store, "client", lambda service: dynamodb)
    return without_room


@pytest.mark.parametrize("key", ["a key", None])
def test_a_month_that_is_full_goes_on_in_a_further_part(
    world: World, asked: list[Any], full: set[str], key: str | None
) -> None:
    month = subject.key_of(EMAIL, world.now)
    full |= {month, f"{month}#2"}
    assert store.store(made(subject="customer.email"), key).how == "new"
    assert asked[-1]["Update"]["Key"] == {"pk": {"S": f"{month}#3"}}
    assert asked[0]["Put"]["Item"]["subject"] == {"S": f"{month}#3"}
    assert f"{month}#3" in subject.keys(month.split("#")[1], datetime.fromtimestamp(world.now, UTC))


def test_the_parts_of_a_month_have_an_end(world: World, asked: list[Any], full: set[str]) -> None:
    month = subject.key_of(EMAIL, world.now)
    full |= {subject.part(month, number) for number in range(1, subject.MOST_PARTS + 1)}
    with pytest.raises(TransactionCanceledException):
        store.store(made(subject="customer.email"), "a key")
    assert asked == []


def test_where_nobody_is_indexed_nothing_is_written_or_asked_for(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(names.INTAKE_SUBJECT_SECRET)
    store.store(made(), None)
    (item,) = asked
    assert "subject" not in item["Put"]["Item"]


def test_without_the_secret_nothing_is_stored(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(SecretId: str) -> None:
        raise PermissionError

    monkeypatch.setattr(subject, "client", lambda service: SimpleNamespace(get_secret_value=refuse))
    with pytest.raises(PermissionError):
        store.store(made(subject="customer.email"), None)
    assert asked == []


def test_it_is_a_text_of_the_contract() -> None:
    given: dict[str, Any] = {"event_type": "order.placed.v1", "answers": "items", "source": "/shop"}
    written = configuration(APP, DEFINITIONS, **given, subject="customer.email")
    assert config.read(written).paths["subject"] == "customer.email"
    assert "subject" not in configuration(APP, DEFINITIONS, **given)["paths"]
    for wrong in ("items", "customer.mail", ""):
        with pytest.raises(ConfigurationError, match="expected a text in the data"):
            configuration(APP, DEFINITIONS, **given, subject=wrong)
