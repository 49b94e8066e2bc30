"""One EveryKind stack per settings entry, or per entry that is named."""

import sys
from collections.abc import Sequence

import aws_cdk as cdk

from fanout.constructs import App
from fanout.project import stack_name
from stacks import settings
from stacks.every_kind_stack import EveryKindStack


def add_stacks(app: cdk.App, names: Sequence[str] = ()) -> None:
    for entry in settings.chosen(names):
        EveryKindStack(app, stack_name(entry.name), settings=entry)


if __name__ == "__main__":
    with App() as app:
        add_stacks(app, sys.argv[1:])
