"""Senders that our own stacks do not have, put beside them: rules, schedules, buckets, and what lets them in."""

from typing import Any

from tests.infra.checks.spoiling import Stack

KEPT = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:kept"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:another"


def add(stack: Stack, name: str, type_: str, /, **properties: Any) -> None:
    stack.resources[name] = {"Type": type_, "Properties": properties}


def rule(stack: Stack, target: Any, **more: Any) -> None:
    add(stack, "Rule", "AWS::Events::Rule", Targets=[{"Id": "it", "Arn": target, **more}])


def schedule(stack: Stack, target: Any, role: Any = "arn:aws:iam::123456789012:role/scheduler") -> None:
    add(
        stack, "Schedule", "AWS::Scheduler::Schedule", Target={"Arn": target, "RoleArn": role, "DeadLetterConfig": KEPT}
    )


def let_in(stack: Stack, policy: str, service: str, action: str) -> None:
    stack.statements(policy).append({"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*",
                                     "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}})  # fmt: skip


def rule_without_dead_letters(stack: Stack) -> None:
    let_in(stack, "NotifyPartner/Queue/Policy", "events.amazonaws.com", "sqs:SendMessage")
    rule(stack, stack.arn("NotifyPartner/Queue"))


def rule_behind_our_key(stack: Stack) -> None:
    rule_without_dead_letters(stack)
    rule(stack, stack.arn("NotifyPartner/Queue"), DeadLetterConfig=KEPT)


def bucket_to_topic(stack: Stack) -> None:
    add(stack, "Uploads", "AWS::S3::Bucket", NotificationConfiguration={"TopicConfigurations": [{"Topic": stack.ref("OrderPlaced/Topic")}]})  # fmt: skip


def topic_with_awss_key(stack: Stack) -> None:
    let_in(stack, "OrderPlaced/Topic/Policy", "events.amazonaws.com", "sns:Publish")
    stack.properties("OrderPlaced/Topic")["KmsMasterKeyId"] = "alias/aws/sns"
    rule(stack, stack.ref("OrderPlaced/Topic"), DeadLetterConfig=KEPT)


def bucket_to_function(stack: Stack, *, permitted: bool) -> None:
    function = stack.arn("NotifyPartner/Function")
    add(
        stack,
        "Uploads",
        "AWS::S3::Bucket",
        NotificationConfiguration={"LambdaConfigurations": [{"Function": function}]},
    )
    if permitted:
        add(stack, "Permission", "AWS::Lambda::Permission", FunctionName=function, Principal="s3.amazonaws.com")
    else:
        destination = {"OnFailure": {"Destination": stack.arn("NotifyPartner/DeadLetterQueue")}}
        add(stack, "Failures", "AWS::Lambda::EventInvokeConfig", FunctionName=function, DestinationConfig=destination)


def tried_once(stack: Stack) -> None:
    function = stack.arn("NotifyPartner/Function")
    add(stack, "Asynchronous", "AWS::Lambda::EventInvokeConfig", FunctionName=function, MaximumRetryAttempts=0)


def schedule_to_fifo(stack: Stack) -> None:
    add(stack, "Ordered", "AWS::SQS::Queue", FifoQueue=True, RedriveAllowPolicy={"redrivePermission": "allowAll"})
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    add(
        stack,
        "OrderedPolicy",
        "AWS::SQS::QueuePolicy",
        Queues=[{"Ref": "Ordered"}],
        PolicyDocument={"Statement": [tls]},
    )
    schedule(stack, {"Fn::GetAtt": ["Ordered", "Arn"]})


def schedule_without_right(stack: Stack) -> None:
    add(stack, "Clock", "AWS::IAM::Role")
    schedule(stack, stack.arn("NotifyPartner/Queue"), {"Fn::GetAtt": ["Clock", "Arn"]})


def second_policy(stack: Stack) -> None:
    add(
        stack,
        "Another",
        "AWS::SQS::QueuePolicy",
        Queues=[stack.ref("NotifyPartner/Queue")],
        PolicyDocument={"Statement": []},
    )


def subscribe(stack: Stack, protocol: str, endpoint: str) -> None:
    policy = {"deadLetterTargetArn": KEPT["Arn"]}
    topic = stack.ref("OrderPlaced/Topic")
    add(
        stack,
        "Another",
        "AWS::SNS::Subscription",
        TopicArn=topic,
        Protocol=protocol,
        Endpoint=endpoint,
        RedrivePolicy=policy,
    )


def ordered_topic(stack: Stack) -> None:
    stack.properties("OrderPlaced/Topic")["FifoTopic"] = True
