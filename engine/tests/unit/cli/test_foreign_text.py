"""Text of messages, logs and templates reaches a terminal as text: it moves no cursor, sets no title, is no markup."""

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fanout.cli import output
from fanout.cli.views import dead_list, dead_show, logs, status, tail, where
from fanout.contracts.ids import Ids
from fanout.local import console as local
from fanout.ops.aws.line import Line, Raw
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import Cause, Group
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.show import Found
from fanout.ops.dead_letters.summary import DeadLetterSummary
from fanout.ops.status.health import Health
from fanout.ops.status.report import Report
from fanout.ops.timeline.state import DEAD, EventState
from fanout.words import printable, printable_lines

CONTROL = "\x1b\x07\x08\r\x9b\x7f\u202e\u2066\u2028\ud800"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\u2028\ud800\x08\r\x7f[red]x[/]"
AT = datetime(2026, 1, 15, tzinfo=UTC)
SUBSCRIBER = cast(
    DeployedSubscriber,
    SimpleNamespace(task=HOSTILE, log_group="g", attempts=3, aws=SimpleNamespace(region="eu-west-1", is_aws=False)),
)
LINE = Line("failed", HOSTILE, 1, AT, HOSTILE, Ids(HOSTILE, HOSTILE), HOSTILE, HOSTILE, HOSTILE, HOSTILE)
CAUSE = Cause.from_error(HOSTILE, HOSTILE)
MESSAGE = DeadLetterMessage(
    HOSTILE,
    "r",
    json.dumps({"id": HOSTILE, "type": HOSTILE, HOSTILE: HOSTILE, "data": {"shop_id": HOSTILE, "order_id": HOSTILE}}),
    {HOSTILE: {"StringValue": HOSTILE, "DataType": "String"}},
    {"SentTimestamp": "1700000000000"},
)


def summaries() -> list[DeadLetterSummary]:
    group = Group(CAUSE)
    group.add(MESSAGE)
    return [
        DeadLetterSummary(HOSTILE, 1, 1, groups=[group]),
        DeadLetterSummary(HOSTILE, problem=HOSTILE),
        DeadLetterSummary(HOSTILE),
    ]


def report() -> Report:
    stack = cast(Stack, SimpleNamespace(name=HOSTILE, status="UPDATE_COMPLETE", region="eu-west-1"))
    health = Health(HOSTILE, dead=1, mapping=HOSTILE, last_error=LINE, problems=[HOSTILE])
    return Report(stack, AT, [health], 1, [{"name": HOSTILE, "says": HOSTILE}], [HOSTILE])


def raw(text: str, value: Any = None) -> Raw:
    return Raw("1", 0, "s", text, value)


VIEWS: dict[str, Any] = {
    "show": lambda: dead_show.render(Found(SUBSCRIBER, MESSAGE, CAUSE, [LINE]), reveal=False),
    "show with answers": lambda: dead_show.render(Found(SUBSCRIBER, MESSAGE, CAUSE, []), reveal=True),
    "list": lambda: dead_list.render(summaries()),
    "tail": lambda: tail.render(HOSTILE, LINE),
    "where": lambda: where.render([EventState(HOSTILE, DEAD, attempts=(LINE, LINE), message=MESSAGE, cause=CAUSE)]),
    "status": lambda: status.render(report()),
    "a line of a log": lambda: logs.render(raw(HOSTILE)),
    "a structured line": lambda: logs.render(
        raw("", {"level": HOSTILE, "message": HOSTILE, HOSTILE: HOSTILE, "traceback": HOSTILE})
    ),
    "a line of the platform": lambda: logs.render(
        raw("", {"type": f"platform.{HOSTILE}", "record": {"status": HOSTILE}})
    ),
}


def shown(what: Any) -> str:
    written = io.StringIO()
    Console(file=written, markup=False, highlight=False, emoji=False, width=2_000, color_system=None).print(what)
    return written.getvalue()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_other_peoples_text_escaped_and_as_no_markup(view: str) -> None:
    text = shown(VIEWS[view]())
    assert not set(CONTROL) & set(text)
    assert "\\x1b]0;owned\\x07" in text and "\\u202e" in text and "\\ud800" in text and "[red]x[/]" in text


@pytest.mark.parametrize(
    "console",
    [output.console, output.errors, local.console, local.errors],
    ids=["output", "errors", "local", "local errors"],
)
def test_whatever_a_command_prints_cannot_move_the_cursor(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    table = output.table(HOSTILE)
    table.add_row(HOSTILE)
    for what in (HOSTILE, table):
        written = io.StringIO()
        monkeypatch.setattr(console, "_file", written)
        console.print(what)
        assert not set(CONTROL) & set(written.getvalue()) and "\\x1b]0;" in written.getvalue()


def test_json_is_exact_and_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    for say in (output.say_json, output.say_json_line):
        say({HOSTILE: [HOSTILE, "例"]})
        written = capsys.readouterr().out
        assert json.loads(written) == {HOSTILE: [HOSTILE, "例"]}
        assert written.isascii() and not set(CONTROL) & set(written)


@given(st.text(st.characters()))
def test_what_is_printable_is_left_alone_and_the_rest_is_named(text: str) -> None:
    assert printable(text).isprintable()
    assert not text.isprintable() or printable(text) == text
    assert printable_lines(text).split("\n") == [printable(line) for line in text.split("\n")]


def test_a_number_that_json_has_not_is_text_in_what_programs_read(capsys: pytest.CaptureFixture[str]) -> None:
    raw = Raw.from_event({"message": '{"a": NaN, "b": [-Infinity, 1e999, 1.5], "\u00e9": null}', "timestamp": 0})

    def no_json(constant: str) -> None:
        raise AssertionError(constant)

    for say in (output.say_json, output.say_json_line):
        say({"at": AT, "line": raw.value})
        told = json.loads(capsys.readouterr().out, parse_constant=no_json)
        assert told["line"] == {"a": "NaN", "b": ["-Infinity", "Infinity", 1.5], "\u00e9": None}
        assert told["at"] == "2026-01-15T00:00:00.000+00:00"
