"""For each settings entry, or each that is named, the fan-out and a form service: `python app.py`, `python app.py local`."""

import sys
from collections.abc import Sequence

import aws_cdk as cdk

from fanout.constructs import App
from fanout.project import intake_stack_name, stack_name
from stacks import settings
from stacks.form_events_stack import FormEventsStack
from stacks.form_service_stack import FormServiceStack


def add_stacks(app: cdk.App, names: Sequence[str] = ()) -> None:
    """Without its line here there is no form service: any other that knows the topic's ARN publishes as well."""
    for entry in settings.chosen(names):
        events = FormEventsStack(app, stack_name(entry.name), settings=entry)
        FormServiceStack(app, intake_stack_name(entry.name), settings=entry, events=events)


if __name__ == "__main__":
    with App() as app:
        add_stacks(app, sys.argv[1:])
