"""The form of a log line: what Lambda filters by, what `fanout` reads, and what never gets in."""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout.contracts.contract import load
from fanout.contracts.roles import LOGGED
from fanout.runtime.decision import AttemptOver
from fanout.runtime.errors import PermanentError
from fanout.runtime.event import Event
from fanout.runtime.log import describe, logger, own, say, told_by_place, traceback_of
from fanout.runtime.outcome import Outcome
from tests.unit.contracts.given import put, schema
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, handler, order, record


class Heard(logging.Handler):
    """Keeps what it is given."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.records = records

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_a_line_has_level_message_time_and_task_first(lines: Lines) -> None:
    logger.warning("%s of %d", "one", 2, extra={"attempt": 3})
    (line,) = lines()
    assert list(line) == ["level", "message", "timestamp", "task", "attempt"]
    assert (line["level"], line["message"], line["task"], line["attempt"]) == ("WARNING", "one of 2", "a_task", 3)


def test_its_time_is_rfc_3339_in_utc(lines: Lines) -> None:
    logger.info("now")
    time = lines()[0]["timestamp"]
    assert time.endswith("+00:00") and len(time) == len("2026-11-23T10:00:00.000+00:00")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(time)) < timedelta(seconds=10)


def test_extra_replaces_no_field_of_the_line(lines: Lines) -> None:
    logger.error("said", extra={"level": "DEBUG", "timestamp": "never", "task": "another", "kept": 1})
    (line,) = lines()
    assert (line["level"], line["task"], line["kept"]) == ("ERROR", "a_task", 1)
    assert line["timestamp"] != "never"


def test_an_exception_is_told_by_its_place(lines: Lines) -> None:
    answers: dict[str, str] = {}
    try:
        answers["Pat's answer"]
    except KeyError:
        logger.exception("a bug")
    (line,) = lines()
    assert line["error_type"] == "KeyError"
    assert line["error"].startswith("in test_an_exception_is_told_by_its_place, lambdas/test_log.py:")
    assert "Pat" not in json.dumps(line)


@contextmanager
def hooks(monkeypatch: pytest.MonkeyPatch, of_threads: Any, unraisable: Any) -> Iterator[None]:
    """For a moment, as pytest has its own."""
    with monkeypatch.context() as patch:
        patch.setattr(threading, "excepthook", of_threads)
        patch.setattr(sys, "unraisablehook", unraisable)
        yield


class Forgotten:
    def __del__(self) -> None:
        raise ValueError("Pat's answer")


def raising(error: BaseException) -> Any:
    def run() -> None:
        raise error

    return run


def test_what_ends_a_thread_of_a_tasks_own_is_told_by_its_place_too(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "a_task")

    def task(event: Any) -> None:
        for error in (ValueError("Pat's answer"), SystemExit(1), AttemptOver()):
            thread = threading.Thread(target=raising(error))
            thread.start()
            thread.join()
        Forgotten()

    with hooks(monkeypatch, threading.__excepthook__, sys.__unraisablehook__):
        handler(task)({"Records": [record(json.dumps(example()))]}, Context())
    thread, forgotten = [each for each in lines() if each["level"] == "ERROR"]
    assert {each["message"] for each in (thread, forgotten)} == {"an exception that nobody caught"}
    assert thread["error_type"] == "ValueError" and thread["error"].startswith("in run, lambdas/test_log.py:")
    assert forgotten["error"].startswith("in __del__, lambdas/test_log.py:")
    assert capsys.readouterr().err == "" and "Pat" not in json.dumps(lines())


def test_a_hook_that_somebody_else_has_set_stays(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    with hooks(monkeypatch, heard.append, heard.append):
        told_by_place()
        threading.excepthook(SimpleNamespace())  # type: ignore[arg-type]
        sys.unraisablehook(SimpleNamespace())
    assert len(heard) == 2 and lines() == []


def failure_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ValueError:
    """What a task raises whose second line gives a library text that is no JSON."""
    (tmp_path / "sync_crm").mkdir()
    handler = tmp_path / "sync_crm" / "handler.py"
    handler.write_text("import json\ndef sync(text):\n    json.loads(text)\n")
    monkeypatch.setenv("FANOUT_TASK", "sync_crm")
    code: dict[str, Any] = {}
    exec(compile(handler.read_text(), str(handler), "exec"), code)  # noqa: S102
    with pytest.raises(ValueError) as raised:
        code["sync"]("Pat's answer")
    return raised.value


def test_an_error_of_a_library_is_told_at_the_tasks_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = describe(failure_in(tmp_path, monkeypatch))
    assert re.fullmatch(r"in sync, sync_crm/handler\.py:3 \(via json/decoder\.py:\d+ in raw_decode\)", told["error"])


@pytest.mark.parametrize("value", [None, "false", "true"])
def test_a_traceback_is_in_the_log_only_where_the_data_is_made_up(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    error = failure_in(tmp_path, monkeypatch)
    if value:
        monkeypatch.setenv("FANOUT_TRACEBACKS", value)
    logger.error("a bug", exc_info=error)
    (line,) = lines()
    assert ("handler.py" in line.get("traceback", "")) is (value == "true")
    assert "traceback" not in describe(error)


def test_a_tasks_own_error_needs_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANOUT_TRACEBACKS", "true")
    assert traceback_of(PermanentError("410")) == {}


def test_an_event_in_a_line_shows_no_answer(lines: Lines, body: str) -> None:
    event = order(body)
    logger.info("whole", extra={"event": event})
    (line,) = lines()
    assert event.id in line["event"]
    assert str(event.customer.email) not in json.dumps(line) and "items" not in json.dumps(line)


def test_it_names_x_rays_trace(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    logger.info("traced")
    assert lines()[0]["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("sampled", ["", ";Parent=53995c3f42cd8ad8;Sampled=0"], ids=["handed on", "not sampled"])
def test_it_names_no_trace_that_x_ray_does_not_have(
    sampled: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-5759e988-bd862e3fe1be46a994272793{sampled}")
    logger.info("not traced")
    assert "xray_trace_id" not in lines()[0]


@pytest.mark.parametrize(
    "text",
    ['a "quote"\nand a line', "half a pair: \ud83d", "\u2028 Zoë"],
    ids=["quotes", "half a pair", "beyond ASCII"],
)
def test_whatever_is_said_is_one_line_of_ascii(
    text: str, capfd: pytest.CaptureFixture[str], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        logger, "handlers", logger.handlers[:1]
    )  # pytest has one there too, and xdist cannot send half a pair
    logger.info(text)
    assert [line["message"] for line in lines()] == [text]
    assert capfd.readouterr().err == ""


def test_the_runtimes_own_logger_does_not_say_it_again(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger(), "handlers", [Heard(said)])
    logger.info("once")
    assert not said and len(lines()) == 1


@pytest.mark.parametrize(
    "name", ["botocore.endpoint", "botocore.parsers", "urllib3.connectionpool", "s3transfer.utils"]
)
def test_the_sdk_says_no_request_and_no_answer_at_any_level_of_a_function(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda sets the root logger to the function's level, and a level of DEBUG is dev's."""
    said: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger(), "handlers", [Heard(said)])
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    logging.getLogger(name).debug("a whole request")
    logging.getLogger(name).warning("Failed to parse headers: an answer")
    assert not said


def test_what_each_message_says_is_a_record_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """For handlers and formatters that a team adds."""
    records: list[logging.LogRecord] = []
    monkeypatch.setattr(own, "handlers", [Heard(records)])
    own.info("done", extra={"attempt": 1})
    say(logging.INFO, "done", {"attempt": 1})
    usual, ours = map(vars, records)
    same = ("name", "levelno", "levelname", "msg", "attempt", "exc_info", "process", "thread")
    assert usual.keys() == ours.keys() and all(usual[name] == ours[name] for name in same)
    assert abs(usual["created"] - ours["created"]) < 10 and ours["msecs"] == ours["created"] % 1 * 1000
    own.setLevel(logging.WARNING)
    try:
        say(logging.INFO, "done", {})
    finally:
        own.setLevel(logging.NOTSET)
    assert len(records) == 2


def test_its_line_is_that_of_any_other_with_what_a_filter_of_the_team_adds(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(record: logging.LogRecord) -> bool:
        record.version = "7"
        return True

    monkeypatch.setattr(logger.handlers[0], "filters", [add])
    fields = {"attempt": 1, "event_id": "e", "odd": Unspeakable()}
    own.info("done", extra=fields)
    say(logging.INFO, "done", fields)
    usual, ours = ({name: value for name, value in line.items() if name != "timestamp"} for line in lines())
    assert list(usual) == list(ours) and usual == ours and ours["version"] == "7"


def test_no_role_can_replace_a_field_of_a_log_line(tmp_path: Path, lines: Lines) -> None:
    event = order(json.dumps({**example(), "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}))
    Outcome("dead", record("{}"), event, ValueError(), 1.0).log("request-1")
    (line,) = lines()
    assert line.keys() - {"shop_id", "order_id"} <= LOGGED
    assert {"stack", "task", "xray_trace_id"} <= LOGGED
    for name in ("attempt", "message", "task"):
        wrong = schema({"required": [name], "properties": {name: {"type": "string", "x-fanout": ["group"]}}})
        with pytest.raises(ValueError, match=f"data.{name} is a field that every log line has already"):
            load(put(tmp_path, wrong))


@pytest.mark.parametrize(("group", "named"), [("", {}), ("shop_id", {"shop_id": "contact"})])
def test_a_line_has_no_name_for_what_the_contract_does_not_name(
    group: str, named: dict[str, str], lines: Lines
) -> None:
    class Plain(Event):
        __slots__ = ()
        TYPE, GROUP = "plain.v1", group

    event = Plain("event-1", "/shop", "plain.v1", datetime.now(UTC), "contact", "", {}, "")
    assert event.ids() == named
    Outcome("done", record("{}"), event, None, 1.0).log("request-1")
    assert {"", "shop_id"} & lines()[0].keys() == named.keys()


def test_only_the_runtimes_own_lines_are_marked_and_no_task_can_mark_one(lines: Lines) -> None:
    own.info("ours", extra={"log": "forged"})
    logger.info("a task's", extra={"log": "fanout", "outcome": "done"})
    ours, theirs = lines()
    assert ours["log"] == "fanout" and "log" not in theirs


class Unspeakable(PermanentError):
    def __str__(self) -> str:
        raise SystemExit("Pat's answer")

    __repr__ = __str__


class ClientError(Exception):
    """Of a stranger that looks like the SDK's."""

    def __init__(self, response: Any) -> None:
        super().__init__("Pat's answer")
        self.response = response
        self.operation_name = "Pat's answer"


class Lazy(Exception):
    @property
    def response(self) -> Any:
        raise ValueError("Pat's answer")


def sdks(code: Any, operation: str = "Send") -> Exception:
    from botocore.exceptions import ClientError as Real

    error = Real({"Error": {"Code": "x", "Message": "Pat's answer"}}, operation)
    error.response = code if isinstance(code, dict) else {"Error": {"Code": code}}  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unspeakable("Pat's answer"), "raised outside of the task"),
        (ClientError({"Error": "Pat's answer"}), "raised outside of the task"),
        (ClientError({"Error": None}), "raised outside of the task"),
        (ClientError({"Error": {"Code": "Pat's answer"}}), "raised outside of the task"),
        (Lazy(), "raised outside of the task"),
        (sdks("Throttled"), "Send: Throttled"),
        (sdks("AWS.SimpleQueueService.NonExistentQueue"), "Send: AWS.SimpleQueueService.NonExistentQueue"),
        (sdks("Pat's answer"), "Send: unknown"),
        (sdks(["Pat's answer"]), "Send: unknown"),
        (sdks("x", "Pat's answer"), "call: x"),
        (sdks({"Error": None}), "raised outside of the task"),
        (sdks({}), "raised outside of the task"),
    ],
)
def test_an_error_of_any_shape_is_told_and_without_its_words(error: Exception, told: str) -> None:
    assert describe(error) == {"error_type": type(error).__name__, "error": told}


def test_the_sdks_subclasses_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(type(sdks("x"))):  # type: ignore[misc]
        pass

    assert describe(Refused({"Error": {"Code": "Refused"}}, "Put"))["error"] == "Put: Refused"


def test_a_reason_is_cut_to_bytes_and_stays_text() -> None:
    for reason in ("a" * 3_000, "\u20ac" * 1_500, "\U0001f600" * 900, "\ud83d" * 3_000):
        told = describe(PermanentError(reason))["error"]
        assert told.endswith("...") and 2_040 <= len(told.encode()) <= 2_048
    assert describe(PermanentError("\u20ac" * 600))["error"] == "\u20ac" * 600


def test_what_cannot_be_shown_is_named_in_its_place(lines: Lines) -> None:
    logger.info("odd", extra={"value": Unspeakable()})
    assert lines()[0]["value"] == "a Unspeakable that cannot be shown"
