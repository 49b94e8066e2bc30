"""Scale: forty subscribers in one stack, deployed to the embedded AWS, and an event that reaches every one of them.

Then a second stack on the same topic, and an event that reaches all of both. What is one too many for CloudFormation's
500 resources must stop the synth with one line. One round: each of it is possible or not. The times beside it are of
that round, so they are information and no promise.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.embedded import embedded_aws
from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP as FIXTURE
from benchmarks.harness.measuring import ENGINE, Say, environment, run, seconds
from benchmarks.harness.rows import Row, at_least, at_most, row
from fanout.local import deploy
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.state import State
from fanout.local.program import environment as environment_of
from fanout.local.wait import wait_until
from fanout.project import find_cdk
from fanout.publisher import EventPublisher
from tests.published import order_placed

APP = ENGINE / "benchmarks" / "peers" / "many_app.py"
SUBSCRIBERS = 40
MOST_RESOURCES = 500
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
DEADLINE = 120.0


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        yield from _synthesized(Path(folder), say)
    say("starting the embedded AWS")
    with embedded_aws() as emulator:
        yield from _deployed(emulator.connection, emulator.state, say)


def _synthesized(folder: Path, say: Say) -> Iterator[Row]:
    say(f"synthesizing {SUBSCRIBERS} subscribers")
    took = seconds(_app(SUBSCRIBERS), environment=environment(CDK_OUTDIR=str(folder)))
    resources = len(json.loads((folder / "Many.template.json").read_text())["Resources"])
    yield row(f"{SUBSCRIBERS} subscribers: synth", took, unit="s")
    yield row(f"{SUBSCRIBERS} subscribers: resources", resources, unit="resources", goal=at_most(MOST_RESOURCES))
    one_too_many = SUBSCRIBERS + (MOST_RESOURCES - resources) // (resources // SUBSCRIBERS) + 1
    say(f"refusing {one_too_many} subscribers")
    yield row(
        f"{one_too_many} subscribers: lines of advice", _refused(one_too_many, folder), unit="lines", goal=at_most(1)
    )


def _refused(count: int, folder: Path) -> int:
    ended = subprocess.run(
        _app(count), env=environment(CDK_OUTDIR=str(folder)), cwd=FIXTURE, capture_output=True, text=True, check=False
    )
    if ended.returncode != 1 or "to a stack of their own" not in ended.stderr:
        raise BenchmarkError(f"{count} subscribers should not be synthesized, and were: {ended.stderr[-200:]}")
    return ended.stderr.count("\n")


def _deployed(connection: Connection, state: State, say: Say) -> Iterator[Row]:
    deploy.prepare(connection)
    connection.session.client("ssm").put_parameter(
        Name="/fanout/local/webhook-url", Value="https://127.0.0.1/nobody", Type="String"
    )
    say(f"deploying {SUBSCRIBERS} subscribers")
    began = time.monotonic()
    many = deploy_stack(connection, state, "Many", [str(SUBSCRIBERS)])
    yield row(f"{SUBSCRIBERS} subscribers: deployed to the embedded AWS", time.monotonic() - began, unit="s")
    asked = connection.session.client("lambda").get_function_configuration(FunctionName=many["Task0FunctionName"])
    sender = asked["Environment"]["Variables"]["EMAIL_SENDER"]
    connection.session.client("ses").verify_email_identity(EmailAddress=sender)
    say("an event to all of them")
    reached, took = _reach(connection, many["TopicArn"], many)
    yield row(f"{SUBSCRIBERS} subscribers: received an event", reached, unit="subscribers", goal=at_least(SUBSCRIBERS))
    yield row(f"{SUBSCRIBERS} subscribers: until the last was done", took, unit="s")
    say("a second stack on the same topic")
    more = deploy_stack(connection, state, "More", ["1", many["TopicArn"]])
    reached, _ = _reach(connection, many["TopicArn"], {**many, **{f"More{name}": arn for name, arn in more.items()}})
    yield row("and a second stack's: received an event", reached, unit="subscribers", goal=at_least(SUBSCRIBERS + 1))


def _app(*arguments: object) -> list[str]:
    return [sys.executable, str(APP), *map(str, arguments)]


def deploy_stack(connection: Connection, state: State, stack: str, arguments: Sequence[str]) -> Mapping[str, str]:
    """With the real CLI; its outputs."""
    told = state.folder / "outputs.json"
    command = [str(find_cdk()), "deploy", stack, "--app", " ".join(_app(*arguments)), "--require-approval", "never"]
    command += ["--method", "direct", "--output", str(state.assembly), "--outputs-file", str(told)]
    run(command, environment={**environment_of(connection), "PYTHONPATH": f"{FIXTURE}:{ENGINE}"})
    outputs: Mapping[str, str] = json.loads(told.read_text())[stack]
    return outputs


def _reach(connection: Connection, topic_arn: str, outputs: Mapping[str, str]) -> tuple[int, float]:
    """How many functions said that they are done with one event, and the seconds until the last of them."""
    event = order_placed(
        shop_id="contact",
        order_id=f"scale-{time.time_ns()}",
        items={"message": "To everybody"},
        customer_email="kim.example@example.com",
        customer_name="Kim Example",
    )
    functions = [value for name, value in outputs.items() if name.endswith("FunctionName")]
    lambdas, logs = connection.session.client("lambda"), connection.session.client("logs")
    groups = [lambdas.get_function_configuration(FunctionName=each)["LoggingConfig"]["LogGroup"] for each in functions]
    began = time.monotonic()
    EventPublisher(topic_arn, session=connection.session).publish(event)

    def done() -> bool:
        open_ = [each for each in groups if each not in finished]
        for group in open_:
            lines = logs.filter_log_events(logGroupName=group)["events"]
            if any(event.id in each["message"] and '"done"' in each["message"] for each in lines):
                finished.add(group)
        return len(finished) == len(groups)

    finished: set[str] = set()
    wait_until(done, what=f"{len(groups)} functions to be done with {event.id}", deadline=DEADLINE)
    return len(finished), time.monotonic() - began
