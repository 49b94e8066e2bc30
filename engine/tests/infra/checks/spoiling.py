"""Our own templates, and ways to spoil them. No synth: the committed snapshots are the base."""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.places import SNAPSHOTS

Json = dict[str, Any]
Spoil = Callable[["Stack"], object]


def snapshot(name: str) -> Json:
    found: Json = json.loads((SNAPSHOTS / f"OrderEvents-{name}.json").read_text())
    return found


class Stack:
    """A template to be spoilt, with names for the parts of the subscriber NotifyPartner."""

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
        return self.properties("NotifyPartner/Queue")

    @property
    def dead_letters(self) -> Json:
        return self.properties("NotifyPartner/DeadLetterQueue")

    @property
    def subscription(self) -> Json:
        return self.properties("NotifyPartner/Subscription")

    @property
    def mapping(self) -> Json:
        return self.properties("NotifyPartner/Mapping")

    @property
    def function(self) -> Json:
        return self.properties("NotifyPartner/Function")

    @property
    def alarm(self) -> Json:
        return self.properties("NotifyPartner/DeadLetterAlarm")

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
        self.statements("NotifyPartner/Role/DefaultPolicy").append(
            {"Effect": "Allow", "Action": action, "Resource": resource}
        )

    def arn(self, path: str) -> Json:
        return {"Fn::GetAtt": [self.id(path), "Arn"]}

    def ref(self, path: str) -> Json:
        return {"Ref": self.id(path)}


def put(part: str, key: str, value: Any) -> Spoil:
    """Sets a property of a part of NotifyPartner."""
    return lambda stack: getattr(stack, part).__setitem__(key, value)


def take(part: str, key: str) -> Spoil:
    """Removes a property of a part of NotifyPartner."""
    return lambda stack: getattr(stack, part).pop(key)


def redrive(stack: Stack, **changes: Any) -> None:
    stack.queue["RedrivePolicy"].update(changes)


def try_for_weeks(stack: Stack) -> None:
    redrive(stack, maxReceiveCount=1000)
    stack.queue["VisibilityTimeout"] = 3600


def share_dead_letters(stack: Stack) -> None:
    """The whole subscriber moves to another's dead-letter queue; its own goes."""
    other = stack.arn("ArchiveOrder/DeadLetterQueue")
    redrive(stack, deadLetterTargetArn=other)
    stack.subscription["RedrivePolicy"] = {"deadLetterTargetArn": other}
    policy = stack.id("ArchiveOrder/DeadLetterQueue/Policy")
    stack.resources[stack.id("NotifyPartner/Subscription")]["DependsOn"].append(policy)
    for path in ("DeadLetterAlarm", "DeadLetterQueue/Policy", "DeadLetterQueue"):
        stack.remove(f"NotifyPartner/{path}")


def subscribe_again(stack: Stack) -> None:
    again = copy.deepcopy(stack.resources[stack.id("NotifyPartner/Subscription")])
    again["Metadata"]["aws:cdk:path"] += "Again"
    stack.resources["Again"] = again


def make_fifo(stack: Stack) -> None:
    """The queue and its dead-letter queue become FIFO; the subscription gets a standard dead-letter queue of its own."""
    parts = {
        name: stack.resources[stack.id(f"NotifyPartner/{path}")]
        for name, path in {
            "SubscriptionLetters": "DeadLetterQueue",
            "SubscriptionLettersPolicy": "DeadLetterQueue/Policy",
            "SubscriptionLettersAlarm": "DeadLetterAlarm",
        }.items()
    }
    letters = stack.id("NotifyPartner/DeadLetterQueue")
    stack.resources |= json.loads(json.dumps(parts).replace(letters, "SubscriptionLetters"))
    stack.subscription["RedrivePolicy"] = {"deadLetterTargetArn": {"Fn::GetAtt": ["SubscriptionLetters", "Arn"]}}
    stack.resources[stack.id("NotifyPartner/Subscription")]["DependsOn"].append("SubscriptionLettersPolicy")
    for part in (stack.queue, stack.dead_letters):
        part["FifoQueue"] = True


def one_key(stack: Stack) -> None:
    """The topic takes the queues' key, and its own goes; who may publish gets the new key."""
    stack.properties("OrderPlaced/Topic")["KmsMasterKeyId"] = stack.arn("QueueKey")
    for policy in ("OrderPlaced/PublisherPolicy", "Operator/HealPolicy", "Heartbeat/Role/DefaultPolicy"):
        stack.statement(policy, action="GenerateDataKey*")["Resource"] = stack.arn("QueueKey")
    stack.remove("OrderPlaced/Key")


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
        each["DeletionPolicy"], each["UpdateReplacePolicy"] = "RetainExceptOnCreate", "Retain"
    stack.resources[stack.id("NotifyPartner/DeadLetterQueue")].pop("DeletionPolicy")


def encrypt_alarm_topic(stack: Stack) -> None:
    stack.properties("AlarmTopic")["KmsMasterKeyId"] = "alias/aws/sns"


def acknowledge(stack: Stack) -> None:
    queue = stack.resources[stack.id("NotifyPartner/Queue")]
    queue["Metadata"]["fanout"] = {"acknowledge": [{"rule": "physical-name", "reason": "it had one"}]}


def crowd(stack: Stack) -> None:
    for number in range(401 - len(stack.resources)):
        stack.resources[f"Parameter{number}"] = {"Type": "AWS::SSM::Parameter"}


QUEUE_POLICY, DEAD_LETTER_POLICY = "NotifyPartner/Queue/Policy", "NotifyPartner/DeadLetterQueue/Policy"
TOPIC_POLICY = "OrderPlaced/Topic/Policy"


def forget(policy: str) -> Spoil:
    """The subscription no longer waits for a policy."""
    return lambda stack: stack.resources[stack.id("NotifyPartner/Subscription")]["DependsOn"].remove(stack.id(policy))


def open_to_all(policy: str, resource: str) -> Spoil:
    return lambda stack: stack.statements(policy).append(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": resource}
    )


def chain_back(stack: Stack) -> None:
    """NotifyPartner and ArchiveOrder each publish what the other gets."""
    topic = {"Ref": next(id_ for id_ in stack.resources if id_.startswith("OrderPlacedTopic"))}
    for task, other in (("NotifyPartner", "ArchiveOrder"), ("ArchiveOrder", "NotifyPartner")):
        variables = stack.properties(f"{task}/Function")["Environment"]["Variables"]
        type_ = f"{other.lower()}.asked.v1"
        name = type_.upper().replace(".", "_")
        variables |= {f"FANOUT_EMITS_{name}": topic, f"FANOUT_EMITTED_{name}": json.dumps({"type": type_})}
        stack.properties(f"{other}/Subscription")["FilterPolicy"] = {"type": [type_]}
