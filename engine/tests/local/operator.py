"""An operator at a shell: runs the real `fanout` against the deployed stack, with nothing but credentials and a name."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import boto3

from fanout.local.emulator.connection import without_real_aws
from fanout.project import find_root
from fanout.publisher import Event, EventPublisher
from tests.local.conftest import Deployed
from tests.published import order_placed

READ, HEAL = "OperatorReadPolicyArn", "OperatorHealPolicyArn"


def keys_with(deployed: Deployed, *policies: str) -> dict[str, str]:
    """Of a fresh user who holds the stack's policies of these outputs, and nothing else."""
    session = deployed.session_with({}, *(deployed.stack.outputs[each] for each in policies))
    held = session.get_credentials()
    assert held is not None
    return {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}


_FORK = multiprocessing.get_context("fork")


def _become(arguments: tuple[str, ...], environment: dict[str, str], out: int, err: int) -> None:
    """This process becomes `fanout`: its environment, its arguments, its streams."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(find_root())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["fanout", *arguments]
    boto3.DEFAULT_SESSION = None
    from fanout.cli.main import main

    main()


def _all(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@dataclass
class Operator:
    """`home` keeps the journal; `keys` are whose credentials these are."""

    deployed: Deployed
    home: Path
    keys: Mapping[str, str]
    columns: int | None = None
    stack: str | None = None
    """Another than the deployed one."""

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in without_real_aws(os.environ).items() if name != "COLUMNS"}
        wide = {"COLUMNS": str(self.columns)} if self.columns else {}
        variables = {**self.deployed.connection.variables, **self.keys, "FANOUT_HOME": str(self.home)}
        return {**inherited, **variables, **wide, "FANOUT_STACK": self.stack or self.deployed.stack.name}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "fanout.cli.main", *arguments],
            cwd=find_root(),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, status: int | None = 0, timeout: float = 60) -> str:
        """What it printed; it must end with `status`, and never with a traceback.

        In a fork, which has imported the SDK already: half a second less for each of the many commands.
        """
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            child = _FORK.Process(target=_become, args=(arguments, self.environment, out.fileno(), err.fileno()))
            child.start()
            child.join(timeout)
            assert child.exitcode is not None, f"fanout {' '.join(arguments)} takes more than {timeout:g} s"
            told, said = (_all(each) for each in (out, err))
        assert "Traceback" not in said, said
        assert status in (None, child.exitcode), f"{child.exitcode}\n{told}\n{said}"
        return told if child.exitcode == 0 or told else said

    def json(self, *arguments: str, status: int | None = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status))

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for path in self.home.glob("*.jsonl") for line in path.read_text().splitlines()]


def publish(deployed: Deployed, count: int, shop_id: str) -> list[Event]:
    """Made-up orders; their answers must appear nowhere but where a test says so."""
    events = [
        order_placed(shop_id=shop_id, order_id=f"{shop_id}-{n}", items={"q": "canary-answer"}) for n in range(count)
    ]
    result = EventPublisher(deployed.stack.topic_arn, session=deployed.session).publish_many(events)
    assert result.published == count
    return events


def bury(deployed: Deployed, events: list[Event], task: str = "notify_partner") -> None:
    """Straight into the dead-letter queue, as SNS does with what it cannot deliver."""
    url = deployed.stack.subscriber(task).dead_letter_queue_url
    sqs = deployed.session.client("sqs")
    for start in range(0, len(events), 10):
        entries = [
            {
                "Id": str(n),
                "MessageBody": each.body,
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value} for name, value in each.attributes.items()
                },
            }
            for n, each in enumerate(events[start : start + 10])
        ]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
        assert len(answer["Successful"]) == len(entries)


def made_up(count: int, shop_id: str) -> list[Event]:
    return [
        order_placed(shop_id=shop_id, order_id=f"{shop_id}-{n}", items={"q": "canary-answer"}) for n in range(count)
    ]


def deliveries(deployed: Deployed, events: list[Event]) -> list[int]:
    """How often the webhook took each event with 200."""
    wanted = {each.id: 0 for each in events}
    for request in deployed.receiver.requests():
        if request.answer == 200 and (id_ := request.headers.get("webhook-id")) in wanted:
            wanted[id_] += 1
    return list(wanted.values())
