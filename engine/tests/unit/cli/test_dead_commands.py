"""The commands for dead letters as an operator runs them: what they say, and with which status they end."""

import itertools
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.cli import aws_command
from fanout.cli.main import main
from fanout.ops.dead_letters import edit as editing
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive import preview, runner
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, fifo, text, world
from tests.unit.ops.test_redrive import Outcomes

__all__ = ["fifo", "world"]
REASON = ("--reason", "INC-1")


class Shell:
    """`fanout dead ...` on one stack in memory; `run` gives what was printed, and checks the status."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self._monkeypatch, self._capsys = world, monkeypatch, capsys
        monkeypatch.setattr(aws_command, "Aws", lambda **_: world.aws)
        monkeypatch.setattr(aws_command, "find", lambda aws, name: self.world.stack)
        monkeypatch.setattr(preview, "refuse_if_unsafe", lambda *_, **__: None)
        monkeypatch.setattr(editing, "read_subscriptions", lambda _: [])
        self.outcome("done")
        monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=itertools.count(0.0, 0.5).__next__))
        monkeypatch.setattr(Stop, "sleep", lambda self, seconds: None)

    def outcome(self, outcome: str | None) -> None:
        self._monkeypatch.setattr(runner, "OutcomeWatcher", lambda _: Outcomes(lambda number: outcome))

    def run(self, *arguments: str, status: int = 0) -> str:
        self._monkeypatch.setattr("sys.argv", ["fanout", "dead", *arguments, "--stack", "Orders-prod"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert (ended.value.code, "Traceback" in err) == (status, False), out + err
        return " ".join((out + err).split())

    def json(self, *arguments: str, status: int = 0) -> Any:
        self._monkeypatch.setattr("sys.argv", ["fanout", "dead", *arguments, "--json", "--stack", "Orders-prod"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert ended.value.code == status, out + err
        return json.loads(out)

    def hold(self, count: int) -> None:
        """Somebody has so many in hand, for hours."""
        self.world.sqs.receive_message(QueueUrl=self.world.dead, MaxNumberOfMessages=count, VisibilityTimeout=40_000)


Make = Callable[[World], Shell]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Make:
    return lambda world: Shell(world, monkeypatch, capsys)


def test_a_look_that_saw_all_ends_with_0_and_any_other_with_1(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(12)
    assert one.json("list")[0]["unseen"] == []
    one.hold(3)
    assert "not looked at: 3 dead letters in somebody's hand" in one.run("list", status=1)
    assert one.json("list", status=1)[0]["complete"] is False
    assert "is not found among the 9 dead letters" in one.run("show", "e99", status=2)
    assert "not looked at: 3 dead letters" in one.run("export", "task", *REASON, status=1)
    assert "not looked at: 3 dead letters" in one.run("drop", "task", "--all", "--dry-run", *REASON, status=1)
    assert "9 dead letters of task dropped" in one.run("drop", "task", "--all", "--yes", *REASON, status=1)


def test_a_queue_that_is_empty_or_held_is_not_the_same(shell: Make, world: World) -> None:
    one = shell(world)
    assert "has no dead letters: nothing to do" in one.run("redrive", "task", "--all", "--yes")
    world.bury(2)
    one.hold(2)
    assert "nothing was sent; not looked at: 2 dead letters" in one.run("redrive", "task", "--all", "--yes", status=1)
    assert "no dead letters: task" not in one.run("list", status=1)


def test_letters_whose_cause_was_not_read_are_not_told_as_letters_of_another(shell: Make, world: World) -> None:
    def busy(**_: Any) -> None:
        raise refused("ThrottlingException", "FilterLogEvents")

    one = shell(world)
    world.bury(3)
    vars(world.aws.logs)["filter_log_events"] = busy
    why = ("--cause", "TransientError")
    not_read = "not looked at: 3 dead letters whose cause was not read, as not all of the log was"
    assert not_read in one.run("redrive", "task", *why, "--dry-run", status=1)
    assert f"nothing was sent; {not_read}" in one.run("redrive", "task", *why, "--yes", status=1)
    assert f"0 dead letters of task dropped; {not_read}" in one.run("drop", "task", *why, "--yes", *REASON, status=1)
    told = {names.CAUSE_ATTRIBUTE: text(json.dumps({"error_type": "TransientError", "error": "it answered 503"}))}
    world.sqs.put(world.dead, json.dumps(event(9)), id_="m9", attributes=told)
    said = one.json("redrive", "task", *why, "--yes", status=1)
    assert (said["sent"], said["complete"]) == (1, False)
    assert "3 dead letters of task dropped" in one.run("drop", "task", "--cause", "Unread", "--yes", *REASON)


def test_of_a_log_that_was_not_read_to_its_end_no_attempt_is_told_as_none(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(1)
    vars(world.aws.logs)["filter_log_events"] = lambda **_: {"events": [], "nextToken": "more"}
    said = one.run("show", "e0", status=1)
    assert "no attempt is in what was read of the log: Unread" in said and "there is more than 10 pages of it" in said
    assert one.json("show", "e0", status=1)["unseen"]
    vars(world.aws.logs)["filter_log_events"] = lambda **_: {"events": []}
    assert "no attempt is in the log: " in one.run("show", "e0")


@pytest.mark.long
def test_a_redrive_says_what_became_of_all(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(8)
    assert "8 sent back, 8 seen done" in one.run("redrive", "task", "--all", "--yes", "--rate", "1000")
    world.bury(8, begin=10)
    one.outcome(None)
    said = one.run("redrive", "task", "--all", "--yes", "--patience", "1", status=1)
    assert "1 sent back, 0 seen done, 0 failed again, 1 without an outcome so far, 7 of the chosen not handled" in said
    assert "canary: 1 without an outcome after 1 s; the rest is untouched" in said
    assert (
        one.json("redrive", "task", "--all", "--yes", "--no-canary", "--patience", "1", status=1)["no_outcome_yet"] == 7
    )


@pytest.mark.parametrize("id_", ["order-42", "e7"], ids=["of a reference", "of an event"])
@pytest.mark.parametrize("command", [("redrive",), ("drop", *REASON)], ids=["redrive", "drop"])
def test_all_letters_of_an_id_are_meant_wherever_they_are(
    shell: Make, world: World, command: tuple[str, ...], id_: str
) -> None:
    one, theirs = shell(world), (3, 150, 640)
    for number in range(650):
        made = event(7 if id_ == "e7" and number in theirs else 1_000 + number)
        if number in theirs:
            made["data"]["order_id"] = "order-42"
        world.sqs.put(world.dead, json.dumps(made), id_=f"m{number}")
    one.run(command[0], "task", "--id", id_, "--yes", *command[1:])
    assert {each.id for each in world.sqs.queue(world.dead).messages} == {
        f"m{n}" for n in range(650) if n not in theirs
    }


def test_a_dry_run_names_what_it_saw_and_changes_nothing(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(3)
    seen = one.json("redrive", "task", "--all", "--dry-run")
    assert seen["would_send"] == 3 and not world.sent()
    world.bury(3, begin=10)
    assert "exactly these, whatever dies meanwhile: fanout dead redrive task --frozen" in one.run(
        "redrive", "task", "--all", "--dry-run"
    )
    one.run("redrive", "task", "--frozen", seen["frozen"], "--yes", "--rate", "1000")
    assert sorted(world.sent()) == ["e0", "e1", "e2"]
    assert "leave out --all" in one.run("redrive", "task", "--frozen", "x", "--all", "--yes", status=2)
    assert "no dry run x of task" in one.run("redrive", "task", "--frozen", "x", "--yes", status=2)


def test_a_question_names_task_stack_and_account(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(2)
    where = "of Orders-prod (account 123456789012, eu-west-1)"
    path = world.folder / "x.jsonl"
    one.run("export", "task", "--to", str(path), *REASON)
    for command in (
        ("redrive", "task", "--all"),
        ("drop", "task", "--all", *REASON),
        ("import", str(path)),
        ("edit", "e1", "--patch", '[{"op": "add", "path": "/subject", "value": "x"}]', *REASON),
    ):
        said = one.run(*command, status=2)
        assert where in said and "nobody is here to ask" in said and "task" in said
    assert not world.sent() and len(world.sqs.visible(world.dead)) == 2


def busy_from(world: World, operation: str, number: int, code: str = "ThrottlingException") -> None:
    """AWS refuses the operation from its call of this number on."""
    calls = itertools.count(1)

    def refuse(when: str, named: str, asked: object) -> None:
        if when == "before" and named == operation and next(calls) >= number:
            raise refused(code, operation)

    world.sqs.around = refuse


def test_what_aws_refuses_in_the_middle_is_told_with_what_was_done(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(60)
    busy_from(world, "SendMessageBatch", 3)
    told = one.json("redrive", "task", "--all", "--yes", status=1)
    assert told["sent"] == len(world.sent()) == 60 - len(world.sqs.queue(world.dead).messages)
    assert told["sent"] and "AWS is busy" in told["stopped"]
    end = [each for each in Journal.of(world.stack).read() if each["step"] == "end"][-1]
    assert end["sent"] == told["sent"] and end["stopped"] == told["stopped"]


def test_a_drop_that_aws_stops_names_the_file_that_has_the_letters(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(100)
    busy_from(world, "DeleteMessageBatch", 9)
    told = one.json("drop", "task", "--all", "--yes", *REASON, status=1)
    kept = [json.loads(line) for line in (world.folder / Path(told["file"]).name).read_text().splitlines()]
    left = world.sqs.queue(world.dead).messages
    assert told["dropped"] + told["perhaps_dropped"] == len(kept) == 100 > len(left) > 0
    assert "AWS is busy" in told["stopped"] and told["perhaps_dropped"] >= len(left)
    busy_from(world, "DeleteMessageBatch", 1)
    assert "perhaps deleted; stopped: AWS is busy" in one.run("drop", "task", "--all", "--yes", *REASON, status=1)


def test_a_drop_that_nobody_may_make_leaves_no_file(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(12)
    busy_from(world, "DeleteMessageBatch", 1, "AccessDenied")
    assert "these credentials may not" in one.run("drop", "task", "--all", "--yes", *REASON, status=2)
    assert not list(world.folder.glob("dropped-*")) and len(world.sqs.visible(world.dead)) == 12


def test_an_import_that_aws_stops_says_how_many_were_sent(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(200)
    file = one.json("drop", "task", "--all", "--yes", *REASON)["file"]
    busy_from(world, "SendMessageBatch", 12)
    told = one.json("import", file, "--yes", status=1)
    assert told["sent"] == len(world.sent()) > 0 and "AWS is busy" in told["stopped"]
    world.sqs.around = lambda *_: None
    assert one.json("import", file, "--yes")["sent"] == 200 - told["sent"] == 200 - 110


@pytest.mark.parametrize(
    "command",
    [
        ("redrive", "task", "--all", "--yes"),
        ("redrive", "task", "--all", "--dry-run"),
        ("drop", "task", "--all", "--yes", *REASON),
        ("export", "task", *REASON),
        ("import", "nothing.jsonl", "--yes"),
        ("edit", "e1", "--patch", "[]", "--yes", *REASON),
        ("show", "e1", "--reveal", *REASON),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_without_a_journal_nothing_begins(
    command: tuple[str, ...], shell: Make, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bury(2)
    file = tmp_path / "a file"
    file.write_text("")
    monkeypatch.setenv(names.HOME, str(file))
    said = shell(world).run(*command, status=2)
    assert "the journal" in said and "cannot be used" in said
    assert not world.sqs.calls


def test_a_file_comes_back_once_and_a_cut_line_is_told(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(3)
    dropped = Path(one.json("drop", "task", "--all", "--yes", *REASON)["file"])
    dropped.write_text(dropped.read_text()[:-20])
    assert "its last line, 3, is cut and left out" in one.run("import", str(dropped), "--dry-run", status=1)
    assert one.json("import", str(dropped), "--yes", status=1) == {
        "sent": 2,
        "sent_before": 0,
        "perhaps_twice": 0,
        "cut_line": 3,
        "stopped": None,
        "erased": 0,
    }
    assert "0 sent, 2 were sent before" in one.run("import", str(dropped), "--yes", status=1)
    world.stack = world.stack_of("123456789012", "eu-west-1", "Orders-dev")
    assert "is from dead of Orders-prod" in one.run("import", str(dropped), "--yes", status=2)
    assert "a reason is needed" in one.run("import", str(dropped), "--yes", "--from-elsewhere", status=2)
    assert "2 sent" in one.run("import", str(dropped), "--yes", "--from-elsewhere", *REASON, status=1)
    journal = (world.folder / "123456789012.eu-west-1.Orders-dev.jsonl").read_text()
    assert '"from_elsewhere":true,"reason":"INC-1"' in journal


def test_a_drop_ends_with_the_line_that_takes_it_back(
    shell: Make, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.folder = tmp_path / "a folder"
    monkeypatch.setenv(names.HOME, str(world.folder))
    one = shell(world)
    world.bury(2)
    said = one.run("drop", "task", "--all", "--yes", *REASON)
    words = shlex.split(said.partition("to bring them back: ")[2])
    assert words[:3] == ["fanout", "dead", "import"] and words[4:] == ["--stack", "Orders-prod"]
    assert "2 sent" in one.run("import", words[3], "--yes")
    assert "to bring them back" not in one.run("drop", "task", "--id", "no-such", "--yes", *REASON)


def test_an_id_that_breaks_the_contract_is_mended(shell: Make, world: World) -> None:
    one = shell(world)
    broken = event(id="CANARY with a space")
    world.sqs.put(world.dead, json.dumps(broken), id_="m1")
    said = one.run("edit", "m1", "--new-id", "--yes", *REASON)
    (sent,) = world.sent()
    assert sent in said and "replace /id" in said and "CANARY" not in said
    assert "CANARY" not in "".join(each.read_text() for each in world.folder.glob("*.jsonl"))
    assert not world.sqs.queue(world.dead).messages


def test_an_edit_run_again_after_no_answer_is_asked_about_and_sends_the_same_event(shell: Make, world: World) -> None:
    one = shell(world)
    world.sqs.put(world.dead, json.dumps(event(id="has a space")), id_="m1")
    world.sqs.around = answer_lost("SendMessageBatch", {1})
    one.run("edit", "m1", "--new-id", "--yes", *REASON, status=2)
    world.sqs.around = lambda *_: None
    world.clock.wait(120)
    asked = one.run("edit", "m1", "--new-id", *REASON, status=2)
    assert "although an earlier run, which had no answer, has perhaps sent it already?" in asked
    assert one.json("edit", "m1", "--new-id", "--yes", *REASON)["perhaps_twice"] is True
    assert len(world.sent()) == 2 and len({*world.sent()}) == 1


def test_no_answer_is_shown_of_what_is_broken(shell: Make, world: World) -> None:
    one = shell(world)
    secret = "CANARY pat@example.com"
    world.sqs.put(world.dead, json.dumps(event(id=secret, source=secret)), id_="m1", attributes={"type": text(secret)})
    assert "CANARY" not in one.run("show", "m1") + one.run("list") + str(one.json("show", "m1"))
    assert "does not keep its contract" in one.run("show", "m1")


def test_what_was_redriven_before_is_marked(shell: Make, world: World) -> None:
    one = shell(world)
    world.bury(2)
    one.run("redrive", "task", "--id", "e1", "--yes", "--rate", "1000")
    world.sqs.put(world.dead, json.dumps(event(1)), id_="again")
    assert "1 of 2 redriven before" in one.run("list")
    assert one.json("show", "again")["redriven_before"] is True
    assert one.json("redrive", "task", "--all", "--dry-run")["redriven_before"] == 1


def test_a_fifo_export_says_how_to_get_the_rest(shell: Make, fifo: World) -> None:
    one = shell(fifo)
    fifo.bury(25, lambda number: "g")
    said = one.run("export", "task", *REASON, status=1)
    assert "10 dead letters of task copied" in said and "fanout dead drop writes them all into a file" in said
    assert one.json("drop", "task", "--all", "--yes", *REASON)["dropped"] == 25
