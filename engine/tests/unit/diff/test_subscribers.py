"""A subscriber that comes or goes is one change; what else happens beside it is told as well."""

import copy
from typing import Any

from fanout.diff.change import Change
from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]


def resource(type_: str, path: str, **properties: Any) -> Json:
    return {"Type": type_, "Properties": properties, "Metadata": {"aws:cdk:path": f"Shop/{path}/Resource"}}


def task(name: str, construct: str) -> Json:
    """In `construct`, which others may share: a queue with its subscription, its policy, its mapping, its alarm and a role."""
    queue = {"Fn::GetAtt": [name, "Arn"]}
    send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    plain = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue}
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    document = {"Statement": [{**send, "Resource": queue}, {**plain, "Condition": insecure}]}
    in_construct = f"{construct}/{name}"
    return {
        name: resource("AWS::SQS::Queue", in_construct),
        f"{name}Subscription": resource(
            "AWS::SNS::Subscription",
            f"{in_construct}Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="sqs",
            Endpoint=queue,
        ),
        f"{name}Policy": resource(
            "AWS::SQS::QueuePolicy", f"{in_construct}Policy", Queues=[{"Ref": name}], PolicyDocument=document
        ),
        f"{name}Mapping": resource(
            "AWS::Lambda::EventSourceMapping", f"{in_construct}Mapping", EventSourceArn=queue, FunctionName="mail"
        ),
        f"{name}Alarm": alarm(f"{in_construct}Alarm", name),
        f"{name}Role": resource("AWS::IAM::Role", f"{in_construct}Role"),
    }


def alarm(path: str, *queues: str) -> Json:
    watched = [{"Name": "QueueName", "Value": {"Fn::GetAtt": [each, "QueueName"]}} for each in queues]
    return resource("AWS::CloudWatch::Alarm", path, AlarmActions=["arn"], MetricName="m", Dimensions=watched)


TOPIC = {"Topic": resource("AWS::SNS::Topic", "Topic")}
MAIL, CRM = task("Mail", "App"), task("Crm", "App")


def compared(old: Json, new: Json) -> list[Change]:
    return compare(*(Template(copy.deepcopy({"Resources": each}), name="Shop") for each in (old, new)))


def dangers(old: Json, new: Json) -> set[tuple[str, str]]:
    return {(each.kind, each.resource) for each in compared(old, new) if each.danger}


def test_a_task_of_its_own_construct_goes_with_all_that_is_inside_as_one_change() -> None:
    own = task("Crm", "Crm")
    assert [each.kind for each in compared({**TOPIC, **MAIL, **own}, {**TOPIC, **MAIL})] == ["subscriber-removed"]
    assert [each.kind for each in compared({**TOPIC, **MAIL}, {**TOPIC, **MAIL, **own})] == ["subscriber-added"]


def test_what_is_deleted_beside_a_task_that_goes_is_told() -> None:
    others = {
        "Table": resource("AWS::DynamoDB::Table", "App/Table"),
        "Jobs": resource("AWS::SQS::Queue", "App/Jobs"),
        "Other": resource("AWS::SNS::Topic", "App/Other"),
        "Nested": resource("AWS::CloudFormation::Stack", "App/Nested"),
    }
    lost = {
        ("data-removed", "Table"),
        ("queue-removed", "Jobs"),
        ("topic-removed", "Other"),
        ("stack-removed", "Nested"),
    }
    assert dangers({**TOPIC, **MAIL, **CRM, **others}, {**TOPIC, **MAIL}) == {("subscriber-removed", "Crm"), *lost}
    for name, each in others.items():  # alone in the construct with the task
        found = dangers({**TOPIC, **CRM, name: each}, TOPIC)
        assert found - {("subscriber-removed", "Crm")} == {one for one in lost if one[1] == name}


def test_protection_that_is_lost_beside_a_task_that_comes_is_told() -> None:
    without = {name: each for name, each in MAIL.items() if name != "MailPolicy"}
    lost = dangers({**TOPIC, **MAIL}, {**TOPIC, **without})
    assert {kind for kind, _ in lost} == {"statement-lost", "tls-lost", "delivery-refused"}
    assert dangers({**TOPIC, **MAIL}, {**TOPIC, **without, **CRM}) == lost


def test_a_task_that_goes_takes_no_alarm_and_no_policy_of_others_along() -> None:
    both = {"Both": alarm("Alarms/Both", "Mail", "Crm")}
    policy = copy.deepcopy(MAIL["MailPolicy"])
    policy["Properties"]["Queues"].append({"Ref": "Crm"})
    old = {**TOPIC, **MAIL, **CRM, **both, "MailPolicy": policy}
    new = {name: each for name, each in {**TOPIC, **MAIL}.items() if name != "MailPolicy"}
    assert {kind for kind, _ in dangers(old, new)} == {
        "subscriber-removed", "alarm-lost", "statement-lost", "tls-lost", "delivery-refused",
    }  # fmt: skip


def test_a_right_on_a_queue_whose_name_begins_like_one_that_goes_is_missed() -> None:
    others = task("CrmArchive", "CrmArchive")
    without = {name: each for name, each in others.items() if name != "CrmArchivePolicy"}
    found = dangers({**TOPIC, **others, **task("Crm", "Crm")}, {**TOPIC, **without})
    assert {kind for kind, _ in found} == {"subscriber-removed", "statement-lost", "tls-lost", "delivery-refused"}


def called(path: str, **properties: Any) -> Json:
    """A task of the function at `path`, which the topic calls itself."""
    subscribed = {"TopicArn": {"Ref": "Topic"}, "Protocol": "lambda", "Endpoint": {"Fn::GetAtt": ["Does", "Arn"]}}
    return {
        "Does": resource("AWS::Lambda::Function", path),
        "Calls": resource("AWS::SNS::Subscription", f"{path}Calls", **{**subscribed, **properties}),
    }


def fed() -> Json:
    """The same function, of a queue with a dead-letter queue of its own."""
    made = task("Mail", "Mail")
    made["MailMapping"]["Properties"]["FunctionName"] = {"Ref": "Does"}
    made["Mail"]["Properties"]["RedrivePolicy"] = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}
    return {
        **made,
        "Dead": resource("AWS::SQS::Queue", "Mail/Dead"),
        "Does": resource("AWS::Lambda::Function", "Mail/Does"),
    }


def test_a_task_that_its_topic_calls_from_now_on_is_told_what_becomes_of_its_queue() -> None:
    """It gets its events as before: what waits in the queue is what it does not get."""
    old = {**TOPIC, **fed()}
    for place in ("Mail/Does", "Elsewhere/Does"):  # of the same function, wherever it is
        (told,) = (each for each in compared(old, {**TOPIC, **called(place)}) if each.danger)
        assert (told.kind, told.resource) == ("queue-given-up", "Mail")
        assert told.message.startswith(f"its topic calls {place} itself from now on; ")
        assert told.message.endswith("what waits in Mail/Mail and Mail/Dead at that moment is deleted")
    old["Mail"]["DeletionPolicy"] = "Retain"
    (told,) = (each for each in compared(old, {**TOPIC, **called("Mail/Does"), "Dead": old["Dead"]}) if each.danger)
    assert told.message.endswith("what waits in Mail/Mail at that moment stays there, and nobody reads it")


def test_a_worker_in_whose_place_the_topic_calls_a_new_function_is_told_the_same() -> None:
    assert dangers({**TOPIC, **task("Mail", "Mail")}, {**TOPIC, **called("Mail/Mail/Does")}) == {
        ("subscriber-removed", "Mail")
    }
    assert dangers({**TOPIC, **task("Mail", "Mail")}, {**TOPIC, **called("Mail/Does")}) == {("queue-given-up", "Mail")}


def test_a_task_beside_which_the_topic_calls_another_gets_no_more_events() -> None:
    old, others = {**TOPIC, **fed()}, {"Other": resource("AWS::SNS::Topic", "Other")}
    gone = {("subscriber-removed", "Mail")}
    assert dangers({**old, **others}, {**TOPIC, **others, **called("Mail/Does", TopicArn={"Ref": "Other"})}) == gone
    assert dangers({**TOPIC, **CRM}, {**TOPIC, **called("Print/Does")}) == {("subscriber-removed", "Crm")}
