"""A copy of this checkout in which the tasks are sabotaged, so that no switch for it is in what is deployed elsewhere.

Copied as it is: the stack, the runtime, the three tasks. Added to each task: one line behind its last, which lets
`sabotage.py` come before and after it. Deployed with a function time-out of six seconds, and a visibility timeout
of twelve in place of thirty-six, as each crash costs that long; a claim's lease still ends before.
"""

import shutil
import sys
from pathlib import Path

from tests.places import APP as FIXTURE

COPIED = ("stacks", "lambdas", "contracts")
TIMEOUT, VISIBILITY = 6, 12
SABOTAGED = """
from {task}.sabotage import sabotaged  # noqa: E402

handle = sabotaged({task}, handler_of)
"""
APP = f"""\
from dataclasses import replace
from typing import Any

import aws_cdk as cdk

from fanout.constructs import Function, Subscriber
from stacks import order_events_stack, settings


def shortened(*args: Any, **named: Any) -> Subscriber:
    made = Subscriber(*args, **{{**named, "compute": Function(timeout=cdk.Duration.seconds({TIMEOUT}))}})
    made.queue.node.default_child.visibility_timeout = {VISIBILITY}
    return made


order_events_stack.Subscriber = shortened
app = cdk.App()
order_events_stack.OrderEventsStack(app, "OrderEvents-local", settings=replace(settings.LOCAL, tracebacks=False))
app.synth()
"""


def make_checkout(folder: Path, tasks: tuple[str, ...]) -> str:
    """Makes the copy in `folder`; returns the command that synthesizes it, for `cdk --app`."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(FIXTURE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(FIXTURE / "cdk.json", folder)  # so that its tasks are found here
    (folder / ".fanout").symlink_to(FIXTURE / ".fanout")
    for task in tasks:
        shutil.copy(Path(__file__).parent / "sabotage.py", folder / "lambdas" / task / "sabotage.py")
        with (folder / "lambdas" / task / "handler.py").open("a") as handler:
            handler.write(SABOTAGED.format(task=task))
    (folder / "sabotaged_app.py").write_text(APP)
    return f"env -C {folder} PYTHONPATH={folder} {sys.executable} {folder / 'sabotaged_app.py'}"
