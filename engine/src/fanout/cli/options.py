"""Arguments and options that several commands have."""

from collections.abc import Callable, Iterable
from typing import Annotated, Final

import typer

from fanout.errors import Unusable
from fanout.project import find_root, stack_name

_OPTIONS: Final = {
    "again", "backfill", "bucket", "dry-run", "env", "every-object", "fresh", "from", "group", "intake-stack", "json", "missing",
    "patience", "profile", "rate", "reason", "reference", "region", "stack", "stop-after", "subject", "to", "type", "yes",
}  # fmt: skip


def own_names(properties: Iterable[str]) -> list[str]:
    """What the app calls a group or a reference, as options: --order-id and --order where its contract has order_id."""
    found = [each.replace("_", "-") for each in properties]
    found += [each.removesuffix("-id") for each in found]
    return [f"--{each}" for each in dict.fromkeys(found) if each not in _OPTIONS]


Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: it is kept in the journal.")]

Task = Annotated[str, typer.Argument(metavar="TASK", help="The subscriber's task, as in notify_webhook.")]
SomeTask = Annotated[str | None, typer.Argument(metavar="TASK", help="One subscriber's task; else all.")]
InTask = Annotated[
    str | None, typer.Option("--task", metavar="TASK", help="Look into this task's dead-letter queue only.")
]

OfTopic = Annotated[
    str | None, typer.Option("--topic", metavar="TOPIC", help="Of a stack with several: its id, as in Invoices.")
]

EventId = Annotated[str, typer.Argument(metavar="ID", help="An event's id or its reference, or a message's id.")]
Causes = Annotated[
    list[str] | None, typer.Option("--cause", metavar="CAUSE", help="Id of fanout dead list, error type, or a piece.")
]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", metavar="ID", help="An event's id or its reference, or a message's id."),
]
OlderThan = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Sent at least so long ago: 30min, 12h, 2d.")
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter of the task.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", metavar="NAME=VALUE", help="What a parameter of a template is deployed with, its default else."
    ),
]


def stack_of_env(env: str, name: Callable[[str], str] = stack_name) -> str:
    """The stack that --env means. Raises Unusable where no `cdk.json` says what the app's stacks are called."""
    if not (find_root() / "cdk.json").is_file():
        raise Unusable(f"--env {env}: no cdk.json here or above says which stack that is: give --stack, as alarms do")
    return name(env)


def read_parameters(given: list[str]) -> dict[str, str]:
    """Of NAME=VALUE; AWS::Region and its like are names too. Raises Unusable."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (equals and name.strip()):
            raise Unusable(f"--parameter {each}: expected NAME=VALUE, as in Environment=prod")
        found[name.strip()] = value
    return found
