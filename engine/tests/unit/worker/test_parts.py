"""What a worker is made of, each by itself: records, variables, back-off, health, loading."""

import base64
import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout import names
from fanout.errors import ConfigurationError, OpsError, Unusable
from fanout.runtime import dead_letters, handler_of
from fanout.worker import process
from fanout.worker.backoff import LONGEST, Backoff
from fanout.worker.health import LIVE_FOR, Health, is_live
from fanout.worker.loading import load
from fanout.worker.records import record_of
from fanout.worker.variables import read
from fanout.worker.worker import Worker
from tests.unit.lambdas.conftest import Lines

ARN = "arn:aws:sqs:eu-west-1:123456789012:queue"
ENVIRON = {
    names.TASK: "a_task",
    names.QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    names.DEAD_LETTER_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    names.RETRY_DELAYS: "30,120",
    names.RETRY_JITTER: "0.2",
}


def message(**more: Any) -> dict[str, Any]:
    return {"MessageId": "m", "ReceiptHandle": "h", "Body": "b", "Attributes": {"ApproximateReceiveCount": "1"}, **more}


def test_a_message_becomes_what_lambda_would_hand_over() -> None:
    attributes = {
        "text": {"DataType": "String", "StringValue": "x"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    record = record_of(message(MessageAttributes=attributes, MD5OfBody="d"), ARN)
    assert record["messageAttributes"]["text"] | {} == {
        "dataType": "String", "stringValue": "x", "stringListValues": [], "binaryListValues": []
    }  # fmt: skip
    assert record["messageAttributes"]["bytes"]["binaryValue"] == base64.b64encode(b"\x00\xff").decode()
    assert (record["eventSourceARN"], record["awsRegion"], record["md5OfBody"]) == (ARN, "eu-west-1", "d")


def test_and_goes_to_the_dead_letters_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = {
        "text": {"DataType": "String", "StringValue": ""},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "count": {"DataType": "Number", "StringValue": "7"},
    }
    sent: list[dict[str, Any]] = []

    class Sqs:
        def send_message(self, **asked: Any) -> dict[str, Any]:
            sent.append(asked)
            return {}

    monkeypatch.setattr(dead_letters, "client", lambda service: Sqs())
    dead_letters.send(record_of(message(MessageAttributes=attributes), ARN), {"error": "x"})
    del sent[0]["MessageAttributes"][names.CAUSE_ATTRIBUTE]
    assert sent[0]["MessageAttributes"] == attributes


def test_variables_have_defaults_and_limits() -> None:
    variables = read(ENVIRON)
    assert (variables.visibility, variables.longest_attempt, variables.grace, variables.cool_down) == (60, 900, 25, 60)
    assert variables.queue_arn("eu-west-1") == ARN and variables.region == "eu-west-1"
    assert read({**ENVIRON, names.QUEUE_URL: "https://127.0.0.1:4566/000000000000/queue"}).region is None
    assert variables.queue_arn("us-gov-west-1").startswith("arn:aws-us-gov:")
    assert read({**ENVIRON, names.LONGEST_ATTEMPT: "43000"}).longest_attempt == 43_000


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({names.QUEUE_URL: ""}, "FANOUT_QUEUE_URL: not in the environment"),
        ({names.VISIBILITY: "29"}, "FANOUT_VISIBILITY is '29': expected a whole number from 30 to 43200"),
        ({names.LONGEST_ATTEMPT: "43200"}, "from 1 to 43080"),
        ({names.CONCURRENCY: "0"}, "FANOUT_CONCURRENCY is '0'"),
        ({names.GRACE: "soon"}, "FANOUT_GRACE is 'soon'"),
        ({names.RETRY_DELAYS: "1,x"}, "FANOUT_RETRY_DELAYS is '1,x': expected seconds"),
        ({names.COMPLETED_TABLE: "t"}, "FANOUT_COMPLETED_SECONDS is missing"),
    ],
)
def test_what_cannot_be_is_one_line(change: dict[str, str], line: str) -> None:
    with pytest.raises(ConfigurationError, match=line):
        read({**ENVIRON, **change})


def test_two_workers_do_not_ask_again_at_the_same_moment() -> None:
    sooner, later = Backoff(lambda: 0.0), Backoff(lambda: 0.99)
    waits = [(sooner.failed(), later.failed()) for _ in range(12)]
    assert all(one < other <= LONGEST for one, other in waits) and waits[0] < (1, 1) and waits[-1][0] == LONGEST / 2
    sooner.fine()
    assert sooner.failed() == 0.5


def test_health_is_a_file_and_an_answer(tmp_path: Path) -> None:
    now = {"is": 0.0}
    file = tmp_path / "health"
    health = Health(file, lambda: now["is"])
    port = health.serve("127.0.0.1", 0)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def asked(path: str) -> tuple[int, dict[str, Any]]:
        try:
            with opener.open(f"http://127.0.0.1:{port}/{path}") as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    assert asked("ready") == (503, {"live": True, "ready": False, "held": 0, "why": "it has not begun"})
    health.turned(ready=True, why_not="", held=2)
    assert asked("ready") == (200, {"live": True, "ready": True, "held": 2}) and asked("live")[0] == 200
    assert json.loads(file.read_text())["ready"] is True and asked("other")[0] == 404
    assert os.listdir(tmp_path) == ["health"]
    now["is"] = LIVE_FOR
    assert asked("live") == (503, {"live": False, "ready": False, "held": 2, "why": "its loop stands still"})


@pytest.mark.parametrize("one_at_a_time", [False, True])
@pytest.mark.parametrize(
    ("error", "status"),
    [(RuntimeError("canary"), 1), (OSError(28, "No space left on device"), 1), (OpsError("no such queue"), None)],
)
def test_a_worker_that_had_begun_ends_with_1_and_one_that_could_not_raises(
    error: Exception,
    status: int | None,
    one_at_a_time: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ends(worker: Any) -> int:
        raise error

    monkeypatch.setattr(process, "load", lambda *_: handler_of(takes).task)  # type: ignore[attr-defined]
    monkeypatch.setattr(process, "receiver", lambda: SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1")))
    monkeypatch.setattr(process, "STOPPING", ())
    monkeypatch.setattr(Worker, "run", ends)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    options = process.Options([], one_at_a_time=one_at_a_time)
    if status is None:
        with pytest.raises(OpsError, match="no such queue"):
            process.run(options)
        return
    assert process.run(options) == status
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1 and "canary" not in told


def takes(order: OrderPlaced) -> None:
    """A task."""


@pytest.mark.parametrize("refused", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_whoever_reads_its_output_is_gone_and_its_status_stays(
    refused: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []

    def broken() -> None:
        raise refused

    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(flush=broken))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(flush=broken))
    process.leave(0)
    assert left == [0]


def test_a_file_of_a_worker_that_hangs_grows_old(tmp_path: Path) -> None:
    file = tmp_path / "health"
    assert not is_live(file, 0.0)
    Health(file).turned(ready=True, why_not="", held=0)
    at = file.stat().st_mtime
    assert is_live(file, at) and not is_live(file, at + LIVE_FOR)


def test_a_health_file_that_cannot_be_written_is_said_once_until_it_could_be(tmp_path: Path, lines: Lines) -> None:
    file = tmp_path / "tmp" / "health"
    health = Health(file)
    for _ in range(3):
        health.turned(ready=True, why_not="", held=0)
    (line,) = lines()
    assert (line["level"], line["message"]) == ("ERROR", "the health file cannot be written")
    assert (line["health_file"], line["refused"]) == (str(file), "No such file or directory")
    file.parent.mkdir()
    health.turned(ready=True, why_not="", held=0)
    assert file.is_file() and lines() == [line]
    shutil.rmtree(file.parent)
    health.turned(ready=True, why_not="", held=0)
    assert len(lines()) == 2


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import no_such_package", r"broken\d cannot be imported \(broken\d/handler.py:1\): ModuleNotFoundError"),
        ("import sys\nsys.exit(3)", r"broken\d cannot be imported \(broken\d/handler.py:2\): SystemExit: 3"),
        ("def handle(event): ...", r"broken\d/handler.py has no `handle = handler_of"),
    ],
)
def test_a_handler_that_cannot_be_used_is_one_line(
    tmp_path: Path, source: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    task = f"broken{len(source) % 10}"
    (tmp_path / task).mkdir()
    (tmp_path / task / "handler.py").write_text(source)
    with pytest.raises(Unusable, match=line):
        load(task, [str(tmp_path)])
