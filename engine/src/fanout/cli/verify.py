"""`fanout verify`: a deployment proves itself, by probes that no task sees."""

from contextlib import nullcontext
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.text import Text

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, connect
from fanout.cli.options import Json, OfTopic, Yes
from fanout.cli.output import console, errors, foreign, say_json, table
from fanout.errors import Unusable
from fanout.ops.interrupt import stoppable
from fanout.ops.verify import caution, file
from fanout.ops.verify.result import FAILED, NOT_SHOWN, PASSED, SKIPPED, Result
from fanout.ops.verify.runner import Runner
from fanout.ops.verify.steps.table import Step, chosen
from fanout.ops.verify.verification import Verification
from fanout.words import counted, lasting

_STYLES = {PASSED: "green", FAILED: "red", NOT_SHOWN: "yellow", SKIPPED: "dim"}


@aws_command
def verify(
    target: Target,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="STEP", help="This step; again for more.")] = None,
    core: Annotated[bool, typer.Option("--core", help="The first six steps: two minutes instead of ten.")] = False,
    role: Annotated[
        str | None,
        typer.Option(
            "--role", metavar="ARN", help="Assumed, with the stack's own policies alone, where they are proven."
        ),
    ] = None,
    topic: OfTopic = None,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Prove a deployment by probes, which no task sees. Exit status 1: it does not do what it promises.

    Production, and a topic with subscribers of others, need --yes. Nothing is left behind; what AWS answered is in a file.
    """
    if only and core:
        raise Unusable("--only names the steps: leave out --core")
    steps = chosen(only or [], core=core)
    with stoppable() as stop:
        stack = connect(target).of_topic(topic)
        stack.require_deployed("fanout verify")
        verification = Verification(stack, stop, role, tuple(only or ()))
        _refuse(verification, yes=yes)
        runner = Runner(verification, steps)
        try:
            _run(runner, as_json)
        except KeyboardInterrupt:
            return INTERRUPTED
    path, unwritten = _written(verification, runner)
    failed = [each for each in runner.results if each.result == FAILED]
    if as_json:
        facts: dict[str, Any] = {"stack": verification.stack.name, "run": verification.run, "facts": path}
        say_json({**facts, "well": not failed, "steps": [each.as_dict() for each in runner.results]})
    else:
        _print(runner.results, path or "nowhere")
    if unwritten:
        raise unwritten
    return int(bool(failed))


def _written(verification: Verification, runner: Runner) -> tuple[str | None, Unusable | None]:
    """Where; or why not, which is raised once what was seen is said."""
    try:
        return str(file.write(verification, runner.results)), None
    except Unusable as error:
        return None, error


def _refuse(verification: Verification, *, yes: bool) -> None:
    reasons = [] if yes else caution.reasons(verification)
    if reasons:
        raise Unusable(f"{verification.stack.label}: {'; and '.join(reasons)}: nothing was done; give --yes")


def _run(runner: Runner, as_json: bool) -> None:
    to = errors if as_json else console
    with Status("", console=to) if to.is_terminal else nullcontext() as status:

        def begin(step: Step) -> None:
            if status is not None:
                status.update(f"{step.name}: whether {step.proves}")

        runner.begin = begin
        for result in runner.run():
            to.print(_line(result), soft_wrap=True)


def _line(result: Result) -> Text:
    return Text.assemble(foreign(result.result, _STYLES[result.result]), f" {result.step} ({lasting(result.seconds)})")


def _print(results: list[Result], path: str) -> None:
    shown = table("step", "result", "seen", "took", right=("took",), fold=("seen",))
    for each in results:
        shown.add_row(each.step, Text(each.result, _STYLES[each.result]), foreign(each.seen), lasting(each.seconds))
    console.print()
    console.print(shown)
    counts = {result: sum(each.result == result for each in results) for result in _STYLES}
    told = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    console.print(f"{counted(len(results), 'step')}: {told}; what AWS answered: {path}", soft_wrap=True)
