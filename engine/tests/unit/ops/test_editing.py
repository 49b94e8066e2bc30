"""An event is mended in an editor or by a patch, and only what its task may see is sent."""

import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.contracts.app import app_contracts
from fanout.errors import OpsError, Unusable
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import Subscription
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.editor import open_editor, patch_event
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.publisher import checked_event
from tests.examples import examples
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, text, world
from tests.unit.ops.given import message as given_message

BODY = json.loads(app_contracts().valid["contact_form"])
TOPIC = "arn:aws:sns:eu-west-1:1:Topic"
NOTIFY = DeployedSubscriber(cast(Aws, None), "NotifyPartner", "notify_partner", "queue", "dead", "function")


__all__ = ["world"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


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
    made = open_editor(message(json.dumps(BODY)))
    assert made == {**BODY, "data": {**BODY["data"], "items": {**BODY["data"]["items"], "wants_reply": False}}}
    path, mode = json.loads(told.read_text())
    assert mode == "600" and not Path(path).exists()


def test_a_body_that_is_no_event_can_be_written_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    editor(monkeypatch, tmp_path, f"assert path.read_text() == 'no JSON'\npath.write_text({json.dumps(BODY)!r})")
    assert open_editor(message("no JSON")) == BODY


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
        open_editor(message(json.dumps(BODY)))


def test_without_an_editor_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    with pytest.raises(Unusable, match="no editor: set EDITOR, or give --patch"):
        open_editor(message(json.dumps(BODY)))


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


ANSWER = "CANARY"
EVENT = event(data={"shop_id": "berlin", "order_id": "o1", "items": {"q": ANSWER}})


@pytest.mark.parametrize(
    ("editor_", "line"),
    [
        ("no-such-editor-xyz", "no-such-editor-xyz cannot be run"),
        ("vi '", "EDITOR cannot be read as a command"),
        ("   ", "no editor: set EDITOR, or give --patch"),
        ("/", "cannot be run"),
    ],
)
def test_an_editor_that_cannot_be_run_is_one_line(editor_: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor_)
    with pytest.raises(Unusable, match=line):
        open_editor(message(json.dumps(EVENT)))


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("path.write_bytes(b'\\xe9')", "cannot be read \\(it is not UTF-8\\): nothing was changed"),
        ("path.unlink()", "cannot be read"),
        ("path.write_text('[' * 100_000)", "not JSON any more \\(nested too deeply"),
        ("path.write_text('null')", "not JSON any more"),
        ("path.write_text('[]')", "not a JSON object any more"),
        ("path.write_text('{\"a\": ' + '[' * 500 + ']' * 500 + '}')", "nested more than 100 levels"),
    ],
    ids=["Latin-1", "deleted", "nested", "null", "a list", "deep"],
)
def test_whatever_an_editor_leaves_is_an_event_or_one_line(
    program: str, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, tmp_path, program)
    with pytest.raises(Unusable, match=line):
        open_editor(message(json.dumps(EVENT)))


def test_a_body_with_half_a_surrogate_can_be_edited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    editor(monkeypatch, tmp_path, "json.loads(path.read_text())")
    assert open_editor(message('{"id": "\\ud800"}')) == {"id": "\ud800"}


PATCHES = [
    "[1]", "[null]", '[{"op":"add"}]', '[{"op":"add","path":5,"value":1}]', '[{"op":"add","path":null,"value":1}]',
    '[{"op":"replace","path":"/data/items/none","value":1}]', '[{"op":"copy","from":"/no","path":"/x"}]',
    '[{"op":"move","from":5,"path":"/x"}]', '[{"op":"test","path":"/id","value":"no"}]', '[{"op":"remove","path":""}]',
    '[{"op":"replace","path":"","value":[]}]', '[{"op":["add"],"path":"/a","value":1}]', '[{"op":"add","path":"/id/0","value":1}]',
    '[{"op":"add","path":"/~2","value":1}]', "[[" * 50_000, '["op"]', "a\0b", "x" * 5_000, '[{"op":"remove","path":"/type/0"}]',
]  # fmt: skip


@pytest.mark.parametrize("patch", PATCHES, ids=range(len(PATCHES)))
def test_a_patch_that_makes_no_sense_is_one_line(patch: str) -> None:
    with pytest.raises(Unusable) as told:
        patch_event(message(json.dumps(EVENT)), patch)
    assert "\n" not in str(told.value) and ANSWER not in str(told.value)


OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": JSON | st.sampled_from(["add", "remove", "copy", "move", "test"]),
        "path": JSON,
        "from": JSON,
        "value": JSON,
    },
)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(OPERATIONS | JSON, max_size=3))
def test_any_patch_gives_an_event_or_one_line(operations: list[Any]) -> None:
    try:
        made = patch_event(message(json.dumps(EVENT)), json.dumps(operations))
    except Unusable as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(made, dict)


OTHER_CONTENT = {"fanout.cause": text(json.dumps({"error_type": names.OTHER_CONTENT, "error": "x"}))}


@pytest.mark.parametrize(
    ("before", "attributes", "may"),
    [
        (event(id="has a space"), {}, True),
        (event(id=5), {}, True),
        (event(), OTHER_CONTENT, True),
        (event(), {}, False),
    ],
    ids=["breaks the contract", "is no text", "is another event's too", "is its own"],
)
def test_an_id_stays_unless_it_can_be_nobodys(
    before: dict[str, Any], attributes: dict[str, Any], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "read_subscriptions", lambda subscriber: [])
    one = given_message(before, attributes)
    if may:
        event_ = editing.with_new_id(one, before)
        assert event_["id"] != before["id"] and editing.check_edit(NOTIFY, one, event_).event.id == event_["id"]
        assert "replace /id" in editing.check_edit(NOTIFY, one, event_).lines(reveal=False)
    else:
        with pytest.raises(Unusable, match="must stay"):
            editing.with_new_id(one, before)
        with pytest.raises(Unusable, match="must stay"):
            editing.check_edit(NOTIFY, one, {**before, "id": "other"})


def test_a_change_shows_no_answer_without_being_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "read_subscriptions", lambda subscriber: [])
    after = {**EVENT, "data": {**EVENT["data"], "items": {ANSWER: ANSWER}}}
    change = editing.check_edit(NOTIFY, message(json.dumps(EVENT)), after)
    assert ANSWER not in str(change.lines(reveal=False)) and ANSWER in str(change.lines(reveal=True))


def edited(world: World) -> tuple[editing.Edit, DeadLetterMessage]:
    found = showing.look_for(world.subscriber, "m1").message
    assert found is not None
    return editing.Edit(found, checked_event(event(1, source="/shops/rome")), {}, []), found


def test_an_edited_event_is_sent_and_its_letter_is_gone(world: World) -> None:
    world.bury(3)
    change, _ = edited(world)
    journal = world.journal("dead edit")
    sent = editing.send_edited(world.stack, world.subscriber, change, journal, "INC-1")
    assert [each.id for each in world.sqs.queue(world.queue).messages] == [sent.id]
    assert str(sent) == f"sent as {sent.id}"
    assert [each.id for each in world.sqs.visible(world.dead)] == ["m0", "m2"]
    assert [line["step"] for line in journal.read()] == ["sending", "sent", "deleted"]


@pytest.mark.parametrize("trouble", ["busy", "refused", "killed"])
def test_an_edit_whose_letter_was_not_deleted_says_so_and_the_next_one_sends_nothing(
    world: World, trouble: str
) -> None:
    def fail(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "DeleteMessageBatch":
            raise KeyboardInterrupt if trouble == "killed" else refused("ThrottlingException", operation)

    world.bury(3)
    change, _ = edited(world)
    if trouble == "refused":
        world.sqs.fails = lambda entry: "InternalError" if entry.keys() == {"Id", "ReceiptHandle"} else None
    else:
        world.sqs.around = fail
    with suppress(KeyboardInterrupt):
        first = editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
        left = "its letter is left: the next redrive deletes it, and sends nothing"
        assert str(first) == f"sent as {first.id}; {left}"
    assert world.journal().moved("dead") == set() and len(world.sqs.queue(world.dead).messages) == 3
    world.sqs.around, world.sqs.fails = lambda *_: None, lambda _: None
    again = editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    (message,) = world.sqs.queue(world.queue).messages
    assert str(again) == f"sent before, as {message.id}: nothing is sent now"
    assert len(world.sqs.queue(world.dead).messages) == 2 and world.journal().moved("dead") == {"m1"}


def test_an_edit_of_a_letter_that_is_gone_or_not_seen_changes_nothing(world: World) -> None:
    world.bury(3)
    change, _ = edited(world)
    world.sqs.receive_message(QueueUrl=world.dead, MaxNumberOfMessages=10, VisibilityTimeout=40_000)
    with pytest.raises(
        OpsError, match="m1 is not found among the 0 looked at; not looked at: 3 dead letters in somebody's hand"
    ):
        editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    world.sqs.queue(world.dead).messages.clear()
    with pytest.raises(OpsError, match="somebody redrove, edited or dropped it"):
        editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    assert not world.sent()


def test_an_edit_is_not_sent_when_somebody_else_may_have_its_letter(world: World) -> None:
    world.bury(3)
    change, _ = edited(world)

    def sleep(when: str, operation: str, asked: object) -> None:
        if when == "after" and operation == "ReceiveMessage":
            world.clock.wait(55)

    world.sqs.around = sleep
    with pytest.raises(OpsError, match="in somebody's hand: look again"):
        editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    assert not world.sent()


def test_an_edit_without_an_answer_is_perhaps_sent_and_the_next_one_says_so(world: World) -> None:
    world.bury(3)
    change, _ = edited(world)
    world.sqs.around = answer_lost("SendMessageBatch", {1})
    with pytest.raises(ReadTimeoutError):
        editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    assert world.journal().unfinished("dead").unsure == {"m1"} and len(world.sqs.queue(world.dead).messages) == 3
    assert editing.perhaps_sent(world.subscriber, change.message, world.journal())
    world.sqs.around = lambda *_: None
    again = editing.send_edited(world.stack, world.subscriber, change, world.journal(), "INC-1")
    assert (again.before, again.perhaps) == (False, True) and len(world.sqs.queue(world.queue).messages) == 2
    assert str(again) == (
        f"sent as {again.id}; perhaps sent before, too (a run had no answer): the task skips the same event"
    )
    assert not editing.perhaps_sent(world.subscriber, change.message, world.journal())


def test_a_new_id_is_the_same_in_each_run_and_anothers_for_another_letter() -> None:
    one, other = message("{}"), DeadLetterMessage("m-2", "handle", "{}", {}, {})
    made = editing.with_new_id(one, event())["id"]
    assert made == editing.with_new_id(one, event())["id"] != editing.with_new_id(other, event())["id"]
