"""Every Python sample of the engine's documents runs, in an app that has the tasks and the types that they name."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import ENGINE

pytestmark = pytest.mark.long

TASKS = ("make_bill", "purge_cache", "print_label", "sync_crm")
HANDLER = """\
from events import OrderPlacedV2
from fanout.runtime import handler_of

def task(order: OrderPlacedV2) -> None: ...

handle = handler_of(task)
"""
NOT_RUN = ("cv = attached(", "Intake(...")
"""What reads a file of S3, and a line that leaves out what is said elsewhere."""

PROGRAM = """\
import json, sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from aws_cdk.aws_s3 import Bucket
from events import OrderPlaced, OrderPlacedV2
from fanout.constructs import *
from fanout.constructs.attachments import Attachments
from fanout.constructs.intake import Intake, Limits
from fanout.publisher import EventPublisher
from fanout.runtime import emit, handler_of

settings = Settings.development("dev", owner="shop team", account="333333333333", region="eu-central-1")
arn = topic_arn = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
OrderCancelled = OrderPlacedV2


class Names(dict):
    '''What a sample takes as given is made once it is asked for: a topic of its own would be a second main one.'''

    def __init__(self, stack):
        super().__init__({each: value for each, value in globals().items() if each != "Names"}, self=stack, stack=stack)

    def __missing__(self, name):
        stack = self["stack"]
        if name in ("topic", "orders", "bills"):
            types = ["bill.made.v1"] if name == "bills" else ["order.placed.v1", "order.placed.v2"]
            made = Topic(stack, f"Given{name}", settings=settings, types=types, main=name != "bills")
        elif name == "operators":
            made = OperatorPolicies(stack, "GivenOperator", topic=self["orders"])
        elif name == "printing":
            made = Subscriber(stack, "Printing", topic=self["orders"], task="print_label")
        elif name == "attachments":
            made = Attachments(stack, "GivenAttachments", settings=settings, keep_days=60)
        elif name == "intake":
            own = FanoutStack(stack.node.root, "Forms", settings=settings)
            made = Intake(own, "GivenIntake", settings=settings, topic_arn=arn, event_type="form.submitted.v1",
                          definitions=Path("contracts/forms"), keep_days=30)
        elif name == "events":
            made = FanoutStack(stack.node.root, "Events", settings=settings)
        elif name == "archive":
            made = type("Archive", (), {"bucket": Bucket(stack, "Archive")})
        else:
            raise KeyError(name)
        self[name] = made
        return made


failed = {}
for name, code in json.load(sys.stdin).items():
    try:
        exec(compile(code, name, "exec"), {}, Names(FanoutStack(App(), "Sample", settings=settings)))
    except Exception as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""


def samples() -> dict[str, str]:
    """By document and line: what can run."""
    found = {}
    for path in [ENGINE / "README.md", *sorted((ENGINE / "docs").glob("*.md"))]:
        text = path.read_text("utf-8")
        for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: block.start()].count("\n") + 2
            kept = [each for each in block[1].splitlines() if not each.startswith(NOT_RUN)]
            if not any(each.startswith("with cv.") for each in kept):
                found[f"{path.name}:{line}"] = "\n".join(kept)
    return found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app with every kind, and beside its tasks and types those of the documents."""
    root = tmp_path_factory.mktemp("samples") / "app"
    shutil.copytree(ENGINE / "tests" / "kinds", root, ignore=shutil.ignore_patterns("__pycache__", "cdk.out"))
    for task in TASKS:
        folder = root / "lambdas" / task
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "handler.py").write_text(HANDLER)
    contracts = root / "contracts"
    made = (contracts / "invoice_made.v1.schema.json").read_text("utf-8")
    (contracts / "bill_made.v1.schema.json").write_text(made.replace("invoice.made", "bill.made"))
    orders = (contracts / "order_placed.v1.schema.json").read_text("utf-8")
    placed = json.loads(orders.replace("order.placed", "form.submitted"))
    placed["properties"]["data"]["properties"]["answers"] = {"type": "object"}
    (contracts / "form_submitted.v1.schema.json").write_text(json.dumps(placed))
    (contracts / "forms").mkdir()
    form: dict[str, Any] = {"title": "Contact", "type": "object", "properties": {"message": {"type": "string"}}}
    form["additionalProperties"] = False
    (contracts / "forms" / "contact.schema.json").write_text(json.dumps(form))
    return root


def ran(app: Path, given: dict[str, str]) -> Any:
    """Why each of them failed."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=app,
        env={**os.environ, "PYTHONPATH": "lambdas"},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


def test_every_sample_runs(app: Path) -> None:
    found = samples()
    assert len(found) > 12
    failed = ran(app, found)
    assert not failed, "\n".join(map(str, failed.items()))
