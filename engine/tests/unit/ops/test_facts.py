"""Every fact of the table, with each of AWS's answers: it holds, it does not, it could not be asked."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fanout.ops.deploy import facts, rights
from fanout.ops.deploy.fact import Account, Fact
from fanout.ops.deploy.needs import Needs, needs_of
from fanout.ops.deploy.questions import QUESTIONS
from fanout.project import intake, product
from tests.places import REPOSITORY

ACCOUNT, REGION, STACK, SENDER = "123456789012", "eu-west-1", "OrderEvents-prod", "orders@shop.test-domain.org"
NEEDS = Needs(
    mails=True,
    senders=(SENDER,),
    concurrency=150,
    policies=("order-events-prod",),
    bootstrap_version=6,
    services=1,
    beside=("OrderDesk-dev",),
)
STACKS = {"Stacks": [{"StackName": STACK, "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": "CREATE_COMPLETE"}]}
POLICIES = [{"PolicyName": f"of-another-{number}"} for number in range(5)]
VERIFIED, UNVERIFIED = {"VerifiedForSendingStatus": True}, {"VerifiedForSendingStatus": False}
WITH_SET = {**VERIFIED, "ConfigurationSetName": "all-mail"}
NOT_FOUND = "NotFoundException"


class Session(boto3.Session):
    """Answers from stubs: a dictionary is an answer, a word is an error's code."""

    def __init__(self, **answers: list[tuple[str, Any]]) -> None:
        super().__init__(aws_access_key_id="none", aws_secret_access_key="none")
        self.stubs: dict[str, Stubber] = {}
        for service, given in answers.items():
            client: Any = super().client(service.rstrip("_"), region_name=REGION)  # type: ignore[call-overload]
            stub = self.stubs[service.rstrip("_")] = Stubber(client)
            for operation, answer in given:
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer, f"not authorized to perform: some:{operation}")
                else:
                    stub.add_response(operation, answer)
            stub.activate()

    def client(self, service: str, **_: object):  # type: ignore[no-untyped-def, override]
        return self.stubs[service].client


def limits(number: int) -> dict[str, Any]:
    return {"AccountLimit": {"UnreservedConcurrentExecutions": number}}


def one(name: str, session: Session, needs: Needs = NEEDS, partition: str = "aws") -> Fact:
    account = Account(session, ACCOUNT, REGION, partition, STACK, needs)
    (found,) = facts.ask(account, [each for each in QUESTIONS if each.name == name])
    return found


Case = tuple[str, str, str, Any, bool, str]
ANSWERS: list[Case] = [
    ("stack", "cloudformation", "describe_stacks", STACKS, True, "is CREATE_COMPLETE"),
    (
        "stack",
        "cloudformation",
        "describe_stacks",
        {"Stacks": [{**STACKS["Stacks"][0], "StackStatus": "UPDATE_FAILED"}]},
        False,
        "cdk rollback",
    ),
    ("bootstrap", "ssm", "get_parameter", {"Parameter": {"Value": "6"}}, True, "version 6"),
    ("bootstrap", "ssm", "get_parameter", {"Parameter": {"Value": "5"}}, False, f"needs 6; run `cdk bootstrap aws://{ACCOUNT}"),
    ("bootstrap", "ssm", "get_parameter", "ParameterNotFound", False, "is not bootstrapped"),
    ("traces", "xray", "list_resource_policies", {"ResourcePolicies": POLICIES[:4]}, True, "4 of 5"),
    ("traces", "xray", "list_resource_policies", {"ResourcePolicies": POLICIES}, False, "delete-resource-policy"),
    (
        "traces",
        "xray",
        "list_resource_policies",
        {"ResourcePolicies": [*POLICIES[:4], {"PolicyName": "order-events-prod"}]},
        True,
        "0 are to come",
    ),
    ("concurrency", "lambda_", "get_account_settings", limits(150), True, "150 invocations"),
    ("concurrency", "lambda_", "get_account_settings", limits(149), False, "request-service-quota-increase"),
    ("mail", "sesv2", "get_account", {"SendingEnabled": True, "ProductionAccessEnabled": True}, True, "to everybody"),
    ("mail", "sesv2", "get_account", {"SendingEnabled": True, "ProductionAccessEnabled": False}, False, "sandbox"),
    (
        "mail",
        "sesv2",
        "get_account",
        {"SendingEnabled": False, "ProductionAccessEnabled": True, "EnforcementStatus": "SHUTDOWN"},
        False,
        "SES sends nothing (status SHUTDOWN)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "service", "operation", "answer", "holds", "told"), ANSWERS)
def test_an_answer_of_aws_is_a_fact(
    name: str, service: str, operation: str, answer: Any, holds: bool, told: str
) -> None:
    found = one(name, Session(**{service: [(operation, answer)]}))
    assert found.holds is holds and told in found.line and "\n" not in found.line
    assert bool(found.todo) is not holds


@pytest.mark.parametrize(
    ("address", "domain", "holds"),
    [(VERIFIED, VERIFIED, True), (NOT_FOUND, VERIFIED, True), (UNVERIFIED, NOT_FOUND, False), (NOT_FOUND, NOT_FOUND, False)],
)  # fmt: skip
def test_a_sender_is_verified_by_its_address_or_its_domain(address: Any, domain: Any, holds: bool) -> None:
    asked = [("get_email_identity", address), ("get_email_identity", domain)]
    found = one("sender", Session(sesv2=asked))
    assert found.holds is holds
    assert holds or f"create-email-identity --email-identity {SENDER}" in found.todo


@pytest.mark.parametrize(
    ("address", "allowed", "holds"), [(VERIFIED, False, True), (WITH_SET, False, False), (WITH_SET, True, True)]
)
def test_a_senders_default_set_is_one_that_the_functions_may_use(address: Any, allowed: bool, holds: bool) -> None:
    asked = [("get_email_identity", address), ("get_email_identity", NOT_FOUND)]
    needs = Needs(mails=True, senders=(SENDER,), configuration_sets=allowed)
    found = one("configuration-set", Session(sesv2=asked), needs)
    assert found.holds is holds and (holds or "configuration-set/*" in found.todo)


ASKED = [each for each in QUESTIONS if each.action]
CALLS = {
    "cloudformation:DescribeStacks": ("cloudformation", "describe_stacks"),
    "ssm:GetParameter": ("ssm", "get_parameter"),
    "xray:ListResourcePolicies": ("xray", "list_resource_policies"),
    "lambda:GetAccountSettings": ("lambda_", "get_account_settings"),
    "iam:GetRole": ("iam", "get_role"),
    "ses:GetAccount": ("sesv2", "get_account"),
    "ses:GetEmailIdentity": ("sesv2", "get_email_identity"),
}


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "ThrottlingException", "InternalFailure"])
@pytest.mark.parametrize("question", ASKED, ids=lambda each: each.name)
def test_what_could_not_be_asked_is_never_told_as_fine(question: Any, code: str) -> None:
    service, operation = CALLS[question.action]
    found = one(question.name, Session(**{service: [(operation, code)]}))
    assert found.holds is None
    assert "could not be asked: " in found.said and "\n" not in found.line
    assert question.action in found.todo and question.must in found.todo


def test_another_partition_is_refused() -> None:
    assert one("partition", Session()).holds
    china = one("partition", Session(), partition="aws-cn")
    assert (china.holds, china.blocks) == (False, True)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("orders@example.com", ["orders@example.com"]),
        ("https://hooks.example.org/orders", ["hooks.example.org"]),
        ("mail to a@b.example, c@mail.invalid", ["a@b.example", "c@mail.invalid"]),
        ("https://hooks.test/orders", ["hooks.test"]),
        ("order.test", []),
        ("orders@example.community", []),
        ("orders@my-example.com", []),
        ("an example.", []),
        ("https://example.com.evil-but-real.org", []),
    ],
)
def test_a_reserved_name_reaches_nobody(value: str, found: list[str]) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"URL": value}}}}
    needs = needs_of({"Resources": {"Function": function}})
    assert [each.value for each in needs.placeholders] == found
    fact = one("placeholders", Session(), needs)
    assert fact.holds is not bool(found) and fact.blocks
    assert not found or "Function Environment.Variables.URL" in fact.said


def test_an_account_without_the_role_of_ecs_is_told_the_command() -> None:
    found = one("workers", Session(iam=[("get_role", "NoSuchEntity")]), Needs(services=1))
    assert found.holds is False and not found.blocks
    assert "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com" in found.todo
    assert needs_of({"Resources": {"S": {"Type": "AWS::ECS::Service", "Properties": {}}}}).services == 1


def test_what_a_stack_needs_is_read_from_its_template() -> None:
    condition = {"StringEquals": {"ses:FromAddress": SENDER}}
    allows = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*", "Condition": condition}
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"ScalingConfig": {"MaximumConcurrency": 50}}}
    template = {
        "Metadata": {"fanout": {"production": True}},
        "Parameters": {"BootstrapVersion": {"Default": "/cdk-bootstrap/ours/version"}},
        "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": [["1", "2", "3", "4", "5"]]}]}},
        "Resources": {
            "A": mapping,
            "B": mapping,
            "C": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [allows]}}},
            "D": {"Type": "AWS::XRay::ResourcePolicy", "Properties": {"PolicyName": "order-events-prod"}},
        },
    }
    assert needs_of(template, others=(template,)) == Needs(
        mails=True,
        senders=(SENDER,),
        configuration_sets=True,
        concurrency=100,
        others=100,
        policies=("order-events-prod",),
        bootstrap_parameter="/cdk-bootstrap/ours/version",
        bootstrap_version=6,
        keeps=True,
    )


def test_a_stack_that_mails_nobody_is_asked_nothing_of_mail() -> None:
    asked = {each.name for each in QUESTIONS if each.applies(Needs())}
    assert asked == {"partition", "placeholders", "stack", "bootstrap"}


def test_another_qualifier_is_another_bootstrap() -> None:
    needs = Needs(bootstrap_parameter="/cdk-bootstrap/ours/version")
    found = one("bootstrap", Session(ssm=[("get_parameter", "ParameterNotFound")]), needs)
    assert found.command == ("cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}", "--qualifier", "ours")


def test_the_rights_to_ask_are_those_of_the_table() -> None:
    made = facts.statements(
        account=ACCOUNT, region=REGION, product="OrderEvents", intake="OrderDesk", qualifier="hnb659fds"
    )
    actions = [action for each in made for action in each["Action"]]  # type: ignore[attr-defined]
    assert sorted({*actions}) == sorted({each.action for each in QUESTIONS if each.action})
    assert f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/cdk-bootstrap/hnb659fds/version" in [
        each["Resource"] for each in made
    ]
    assert not [
        each
        for each in made
        if any(word in str(each["Resource"]) for word in ("REGION", "ACCOUNT", "PRODUCT", "INTAKE"))
    ]


def test_an_app_without_an_intake_asks_for_nothing_of_one() -> None:
    given: Any = {"account": ACCOUNT, "region": REGION, "product": "OrderEvents", "qualifier": "hnb659fds"}
    without, beside = facts.statements(**given, intake=None), facts.statements(**given, intake="OrderDesk")
    (more,) = [each for each in beside if each not in without]
    assert more["Resource"] == f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/OrderDesk-*/*"
    assert "intake" not in rights.table(None) and "intake" in rights.table("OrderDesk")


@pytest.mark.parametrize(
    ("states", "holds"),
    [
        (("UPDATE_COMPLETE", "CREATE_COMPLETE"), True),
        (("UPDATE_COMPLETE", "UPDATE_FAILED"), False),
        (("UPDATE_FAILED",), False),
    ],
)
def test_each_stack_that_is_deployed_with_it_is_asked_for(states: tuple[str, ...], holds: bool) -> None:
    answers = [("describe_stacks", {"Stacks": [{**STACKS["Stacks"][0], "StackStatus": each}]}) for each in states]
    session = Session(cloudformation=answers)
    found = one("intake", session, Needs(beside=tuple(f"Desk{number}-dev" for number in range(len(states)))))
    assert (
        found.holds is holds
        and found.blocks
        and all(f"Desk{each}-dev is" in found.line for each in range(len(states)) if holds)
    )


def test_what_a_role_may_ask_is_written_from_the_table() -> None:
    document = (REPOSITORY / "docs" / "deploying.md").read_text("utf-8")
    assert rights.with_rights(document, product(REPOSITORY), intake(REPOSITORY)) == document, "run make docs"
    for each in QUESTIONS:
        assert each.question in document and (each.action is None or f'"{each.action}"' in document)
    assert rights.with_rights("no markers", "Orders", None) == "no markers"
