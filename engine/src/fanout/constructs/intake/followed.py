"""Whose records the status page of an intake reads: told through SSM, so that each stack is deployed and removed by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout.constructs.filter import Filter
from fanout.constructs.idempotency import records_of
from fanout.constructs.parameters import tell
from fanout.constructs.registry import for_each, in_order
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber

READ = "What an intake reads"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """`table` and `key` are names of SSM parameters, with the name of a table of records and the ARN of its key. `only` has
    the filters of tasks that have one."""

    tasks: Sequence[str]
    table: str
    key: str | None = None
    only: Mapping[str, Filter] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack, settings: Settings) -> "Followed | None":
        """All subscribers of `stack`, which gets the parameters; None where it has none."""
        subscribers: list[Subscriber] = []
        for_each(Subscriber, stack, subscribers.append)
        records = records_of(stack)
        if records is None or not subscribers:
            return None
        tasks = [each.task for each in in_order(subscribers)]
        only = {each.task: each.only for each in subscribers if each.only}
        table = tell(stack, "RecordsTableParameter", settings, "records-table", records.table_name, READ)
        if records.encryption_key is None:
            return cls(tasks=tasks, table=table, only=only)
        key = tell(stack, "RecordsKeyParameter", settings, "records-key-arn", records.encryption_key.key_arn, READ)
        return cls(tasks=tasks, table=table, key=key, only=only)

    def reached_by(self, type_: str) -> dict[str, bool]:
        """The tasks that may get events of a type, and whether each gets them all, as far as its filter says."""
        found = {}
        for task in self.tasks:
            only = self.only.get(task, {})
            types = only.get("type", [type_])
            if isinstance(types, sns.SubscriptionFilter):
                found[task] = False
            elif type_ in types:
                found[task] = only.keys() <= {"type"}
        return found

    def table_name(self, scope: Construct) -> str:
        """A token, read at each deployment of the scope's stack."""
        return ssm.StringParameter.value_for_string_parameter(scope, self.table)

    def key_arn(self, scope: Construct) -> str | None:
        return ssm.StringParameter.value_for_string_parameter(scope, self.key) if self.key else None
