"""What runs here, on the screen."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from fanout.local import status

TOLD: dict[str, Any] = {
    "emulator": {"pid": 1, "endpoint": "https://127.0.0.1:4566"},
    "receiver": None,
    "console": {"pid": 3, "address": f"http://127.0.0.1:4577/?token={'t' * 43}"},
    "stack": {"name": "Shop-local", "topic": f"arn:aws:sns:eu-west-1:000000000000:{'Shop' * 15}"},
    "tasks": {"send_receipt_to_customer": {"waiting": 2, "dead_letters": 1}},
}


def test_an_address_is_whole_in_one_line_however_narrow_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = StringIO()
    monkeypatch.setattr(status, "console", Console(width=40, file=said))
    status.show(TOLD)
    assert said.getvalue().splitlines() == [
        "emulator                  pid 1  endpoint https://127.0.0.1:4566",
        "receiver                  does not run",
        f"console                   pid 3  address {TOLD['console']['address']}",
        f"stack                     name Shop-local  topic {TOLD['stack']['topic']}",
        "send_receipt_to_customer  2 waiting, 1 dead letters",
    ]
