"""A task runs on one event in this process: with its function's variables, in the main thread, and its errors come out."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from fanout.errors import Unusable
from fanout.local.handlers.call import call
from fanout.local.handlers.imports import Handler
from fanout.publisher import new_event
from fanout.runtime.errors import PermanentError

TASK = """
import os
from events import OrderPlaced
from fanout.runtime import handler_of

def task(event: OrderPlaced) -> None:
    breakpoint()
    if event.shop_id == "fails":
        raise KeyError(os.environ["GIVEN"])

handle = handler_of(task)
"""


def body(shop_id: str) -> str:
    data = {"shop_id": shop_id, "order_id": "s", "customer": {}, "items": {}}
    return new_event("order.placed.v1", data, source="/shops/x").body


DONE, FAILS = body("done"), body("fails")


@pytest.fixture
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Handler:
    name = f"own_{abs(hash(request.node.name))}"
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "lambdas" / name).mkdir(parents=True)
    (tmp_path / "lambdas" / name / "handler.py").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    return Handler(name, f"{name}.handler.handle", {"GIVEN": "of the function"})


def test_a_debugger_stops_in_the_task_and_what_it_raises_comes_out(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    here = threading.current_thread()
    monkeypatch.setattr(sys, "breakpointhook", lambda: stopped.append(threading.current_thread() is here))
    call(handler, DONE)
    with pytest.raises(KeyError, match="of the function"):
        call(handler, FAILS)
    assert stopped == [True, True]
    assert "GIVEN" not in os.environ


def test_what_is_no_event_of_its_types_is_refused_as_the_function_would(handler: Handler) -> None:
    with pytest.raises(PermanentError):
        call(handler, json.dumps({"a": 1}))


def test_a_handler_that_was_not_made_by_handler_of_is_one_line(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "lambdas" / handler.task / "handler.py").write_text("def handle(event, context): ...\n")
    with pytest.raises(Unusable, match="was not made by handler_of"):
        call(handler, DONE)


def test_nothing_of_this_machines_own_aws_reaches_the_task(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "LookupError(*sorted(each for each, value in os.environ.items() if value in ('elsewhere', os.devnull)))"
    text = TASK.replace("breakpoint()", f"raise {told}")
    (tmp_path / "lambdas" / handler.task / "handler.py").write_text(text)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "CDK_PROFILE", "https_proxy"):
        monkeypatch.setenv(name, "elsewhere")
    with pytest.raises(LookupError) as raised:
        call(handler, DONE)
    assert raised.value.args == ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    assert os.environ["AWS_PROFILE"] == "elsewhere"
