"""Wires one FormEvents stack per settings entry, or per entry that is named, checks them, and stops: no network.

`python app.py` makes all of them, `python app.py local` one.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing is garbage before this program ends, and a tenth of its time went into looking for it

import sys
from collections.abc import Sequence

import aws_cdk as cdk

from fanout.checks.plugin import FanoutChecks
from fanout.constructs.errors import told_in_one_line
from fanout.contracts.app import app_contracts
from stacks import settings
from stacks.form_events_stack import FormEventsStack


def add_stacks(app: cdk.App, names: Sequence[str] = ()) -> None:
    for each in settings.chosen(names):
        FormEventsStack(app, f"FormEvents-{each.name}", settings=each)
    cdk.Validations.of(app).add_plugins(FanoutChecks(contracts=app_contracts()))


if __name__ == "__main__":
    with told_in_one_line():
        app = cdk.App()
        add_stacks(app, sys.argv[1:])
        app.synth()
    gc.freeze()  # nor is anything worth looking for at the end
