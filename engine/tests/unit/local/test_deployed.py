"""`up` deploys nothing only where the last deployment of just this assembly is still there, untouched."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from fanout.assembly.kept import RECORD
from fanout.local import deployed
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.state import State

RECEIVER = "https://127.0.0.1:1/webhook"


class Aws:
    """CloudFormation with the stacks of `stacks`; it does not run where they are None."""

    def __init__(self) -> None:
        self.stacks: list[dict[str, Any]] | None = [self.stack("A-local"), self.stack("B-local"), self.stack("Other")]
        self.session = SimpleNamespace(client=lambda service: self)

    @staticmethod
    def stack(name: str) -> dict[str, Any]:
        return {"StackName": name, "StackId": f"{name}/1", "StackStatus": "CREATE_COMPLETE", "CreationTime": 1}

    def describe_stacks(self) -> dict[str, Any]:
        if self.stacks is None:
            raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")
        return {"Stacks": self.stacks}


@pytest.fixture
def state(tmp_path: Any) -> State:
    made = State(tmp_path / "state")
    made.create()
    made.assembly.mkdir()
    for name in ("A-local.template.json", "B-local.template.json", "asset.zip", RECORD):
        (made.assembly / name).write_text(name)
    return made


@pytest.fixture
def aws(state: State) -> Aws:
    made = Aws()
    deployed.remember(cast(Connection, made), state, RECEIVER)
    return made


def _is_deployed(aws: Aws, state: State, *, imported: bool = False, receiver: str = RECEIVER) -> bool:
    return deployed.is_deployed(cast(Connection, aws), state, receiver, imported=imported)


def test_a_deployment_is_still_there_whatever_other_stacks_do(aws: Aws, state: State) -> None:
    assert _is_deployed(aws, state)
    assert aws.stacks is not None
    aws.stacks.pop()
    assert _is_deployed(aws, state)


def _first(**changed: Any) -> Callable[[Aws, State], object]:
    return lambda aws, state: aws.stacks and aws.stacks[0].update(changed)


CHANGES: dict[str, Callable[[Aws, State], object]] = {
    "the emulator ended": lambda aws, state: setattr(aws, "stacks", None),
    "it was started again": lambda aws, state: setattr(aws, "stacks", []),
    "a stack was deleted": lambda aws, state: aws.stacks and aws.stacks.pop(0),
    "a stack was made again": _first(StackId="A-local/2"),
    "a stack was deployed by somebody else": _first(LastUpdatedTime=2),
    "a deployment of it failed": _first(StackStatus="UPDATE_ROLLBACK_COMPLETE"),
    "a template": lambda aws, state: (state.assembly / "A-local.template.json").write_text("{}"),
    "an asset": lambda aws, state: (state.assembly / "asset.zip").write_text("another"),
    "a stack more": lambda aws, state: (state.assembly / "C-local.template.json").write_text("{}"),
    "a deployment was begun": lambda aws, state: deployed.forget(state),
    "half a file": lambda aws, state: (state.folder / deployed.FILE).write_text("{"),
    "the CDK CLI is to synthesize": lambda aws, state: (state.assembly / RECORD).unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_is_not_where_anything_changed(aws: Aws, state: State, change: Callable[[Aws, State], object]) -> None:
    change(aws, state)
    assert not _is_deployed(aws, state)


def test_it_is_not_where_the_receiver_has_another_address(aws: Aws, state: State) -> None:
    assert not _is_deployed(aws, state, receiver="https://127.0.0.1:2/webhook")


def test_handlers_are_imported_until_all_of_them_could_be(aws: Aws, state: State) -> None:
    assert not _is_deployed(aws, state, imported=True)
    deployed.remember_imported(state)
    assert _is_deployed(aws, state, imported=True) and _is_deployed(aws, state)
    deployed.remember(cast(Connection, aws), state, RECEIVER)
    assert not _is_deployed(aws, state, imported=True), "another deployment, and its handlers were not imported yet"


def test_what_the_cdk_cli_synthesized_is_never_remembered(state: State) -> None:
    (state.assembly / RECORD).unlink()
    deployed.remember(cast(Connection, Aws()), state, RECEIVER)
    deployed.remember_imported(state)
    assert not (state.folder / deployed.FILE).exists()
