"""The task that mails: text of a stranger reaches another stranger as a name, or not at all."""

from collections.abc import Iterator
from typing import Any

import pytest

from fanout.testing import example, run, task_module


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with task_module("send_receipt", EMAIL_SENDER="orders@example.com") as module:
        module.sent = []
        monkeypatch.setattr(module._ses, "send_email", lambda **mail: module.sent.append(mail))
        yield module


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Pat Example", "Hello Pat Example,\n\nthank you"),
        ("winner!\n\nClaim at https://evil.example/pay", "Hello,\n\nthank you"),
        ("see evil.example", "Hello,\n\nthank you"),
        ("x" * 61, "Hello,\n\nthank you"),
    ],
)
def test_a_name_that_could_be_a_message_is_not_in_the_mail(handler: Any, name: str, greeting: str) -> None:
    event = example("contact_form")
    event["data"]["customer"]["name"] = name
    assert run(handler.handle, event).kind == "done"
    (mail,) = handler.sent
    assert mail["Content"]["Simple"]["Body"]["Text"]["Data"].startswith(greeting)


def test_an_address_with_a_display_name_gets_nothing(handler: Any) -> None:
    event = example("contact_form")
    event["data"]["customer"]["email"] = "You-won:evil.example<pat@example.com>"
    assert run(handler.handle, event).kind == "dead" and handler.sent == []
