"""Whatever state a stack is in, a deployment goes on, waits, or says in one line what a person runs first."""

import boto3
import pytest
from botocore.stub import Stubber

from fanout.errors import OpsError
from fanout.ops.deploy import stack_states
from fanout.ops.deploy.stack_states import FAILED_CREATION, NONE, STATES, Found

CLIENT = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none").client(
    "cloudformation", region_name="eu-west-1"
)
EVERY: list[str] = list(getattr(CLIENT.meta.service_model.shape_for("StackStatus"), "enum"))  # noqa: B009
STACK = "OrderEvents-prod"


class Session(boto3.Session):
    def client(self, *_: object, **__: object):  # type: ignore[no-untyped-def]
        return CLIENT


def looked(status: str, *, protected: bool = False) -> Found:
    stack = {"StackName": STACK, "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": status}
    with Stubber(CLIENT) as stub:
        stub.add_response("describe_stacks", {"Stacks": [{**stack, "EnableTerminationProtection": protected}]})
        return stack_states.look(Session(), "eu-west-1", STACK)


def test_no_state_of_cloudformation_is_forgotten() -> None:
    assert STATES.keys() - {NONE} == set(EVERY)


@pytest.mark.parametrize("status", EVERY)
@pytest.mark.parametrize("protected", [False, True])
def test_every_state_has_an_answer_in_one_line(status: str, protected: bool) -> None:
    found = looked(status, protected=protected)
    advice = found.advice()
    if status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        assert advice.does == "wait"
    elif status.endswith("FAILED") or (protected and status in FAILED_CREATION):
        assert advice.does == "run"
    else:
        assert advice.does == "proceed"
    if advice.does == "proceed":
        stack_states.refuse_unready(found)
    else:
        with pytest.raises(OpsError) as refused:
            stack_states.refuse_unready(found)
        line = str(refused.value)
        assert line.startswith(f"{STACK} is {status}: ") and "\n" not in line
        assert "`" in line and STACK in line.partition(": ")[2] and "{" not in line


@pytest.mark.parametrize("status", FAILED_CREATION)
def test_what_protects_a_stack_that_never_lived_is_lifted_first(status: str) -> None:
    todo = looked(status, protected=True).advice().todo
    lift = f"aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {STACK}"
    assert lift in todo
    assert ("delete-stack" in todo) == (status != "ROLLBACK_COMPLETE")
    assert "termination-protection" not in looked(status).advice().todo


def test_a_stack_that_is_not_there_can_be_made() -> None:
    with Stubber(CLIENT) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", f"Stack with id {STACK} does not exist")
        found = stack_states.look(Session(), "eu-west-1", STACK)
    assert (found.state, found.exists, found.advice().does) == (NONE, False, "proceed")


def test_a_state_of_a_newer_cloudformation_is_looked_at() -> None:
    assert Found(STACK, "HIBERNATING").advice().does == "run"
