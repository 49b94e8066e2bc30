"""Where the variables and the credentials of a worker on this machine come from."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from fanout import names
from fanout.errors import OpsError
from fanout.ops.worker import place_of, use_role

ROLE = "arn:aws:iam::123456789012:role/worker"


def stack(production: bool = False, protected: bool = False, body: Any = None, **outputs: str) -> Any:
    metadata = {names.METADATA: {names.PRODUCTION_METADATA: production}}
    template: Any = body or {"Metadata": metadata, "Resources": {}}
    function = {"FunctionName": "the-function", "Environment": {"Variables": {names.TASK: "mail", "OWN": "1"}}}
    parameter = json.dumps({names.TASK: "mail", names.GRACE: "7"})
    aws = SimpleNamespace(
        cloudformation=SimpleNamespace(
            get_template=lambda **asked: {"TemplateBody": template},
            describe_stacks=lambda **asked: {"Stacks": [{"EnableTerminationProtection": protected}]},
        ),
        ssm=SimpleNamespace(get_parameter=lambda **asked: {"Parameter": {"Value": outputs.pop("value", parameter)}}),
    )
    kind = outputs.pop("kind", "function")
    subscriber = SimpleNamespace(id="Mail", task="mail", kind=kind, function=function)
    return SimpleNamespace(name="App-dev", aws=aws, outputs=outputs, subscriber=lambda task: subscriber)


def test_for_a_function_it_takes_its_variables_and_says_that_both_work() -> None:
    place = place_of(stack(), "mail")
    assert place.variables["OWN"] == "1" and place.role is None and place.shared_with == "the-function"


def test_for_a_worker_elsewhere_it_takes_the_parameter_and_the_role() -> None:
    place = place_of(stack(MailWorkerParameter="/p", MailWorkerRoleArn=ROLE, production=True), "mail")
    assert place.variables == {names.TASK: "mail", names.GRACE: "7"}
    assert place.role == ROLE and place.shared_with is None


@pytest.mark.parametrize(
    "what",
    [
        {"production": True},
        {"protected": True},
        {"body": json.dumps({"Metadata": {names.METADATA: {names.PRODUCTION_METADATA: True}}, "Resources": {}})},
        {"production": True, "MailWorkerParameter": "/p", "MailServiceArn": "arn:aws:ecs:::service/x"},
    ],
)
def test_nobody_works_on_production_from_a_shell(what: Any) -> None:
    with pytest.raises(OpsError, match="App-dev is production: mail runs where it was deployed"):
        place_of(stack(**what), "mail")


def test_without_a_queue_there_is_nothing_to_take() -> None:
    with pytest.raises(OpsError, match="mail has no queue"):
        place_of(stack(kind="direct"), "mail")


def test_a_parameter_that_is_no_object_is_one_line() -> None:
    with pytest.raises(OpsError, match="the parameter /p is no JSON object"):
        place_of(stack(MailWorkerParameter="/p", value="[1]"), "mail")


def test_every_client_has_the_roles_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody's")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    asked: list[dict[str, Any]] = []

    class Sts:
        def assume_role(self, **wanted: Any) -> dict[str, Any]:
            asked.append(wanted)
            held = {"AccessKeyId": "role's", "SecretAccessKey": "s", "SessionToken": "t"}
            return {"Credentials": {**held, "Expiration": "2099-01-01T00:00:00Z"}}

    monkeypatch.setattr("botocore.session.Session.create_client", lambda *a, **k: Sts())
    aws: Any = SimpleNamespace(session=boto3.Session(), region="eu-west-1")
    use_role(aws, ROLE, "mail")
    credentials: Any = boto3._get_default_session().get_credentials()
    assert credentials.get_frozen_credentials().access_key == "role's"
    assert asked[0]["RoleArn"] == ROLE and asked[0]["RoleSessionName"] == "fanout-work-mail"
