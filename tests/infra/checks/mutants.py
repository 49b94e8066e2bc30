"""Ways to spoil our own templates, each with the rule that must notice. No synth: the committed snapshots are the base."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Spoil = Callable[["Stack"], object]
BOTH, KEYS, MANAGED = ("dev", "prod"), ("prod",), ("dev",)


class Stack:
    """A template to be spoilt, with names for the parts of the subscriber NotifyWebhook."""

    def __init__(self, body: Json) -> None:
        self.body = copy.deepcopy(body)
        self.resources: dict[str, Json] = self.body["Resources"]

    def id(self, path: str) -> str:
        """The logical id of the resource at a construct path without its stack."""
        return next(
            name
            for name, each in self.resources.items()
            if each.get("Metadata", {}).get("aws:cdk:path", "").partition("/")[2] == f"{path}/Resource"
        )

    def properties(self, path: str) -> Json:
        found: Json = self.resources[self.id(path)].setdefault("Properties", {})
        return found

    @property
    def queue(self) -> Json:
        return self.properties("NotifyWebhook/Queue")

    @property
    def dead_letters(self) -> Json:
        return self.properties("NotifyWebhook/DeadLetterQueue")

    @property
    def subscription(self) -> Json:
        return self.properties("NotifyWebhook/Subscription")

    @property
    def mapping(self) -> Json:
        return self.properties("NotifyWebhook/Mapping")

    @property
    def function(self) -> Json:
        return self.properties("NotifyWebhook/Function")

    @property
    def alarm(self) -> Json:
        return self.properties("NotifyWebhook/DeadLetterAlarm")

    def statements(self, path: str) -> list[Json]:
        properties = self.properties(path)
        key = "KeyPolicy" if "KeyPolicy" in properties else "PolicyDocument"
        found: list[Json] = properties[key]["Statement"]
        return found

    def statement(self, path: str, *, effect: str = "Allow", action: str = "") -> Json:
        return next(
            each for each in self.statements(path) if each["Effect"] == effect and action in str(each["Action"])
        )

    def drop(self, path: str, *, effect: str = "Allow", action: str = "") -> None:
        """Removes a statement, and the policy with it when it was the last."""
        found = self.statements(path)
        found.remove(self.statement(path, effect=effect, action=action))
        if not found:
            self.remove(path)

    def remove(self, path: str) -> None:
        logical_id = self.id(path)
        del self.resources[logical_id]
        for each in self.resources.values():
            if logical_id in each.get("DependsOn", []):
                each["DependsOn"].remove(logical_id)

    def grant(self, action: str, resource: Any) -> None:
        self.statements("NotifyWebhook/Role/DefaultPolicy").append(
            {"Effect": "Allow", "Action": action, "Resource": resource}
        )

    def arn(self, path: str) -> Json:
        return {"Fn::GetAtt": [self.id(path), "Arn"]}

    def ref(self, path: str) -> Json:
        return {"Ref": self.id(path)}


@dataclass(frozen=True)
class Mutant:
    name: str
    rule: str
    spoil: Spoil
    settings: tuple[str, ...] = BOTH


def put(part: str, key: str, value: Any) -> Spoil:
    """Sets a property of a part of NotifyWebhook."""
    return lambda stack: getattr(stack, part).__setitem__(key, value)


def take(part: str, key: str) -> Spoil:
    """Removes a property of a part of NotifyWebhook."""
    return lambda stack: getattr(stack, part).pop(key)


def redrive(stack: Stack, **changes: Any) -> None:
    stack.queue["RedrivePolicy"].update(changes)


def try_for_weeks(stack: Stack) -> None:
    redrive(stack, maxReceiveCount=1000)
    stack.queue["VisibilityTimeout"] = 3600


def share_dead_letters(stack: Stack) -> None:
    """The whole subscriber moves to another's dead-letter queue; its own goes."""
    other = stack.arn("ArchiveSubmission/DeadLetterQueue")
    redrive(stack, deadLetterTargetArn=other)
    stack.subscription["RedrivePolicy"] = {"deadLetterTargetArn": other}
    policy = stack.id("ArchiveSubmission/DeadLetterQueue/Policy")
    stack.resources[stack.id("NotifyWebhook/Subscription")]["DependsOn"].append(policy)
    for path in ("DeadLetterAlarm", "DeadLetterQueue/Policy", "DeadLetterQueue"):
        stack.remove(f"NotifyWebhook/{path}")


def subscribe_again(stack: Stack) -> None:
    again = copy.deepcopy(stack.resources[stack.id("NotifyWebhook/Subscription")])
    again["Metadata"]["aws:cdk:path"] += "Again"
    stack.resources["Again"] = again


def make_fifo(stack: Stack) -> None:
    """The queue and its dead-letter queue become FIFO; the subscription gets a standard dead-letter queue of its own."""
    parts = {
        name: stack.resources[stack.id(f"NotifyWebhook/{path}")]
        for name, path in {
            "SubscriptionLetters": "DeadLetterQueue",
            "SubscriptionLettersPolicy": "DeadLetterQueue/Policy",
            "SubscriptionLettersAlarm": "DeadLetterAlarm",
        }.items()
    }
    letters = stack.id("NotifyWebhook/DeadLetterQueue")
    stack.resources |= json.loads(json.dumps(parts).replace(letters, "SubscriptionLetters"))
    stack.subscription["RedrivePolicy"] = {"deadLetterTargetArn": {"Fn::GetAtt": ["SubscriptionLetters", "Arn"]}}
    stack.resources[stack.id("NotifyWebhook/Subscription")]["DependsOn"].append("SubscriptionLettersPolicy")
    for part in (stack.queue, stack.dead_letters):
        part["FifoQueue"] = True


def one_key(stack: Stack) -> None:
    """The topic takes the queues' key, and its own goes; who may publish gets the new key."""
    stack.properties("FormSubmitted/Topic")["KmsMasterKeyId"] = stack.arn("QueueKey")
    stack.statement("FormSubmitted/PublisherPolicy", action="kms")["Resource"] = stack.arn("QueueKey")
    stack.remove("FormSubmitted/Key")


def own_key_for_dead_letters(stack: Stack) -> None:
    """CDK's blind spot: nobody lets SNS use the key of the subscription's dead-letter queue."""
    key = copy.deepcopy(stack.resources[stack.id("QueueKey")])
    key["Properties"]["KeyPolicy"]["Statement"] = key["Properties"]["KeyPolicy"]["Statement"][:1]
    key["Metadata"] = {}
    stack.resources["DeadLetterKey"] = key
    stack.dead_letters["KmsMasterKeyId"] = {"Fn::GetAtt": ["DeadLetterKey", "Arn"]}


def import_queue(stack: Stack) -> None:
    stack.subscription["Endpoint"] = {"Fn::ImportValue": "another-teams-queue"}


def production(stack: Stack) -> None:
    stack.body["Metadata"] = {"fanout": {"production": True}}
    for each in stack.resources.values():
        each["DeletionPolicy"] = each["UpdateReplacePolicy"] = "Retain"
    stack.resources[stack.id("NotifyWebhook/DeadLetterQueue")].pop("DeletionPolicy")


def encrypt_alarm_topic(stack: Stack) -> None:
    stack.properties("AlarmTopic")["KmsMasterKeyId"] = "alias/aws/sns"


def acknowledge(stack: Stack) -> None:
    queue = stack.resources[stack.id("NotifyWebhook/Queue")]
    queue["Metadata"]["fanout"] = {"acknowledge": [{"rule": "physical-name", "reason": "it had one"}]}


def crowd(stack: Stack) -> None:
    for number in range(401 - len(stack.resources)):
        stack.resources[f"Parameter{number}"] = {"Type": "AWS::SSM::Parameter"}


QUEUE_POLICY, DEAD_LETTER_POLICY = "NotifyWebhook/Queue/Policy", "NotifyWebhook/DeadLetterQueue/Policy"
TOPIC_POLICY = "FormSubmitted/Topic/Policy"


def forget(policy: str) -> Spoil:
    """The subscription no longer waits for a policy."""
    return lambda stack: stack.resources[stack.id("NotifyWebhook/Subscription")]["DependsOn"].remove(stack.id(policy))


def open_to_all(policy: str, resource: str) -> Spoil:
    return lambda stack: stack.statements(policy).append(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": resource}
    )


MUTANTS = [
    Mutant("visibility under the timeout", "visibility-below-timeout", put("queue", "VisibilityTimeout", 29)),
    Mutant("visibility back to SQS's default", "visibility-below-six-timeouts", take("queue", "VisibilityTimeout")),
    Mutant("visibility without the window", "visibility-below-six-timeouts", put("mapping", "MaximumBatchingWindowInSeconds", 9)),
    Mutant("function slower, visibility typed", "visibility-below-six-timeouts", put("function", "Timeout", 31)),
    Mutant("no dead-letter queue", "queue-without-dead-letter-queue", take("queue", "RedrivePolicy")),
    Mutant("one attempt", "too-few-attempts", lambda stack: redrive(stack, maxReceiveCount=1)),
    Mutant("two attempts, as a string", "too-few-attempts", lambda stack: redrive(stack, maxReceiveCount="2")),
    Mutant("attempts beyond retention", "dead-letter-after-retention", try_for_weeks),
    Mutant("dead letters kept four days", "dead-letter-retention-not-longer", put("dead_letters", "MessageRetentionPeriod", 345_600)),
    Mutant("dead letters kept by default", "dead-letter-retention-not-longer", take("dead_letters", "MessageRetentionPeriod")),
    Mutant("queue kept as long as dead letters", "dead-letter-retention-not-longer", put("queue", "MessageRetentionPeriod", 1_209_600)),
    Mutant("one dead-letter queue for two tasks", "dead-letter-queue-shared", share_dead_letters),
    Mutant("FIFO dead-letter queue", "dead-letter-queue-of-other-type", put("dead_letters", "FifoQueue", True)),
    Mutant("dead-letter queue lets nobody in", "redrive-allow-refuses-its-queue", put("dead_letters", "RedriveAllowPolicy", {"redrivePermission": "denyAll"})),
    Mutant("dead-letter queue lets another in", "redrive-allow-refuses-its-queue", lambda stack: stack.dead_letters.update(RedriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueArns": [stack.arn("ArchiveSubmission/Queue")]})),
    Mutant("redrive-allow on the queue", "redrive-allow-on-wrong-queue", put("queue", "RedriveAllowPolicy", {"redrivePermission": "allowAll"})),
    Mutant("whole batch fails", "partial-batch-response-missing", take("mapping", "FunctionResponseTypes")),
    Mutant("batch of 11 without window", "batch-size-refused", put("mapping", "BatchSize", 11)),
    Mutant("batch of 10001", "batch-size-refused", put("mapping", "BatchSize", 10_001)),
    Mutant("window over five minutes", "batch-window-refused", lambda stack: stack.mapping.update(MaximumBatchingWindowInSeconds=301) or stack.queue.update(VisibilityTimeout=3600)),
    Mutant("window below zero", "batch-window-refused", put("mapping", "MaximumBatchingWindowInSeconds", -1)),
    Mutant("mapping filters", "mapping-filter-deletes", put("mapping", "FilterCriteria", {"Filters": [{"Pattern": "{}"}]})),
    Mutant("mapping disabled", "mapping-disabled", put("mapping", "Enabled", False)),
    Mutant("mapping disabled, as a string", "mapping-disabled", put("mapping", "Enabled", "false")),
    Mutant("mapping on no queue", "mapping-on-missing-queue", put("mapping", "EventSourceArn", {"Fn::GetAtt": ["Gone", "Arn"]})),
    Mutant("mapping on a URL", "mapping-on-missing-queue", lambda stack: stack.mapping.update(EventSourceArn=stack.ref("NotifyWebhook/Queue"))),
    Mutant("mapping with a destination", "mapping-destination-refused", lambda stack: stack.mapping.update(DestinationConfig={"OnFailure": {"Destination": stack.arn("NotifyWebhook/DeadLetterQueue")}})),
    Mutant("reserved concurrency of 1", "reserved-concurrency-too-low", put("function", "ReservedConcurrentExecutions", 1)),
    Mutant("no max concurrency", "max-concurrency-absent", take("mapping", "ScalingConfig")),
    Mutant("max concurrency of 1", "max-concurrency-refused", put("mapping", "ScalingConfig", {"MaximumConcurrency": 1})),
    Mutant("max concurrency of 1001", "max-concurrency-refused", put("mapping", "ScalingConfig", {"MaximumConcurrency": 1001})),
    Mutant("the function's dead-letter queue", "function-dead-letter-config", lambda stack: stack.function.update(DeadLetterConfig={"TargetArn": stack.arn("NotifyWebhook/DeadLetterQueue")})),
    Mutant("function sends to its queue", "function-feeds-itself", lambda stack: stack.grant("sqs:SendMessage", stack.arn("NotifyWebhook/Queue"))),
    Mutant("function may send anywhere", "function-feeds-itself", lambda stack: stack.grant("sqs:*", "*")),
    Mutant("function publishes to its topic", "function-feeds-itself", lambda stack: stack.grant("sns:Publish", stack.ref("FormSubmitted/Topic")), MANAGED),
    Mutant("subscription without dead-letter queue", "subscription-without-dead-letter-queue", take("subscription", "RedrivePolicy")),
    Mutant("subscription wraps", "subscription-not-raw", take("subscription", "RawMessageDelivery")),
    Mutant("subscribed twice", "subscription-twice", subscribe_again),
    Mutant("FIFO queue on the standard topic", "topic-and-queue-of-other-type", make_fifo),
    Mutant("subscription before the queue's policy", "subscription-before-policy", forget(QUEUE_POLICY)),
    Mutant("subscription before the dead letters' policy", "subscription-before-dead-letter-policy", forget(DEAD_LETTER_POLICY)),
    Mutant("topic not in the queue's policy", "queue-policy-missing", lambda stack: stack.drop(QUEUE_POLICY)),
    Mutant("another topic in the queue's policy", "queue-policy-missing", lambda stack: stack.statement(QUEUE_POLICY).update(Condition={"ArnEquals": {"aws:SourceArn": stack.ref("AlarmTopic")}})),
    Mutant("reading in the place of sending", "queue-policy-missing", lambda stack: stack.statement(QUEUE_POLICY).update(Action="sqs:ReceiveMessage")),
    Mutant("topic not in the dead letters' policy", "dead-letter-queue-policy-missing", lambda stack: stack.drop(DEAD_LETTER_POLICY)),
    Mutant("imported queue", "imported-queue-policy-unseen", import_queue),
    Mutant("any topic into the queue", "queue-policy-without-source", lambda stack: stack.statement(QUEUE_POLICY).pop("Condition")),
    Mutant("any topic into the dead letters", "queue-policy-without-source", lambda stack: stack.statement(DEAD_LETTER_POLICY).pop("Condition")),
    Mutant("queue open to everybody", "queue-policy-open", open_to_all(QUEUE_POLICY, "*")),
    Mutant("topic open to everybody", "topic-policy-open", open_to_all(TOPIC_POLICY, "*")),
    Mutant("topic over HTTP", "topic-without-tls", lambda stack: stack.drop(TOPIC_POLICY, effect="Deny")),
    Mutant("queue over HTTP", "queue-without-tls", lambda stack: stack.drop(QUEUE_POLICY, effect="Deny")),
    Mutant("queue over HTTP for one caller", "queue-without-tls", lambda stack: stack.statement(QUEUE_POLICY, effect="Deny").update(Principal={"AWS": "arn:aws:iam::111111111111:root"})),
    Mutant("queue over TLS denied", "queue-without-tls", lambda stack: stack.statement(QUEUE_POLICY, effect="Deny").update(Condition={"Bool": {"aws:SecureTransport": "true"}})),
    Mutant("dead letters over HTTP", "dead-letter-queue-without-tls", lambda stack: stack.drop(DEAD_LETTER_POLICY, effect="Deny")),
    Mutant("queue key without SNS", "queue-key-refuses-sns", lambda stack: stack.drop("QueueKey", action="Generate"), KEYS),
    Mutant("queue key for decrypting only", "queue-key-refuses-sns", lambda stack: stack.statement("QueueKey", action="Generate").update(Action="kms:Decrypt"), KEYS),
    Mutant("queue key for another topic", "queue-key-refuses-sns", lambda stack: stack.statement("QueueKey", action="Generate").update(Condition={"ArnEquals": {"aws:SourceArn": stack.ref("AlarmTopic")}}), KEYS),
    Mutant("dead letters with a key of their own", "queue-key-refuses-sns", own_key_for_dead_letters, KEYS),
    Mutant("AWS managed key", "queue-aws-managed-key", put("queue", "KmsMasterKeyId", "alias/aws/sqs")),
    Mutant("AWS managed key of dead letters", "queue-aws-managed-key", put("dead_letters", "KmsMasterKeyId", "alias/aws/sqs")),
    Mutant("one key for everything", "dependency-cycle", one_key, KEYS),
    Mutant("redrive-allow by reference", "dependency-cycle", lambda stack: stack.dead_letters.update(RedriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueArns": [stack.arn("NotifyWebhook/Queue")]})),
    Mutant("publisher without the key", "publisher-without-key-rights", lambda stack: stack.drop("FormSubmitted/PublisherPolicy", action="kms"), KEYS),
    Mutant("publisher may only decrypt", "publisher-without-key-rights", lambda stack: stack.statement("FormSubmitted/PublisherPolicy", action="kms").update(Action="kms:Decrypt"), KEYS),
    Mutant("queue key for any topic", "key-open-to-service", lambda stack: stack.statement("QueueKey", action="Generate").pop("Condition"), KEYS),
    Mutant("queue for small messages", "queue-size-below-topic", put("queue", "MaximumMessageSize", 65_536)),
    Mutant("dead letters for small messages", "queue-size-below-topic", put("dead_letters", "MaximumMessageSize", 65_536)),
    Mutant("topic for large messages", "queue-size-below-topic", lambda stack: stack.properties("FormSubmitted/Topic").update(MaximumMessageSize=1_048_576) or stack.queue.update(MaximumMessageSize=262_144)),
    Mutant("attribute filter on the body", "filter-scope-mismatch", put("subscription", "FilterPolicy", {"data": {"form_id": ["contact"]}})),
    Mutant("attribute filter on a field of the body", "filter-scope-mismatch", put("subscription", "FilterPolicy", {"source": ["/forms/contact"]})),
    Mutant("body filter on an attribute", "filter-scope-mismatch", lambda stack: stack.subscription.update(FilterPolicy={"form_id": ["contact"]}, FilterPolicyScope="MessageBody")),
    Mutant("filter for a version that is not", "filter-never-matches", put("subscription", "FilterPolicy", {"type": ["form.submitted.v9"]})),
    Mutant("filter for a form id that cannot be", "filter-never-matches", put("subscription", "FilterPolicy", {"form_id": ["not a form id"]})),
    Mutant("body filter for a number", "filter-never-matches", lambda stack: stack.subscription.update(FilterPolicy={"specversion": [1.0]}, FilterPolicyScope="MessageBody")),
    Mutant("filter with six keys", "filter-too-large", put("subscription", "FilterPolicy", {name: [{"exists": False}] for name in "abcdef"})),
    Mutant("filter with 160 values", "filter-too-large", put("subscription", "FilterPolicy", {"form_id": [f"form-{number}" for number in range(160)]})),
    Mutant("log group without end", "log-group-never-expires", lambda stack: stack.properties("NotifyWebhook/LogGroup").pop("RetentionInDays")),
    Mutant("no log group", "log-group-never-expires", lambda stack: stack.function.pop("LoggingConfig")),
    Mutant("queue with a name", "physical-name", put("queue", "QueueName", "notify-webhook")),
    Mutant("topic with a name", "physical-name", lambda stack: stack.properties("FormSubmitted/Topic").update(TopicName="forms")),
    Mutant("production deletes dead letters", "deleted-with-stack", production),
    Mutant("dead letters without alarm", "dead-letter-queue-without-alarm", lambda stack: stack.remove("NotifyWebhook/DeadLetterAlarm")),
    Mutant("alarm on another queue", "dead-letter-queue-without-alarm", lambda stack: stack.alarm.update(Dimensions=stack.properties("ArchiveSubmission/DeadLetterAlarm")["Dimensions"])),
    Mutant("alarm on sent", "dead-letter-alarm-wrong-metric", put("alarm", "MetricName", "NumberOfMessagesSent")),
    Mutant("alarm on not visible", "dead-letter-alarm-wrong-metric", put("alarm", "MetricName", "ApproximateNumberOfMessagesNotVisible")),
    Mutant("alarm at a hundred", "dead-letter-alarm-late", put("alarm", "Threshold", 100)),
    Mutant("alarm tells nobody", "alarm-without-action", take("alarm", "AlarmActions")),
    Mutant("alarm switched off", "alarm-without-action", put("alarm", "ActionsEnabled", False)),
    Mutant("alarm when idle", "alarm-missing-data-breaching", put("alarm", "TreatMissingData", "breaching")),
    Mutant("alarm topic without CloudWatch", "alarm-topic-refuses-cloudwatch", lambda stack: stack.drop("AlarmTopic/Policy", action="sns:Publish")),
    Mutant("alarm topic with AWS's key", "alarm-topic-key-refuses-cloudwatch", encrypt_alarm_topic),
    Mutant("password in a variable", "secret-in-variables", lambda stack: stack.function["Environment"]["Variables"].update(WEBHOOK_PASSWORD="hunter2")),
    Mutant("key in a URL", "secret-in-variables", lambda stack: stack.function["Environment"]["Variables"].update(WEBHOOK_URL="https://user:hunter2@hooks.example.com")),
    Mutant("secret resolved into a variable", "secret-in-variables", lambda stack: stack.function["Environment"]["Variables"].update(SIGNATURE="{{resolve:secretsmanager:webhook}}")),
    Mutant("401 resources", "template-near-limit", crowd),
    Mutant("a macro", "macro-unseen", lambda stack: stack.body.update(Transform="AWS::Serverless-2016-10-31")),
    Mutant("left-over acknowledgement", "acknowledgement-unused", acknowledge),
]  # fmt: skip
