"""An event is mended in an editor or by a patch, and only what its task may see is sent."""

import json
import shlex
import sys
from pathlib import Path
from typing import cast

import pytest

from fanout.contracts.app import app_contracts
from fanout.errors import Unusable
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.aws.subscription import Subscription
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters.message import DeadLetterMessage

BODY = json.loads(app_contracts().valid["contact_form"])
TOPIC = "arn:aws:sns:eu-west-1:1:Topic"
NOTIFY = cast(DeployedSubscriber, type("DeployedSubscriber", (), {"task": "notify_partner"})())


def message(body: str) -> DeadLetterMessage:
    return DeadLetterMessage("m-1", "handle", body, {"shop_id": {"DataType": "String", "StringValue": "contact"}}, {})


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """$EDITOR is a program that is given the file's name, as `vi` is."""
    script = tmp_path / "an editor.py"
    script.write_text(f"import json, pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{program}\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}")


def test_the_editor_gets_the_event_in_a_file_of_ones_own_that_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "told.json"
    editor(
        monkeypatch,
        tmp_path,
        "event = json.loads(path.read_text())\n"
        "event['data']['items']['wants_reply'] = False\n"
        "path.write_text(json.dumps(event))\n"
        f"pathlib.Path({str(told)!r}).write_text(json.dumps([str(path), oct(path.stat().st_mode)[-3:]]))",
    )
    made = editing.open_editor(message(json.dumps(BODY)))
    assert made == {**BODY, "data": {**BODY["data"], "items": {**BODY["data"]["items"], "wants_reply": False}}}
    path, mode = json.loads(told.read_text())
    assert mode == "600" and not Path(path).exists()


def test_a_body_that_is_no_event_can_be_written_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    editor(monkeypatch, tmp_path, f"assert path.read_text() == 'no JSON'\npath.write_text({json.dumps(BODY)!r})")
    assert editing.open_editor(message("no JSON")) == BODY


@pytest.mark.parametrize(
    ("program", "line"),
    [("sys.exit(3)", "did not end well: nothing was changed"), ("path.write_text('{')", "JSON")],
    ids=["fails", "leaves no JSON"],
)
def test_an_editor_that_ends_badly_changes_nothing(
    program: str, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, tmp_path, program)
    with pytest.raises(Unusable, match=line):
        editing.open_editor(message(json.dumps(BODY)))


def test_without_an_editor_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    with pytest.raises(Unusable, match="no editor: set EDITOR, or give --patch"):
        editing.open_editor(message(json.dumps(BODY)))


@pytest.mark.parametrize(
    ("subscriptions", "passes"),
    [
        ([], True),
        ([Subscription(TOPIC, {"shop_id": ["contact"]})], True),
        ([Subscription(TOPIC, {"shop_id": ["survey"]})], False),
        ([Subscription(TOPIC, {"data": {"shop_id": ["contact"]}}, in_body=True)], True),
        ([Subscription(TOPIC, {"data": {"shop_id": ["survey"]}}, in_body=True)], False),
    ],
)
def test_an_edit_must_pass_the_filter_of_its_task(
    subscriptions: list[Subscription], passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "read_subscriptions", lambda subscriber: subscriptions)
    event = {**BODY, "data": {**BODY["data"], "shop_id": "contact", "items": {"q": "mended"}}}
    if passes:
        assert editing.check_edit(NOTIFY, message(json.dumps(BODY)), event).changes
    else:
        with pytest.raises(Unusable, match="the filter of notify_partner does not let this event through"):
            editing.check_edit(NOTIFY, message(json.dumps(BODY)), event)
