"""A delivery: what its template has by protocol, and what is refused."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Delivery, Heartbeat, Monitoring, OperatorPolicies, Subscriber, Topic
from stacks import settings
from tests.infra.linted import linted
from tests.infra.reading import of_type

ENDPOINTS = {
    "https": "https://hooks.example.com/in?shop=1",
    "email": "partner@example.com",
    "sms": "+15550100",
    "application": "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/app/0b1c2d3e",
    "firehose": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders",
}
WHY = "the partner's contract, section 4"


def made(protocol: str, *, chosen: Any = settings.PROD, **others: Any) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Orders")
    topic = Topic(stack, "OrderPlaced", settings=chosen, max_bytes=others.pop("max_bytes", None))
    given = {"endpoint": ENDPOINTS.get(protocol, "x"), "reason": WHY, **others}
    Delivery(stack, "ToPartner", topic=topic, protocol=protocol, **given)  # type: ignore[arg-type]
    OperatorPolicies(stack, "Operator", topic=topic)
    Monitoring(stack, "Watch", topic=topic)
    return dict(Synthesized.from_stack(stack).to_json())


def subscription(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        each for id_, each in of_type(template, "AWS::SNS::Subscription").items() if id_.startswith("ToPartner")
    ]
    return dict(found)


@pytest.fixture(scope="module", params=ENDPOINTS)
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    return made(request.param)


@pytest.mark.long
def test_our_checks_and_cfn_lint_have_nothing_to_say(template: dict[str, Any]) -> None:
    found = check_template(template)
    assert [each for each in found if each.acknowledged is None] == []
    assert [(each.rule, each.acknowledged) for each in found if each.rule == "raw-event-leaves"] == [
        ("raw-event-leaves", WHY)
    ]
    assert linted(json.dumps(template)) == []


def test_it_has_a_dead_letter_queue_that_is_watched_and_may_be_looked_at(template: dict[str, Any]) -> None:
    made = subscription(template)
    letters = made["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
    (id_,) = [each for each in of_type(template, "AWS::SQS::Queue") if each.startswith("ToPartnerDeadLetterQueue")]
    assert letters == {"Fn::GetAtt": [id_, "Arn"]}
    (alarm,) = [each for each in of_type(template, "AWS::CloudWatch::Alarm") if each.startswith("ToPartner")]
    (composite,) = of_type(template, "AWS::CloudWatch::CompositeAlarm").values()
    assert {"Ref": alarm} in composite["Properties"]["AlarmRule"]["Fn::Join"][1]
    policies = {
        key: [
            statement["Action"]
            for statement in each["Properties"]["PolicyDocument"]["Statement"]
            if letters in _list(statement["Resource"])
        ]
        for key, each in of_type(template, "AWS::IAM::ManagedPolicy").items()
    }
    told = {key[: key.index("Policy")]: sorted(str(each) for each in actions) for key, actions in policies.items()}
    assert told["OperatorRead"] == [
        "['sqs:GetQueueAttributes', 'sqs:ListQueueTags']",
        "['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility']",
    ]
    assert told["OperatorHeal"] == ["sqs:DeleteMessage"]
    assert {"ToPartnerDeliveryArn", "ToPartnerDeadLetterQueueUrl"} <= template["Outputs"].keys()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_heartbeats_and_probes_stay_here(template: dict[str, Any]) -> None:
    policy = subscription(template)["Properties"]["FilterPolicy"]
    assert policy == {"type": [{"anything-but": ["fanout.heartbeat.v1"]}, {"exists": False}]}


def test_a_filter_of_its_own_stands_beside_it() -> None:
    policy = subscription(made("https", only={"shop_id": ["s1"]}))["Properties"]["FilterPolicy"]
    assert policy["shop_id"] == ["s1"] and "anything-but" in str(policy["type"])
    policy = subscription(made("https", only={"type": ["order.placed.v1"]}))["Properties"]["FilterPolicy"]
    assert policy == {"type": ["order.placed.v1"]}


def test_as_many_shops_as_sns_takes_are_let_through() -> None:
    shops = [str(number) for number in range(75)]
    assert subscription(made("https", only={"shop_id": shops}))["Properties"]["FilterPolicy"]["shop_id"] == shops
    types = {"type": [str(number) for number in range(150)]}
    assert subscription(made("https", only=types))["Properties"]["FilterPolicy"] == types


@pytest.mark.long
def test_only_a_stream_has_a_role_and_it_is_there_before() -> None:
    for protocol in ENDPOINTS:
        template = made(protocol)
        roles = [each for each in of_type(template, "AWS::IAM::Role") if each.startswith("ToPartner")]
        assert len(roles) == (protocol == "firehose")
        assert ("RawMessageDelivery" in subscription(template)["Properties"]) == (protocol == "firehose")
    policies = [each for each in of_type(made("firehose"), "AWS::IAM::Policy") if each.startswith("ToPartner")]
    assert {*roles, *policies} <= set(subscription(template)["DependsOn"])


@pytest.mark.parametrize(
    ("protocol", "arguments", "line"),
    [
        ("http", {}, "protocol is 'http': expected one of https, email, sms, application, firehose"),
        ("https", {"reason": " "}, "reason is ' ': expected why the raw event, with the personal data in it, may leave"),
        ("https", {"endpoint": "http://a.example/x"}, "endpoint is 'http://a.example/x': expected https://HOST/PATH without a user or password"),
        ("https", {"endpoint": "https://u:p@a.example"}, "endpoint is 'https://u:p@a.example': expected https://HOST/PATH without a user or password"),
        ("email", {"endpoint": "nobody"}, "endpoint is 'nobody': expected one e-mail address"),
        ("sms", {"endpoint": "0123 456"}, "endpoint is '0123 456': expected a phone number in E.164, as +15550100"),
        ("application", {"endpoint": "arn:aws:sns:eu-west-1:123456789012:app/GCM/app"}, "endpoint is 'arn:aws:sns:eu-west-1:123456789012:app/GCM/app': expected arn:aws:sns:REGION:ACCOUNT:endpoint/PLATFORM/APP/ID"),
        ("firehose", {"endpoint": "orders"}, "endpoint is 'orders': expected arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME"),
        ("https", {"max_bytes": 1_048_576}, "max_bytes of its topic is 1048576, and above 262144 SNS delivers to queues and functions only: let a Subscriber's task send it"),
        ("https", {"only": {name: ["x"] for name in "abcde"}}, "only is 5: expected at most 4 attributes besides `type`"),
        ("https", {"only": {"shop_id": [str(n) for n in range(76)]}}, "only is 152: expected at most 150 combinations of values, types included"),
        ("https", {"endpoint": None}, "endpoint is None: expected text"),
        ("https", {"owner": " "}, "owner is ' ': expected a team or person"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(protocol: str, arguments: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        made(protocol, chosen=settings.DEV, **arguments)
    assert str(refused.value) == f"delivery ToPartner: {line}"


@pytest.mark.long
def test_eight_deliveries_leave_an_operators_policies_within_iams_limit_and_a_ninth_is_refused() -> None:
    stack = cdk.Stack(cdk.App(), f"Orders-{'x' * 60}")
    topic = Topic(stack, "OrderPlaced", settings=settings.PROD)
    OperatorPolicies(stack, "Operator", topic=topic)
    for number in range(8):
        _to_partner(stack, topic, number)
    for number in range(3):
        Subscriber(stack, f"Archive{number}", topic=topic, task="archive_order")
    Heartbeat(stack, "Heartbeat", topic=topic)
    template = Synthesized.from_stack(stack).to_json()
    assert [each for each in check_template(template) if each.rule == "policy-too-large"] == []
    with pytest.raises(ConfigurationError, match="room for 8 deliveries in one stack: move it"):
        _to_partner(stack, topic, 8)


def _to_partner(stack: cdk.Stack, topic: Topic, number: int) -> None:
    url = f"https://hooks.example.com/{number}"
    Delivery(stack, f"ToPartner{number}", topic=topic, protocol="https", endpoint=url, reason=WHY)


def test_a_fifo_topic_is_refused() -> None:
    stack = cdk.Stack(cdk.App(), "Orders", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    topic = Topic.from_arn(stack, "T", "arn:aws:sns:eu-west-1:123456789012:T.fifo", settings=settings.DEV)
    with pytest.raises(
        ConfigurationError, match=r"^delivery D: the topic is FIFO, and SNS delivers from those to queues"
    ):
        Delivery(stack, "D", topic=topic, protocol="https", endpoint="https://a.example", reason=WHY)


def test_an_endpoint_may_be_known_at_deployment_only() -> None:
    assert subscription(made("https", endpoint=cdk.Fn.import_value("Url")))["Properties"]["Endpoint"] == {
        "Fn::ImportValue": "Url"
    }
