"""A stack that is refused says the findings on the terminal, and one that cannot be synthesized its own error."""

import json
from pathlib import Path

import pytest

from fanout.local import synth
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError

REPORT = """\
ERROR no RedrivePolicy: messages that fail are deleted (Fanout)
   OrderEvents-local/Mine/Resource (Mine) aws-cdk-lib.aws_sqs.CfnQueue
   Suggested fix: Give the queue a RedrivePolicy.

WARNING RawMessageDelivery is off
   OrderEvents-local/Mine
error: these templates are not fit to be deployed: see the findings above
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state")
    made.create()
    return made


def test_the_findings_are_printed_and_the_reason_is_one_line(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").write_text(REPORT)
    with pytest.raises(LocalError) as raised:
        synth.synthesize(Connection(1, state.authority), state, f"cat {tmp_path / 'report'}; exit 1")
    assert str(raised.value).startswith("the stack was not synthesized: error: these templates are not fit")
    told = capsys.readouterr().err
    assert "ERROR no RedrivePolicy" in told and "Suggested fix: Give the queue" in told
    assert "WARNING" not in told and "error: these" not in told


def test_the_assembly_is_what_is_deployed_unless_the_stack_looks_something_up(state: State) -> None:
    made = "mkdir -p $CDK_OUTDIR && echo '{}' > $CDK_OUTDIR/manifest.json"
    assert synth.synthesize(Connection(1, state.authority), state, made) == str(state.assembly)
    asking = made.replace("{}", json.dumps({"missing": [{"key": "vpc"}]}))
    assert synth.synthesize(Connection(1, state.authority), state, asking) == asking


def test_the_program_gets_the_apps_context_and_what_the_cdk_cli_adds(state: State, tmp_path: Path) -> None:
    said = tmp_path / "context.json"
    synth.synthesize(Connection(1, state.authority), state, f'printf "%s" "$CDK_CONTEXT_JSON" > {said}')
    context = json.loads(said.read_text())
    assert context["aws:cdk:enable-asset-metadata"] is True
    assert context["fanout:product"] == "OrderEvents"
