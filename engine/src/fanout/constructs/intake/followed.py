"""Whose records the status page of an intake reads: told through SSM, so that each stack is deployed and removed by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout.constructs.cdk_cache import fact, known_of_stack, path_of
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.filter import Filter
from fanout.constructs.idempotency import records_of
from fanout.constructs.parameters import tell
from fanout.constructs.registry import for_each, in_order
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import AnyTopic

READ = "What an intake reads"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """`table` and `key` are names of SSM parameters, with the name of a table of records and the ARN of its key. `only` has
    the filter of a task's subscriber, or those of several: an event that one of them lets through reaches it."""

    tasks: Sequence[str]
    table: str
    key: str | None = None
    only: Mapping[str, Sequence[Filter] | Filter] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack, settings: Settings, topic: AnyTopic | None = None) -> "Followed | None":
        """All subscribers of `stack` to one topic, by default its main one; `stack` gets the parameters. None where there are
        none, or no records.

        Raises ConfigurationError where it is not known which topic is meant, or nobody hears the one that is given.
        """
        subscribers: list[Subscriber] = []
        for_each(Subscriber, stack, subscribers.append)
        records = records_of(stack)
        if records is None or not subscribers:
            return None
        arn = _known_by(topic.topic if topic else _only_one(stack, subscribers))
        only: dict[str, list[Filter]] = {}
        for each in in_order(subscribers):
            if _known_by(each.topic) == arn:
                only.setdefault(each.task, []).append(each.only)
        if topic and not only:
            raise ConfigurationError(
                f"stack {stack.stack_name}: none of its subscribers hears {path_of(topic.topic)}; they hear"
                f" {_named(_heard(subscribers))}: give Followed.of(..., topic=...) one of these"
            )
        tasks = [*only]
        table = tell(stack, "RecordsTableParameter", settings, "records-table", records.table_name, READ)
        if records.encryption_key is None:
            return cls(tasks=tasks, table=table, only=only)
        key = tell(stack, "RecordsKeyParameter", settings, "records-key-arn", records.encryption_key.key_arn, READ)
        return cls(tasks=tasks, table=table, key=key, only=only)

    def reached_by(self, type_: str) -> dict[str, bool]:
        """The tasks that may get events of a type, and whether each gets them all, as far as its filter says."""
        found = {}
        for task in self.tasks:
            given = self.only.get(task, {})
            ways = [_lets_through(each, type_) for each in ([given] if isinstance(given, Mapping) else given)]
            if any(way is not None for way in ways):
                found[task] = any(ways)
        return found

    def table_name(self, scope: Construct) -> str:
        """A token, read at each deployment of the scope's stack."""
        return ssm.StringParameter.value_for_string_parameter(scope, self.table)

    def key_arn(self, scope: Construct) -> str | None:
        return ssm.StringParameter.value_for_string_parameter(scope, self.key) if self.key else None


def _known_by(topic: sns.ITopic) -> str:
    """Its ARN; of one that SSM tells the logical id of the parameter, as the ARN of each import is another token."""
    arn = fact(topic, "topic_arn")
    told = fact(topic, "told by", lambda: topic.stack.resolve(arn))
    parameter = told.get("Ref") if isinstance(told, dict) else None
    return str(parameter if str(parameter).startswith("SsmParameterValue") else arn)


def _only_one(stack: Stack, subscribers: Sequence[Subscriber]) -> sns.ITopic:
    """The main topic, else the one that all of them hear."""
    heard = _heard(subscribers)
    main = known_of_stack(stack, "its main topic")
    arn = _known_by(main.topic) if main else next(iter(heard))
    if arn not in heard or (main is None and len(heard) > 1):
        raise ConfigurationError(
            f"stack {stack.stack_name}: its subscribers hear {_named(heard)}, and none of these is its main topic: say to which the"
            " intake publishes, Followed.of(..., topic=...)"
        )
    return heard[arn]


def _heard(subscribers: Sequence[Subscriber]) -> dict[str, sns.ITopic]:
    return {_known_by(each.topic): each.topic for each in in_order(subscribers)}


def _named(topics: Mapping[str, sns.ITopic]) -> str:
    return ", ".join(path_of(each) for each in topics.values())


def _lets_through(only: Filter, type_: str) -> bool | None:
    """Whether a filter lets all events of a type through; None for none of them."""
    types = only.get("type", [type_])
    if isinstance(types, sns.SubscriptionFilter):
        return False
    return only.keys() <= {"type"} if type_ in types else None
