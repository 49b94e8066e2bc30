"""The README's lines for each kind of subscriber are lines of a stack that is sound."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ENGINE, REPOSITORY

pytestmark = pytest.mark.long

PROGRAM = """\
import json
from datetime import timedelta
from pathlib import Path

from fanout.constructs import App, Delivery, Direct, FanoutStack, Subscriber, Topic, Worker
from stacks.settings import DEV as settings


class Stack(FanoutStack):
    def __init__(self, app):
        super().__init__(app, "Readme", settings=settings)
        forms = Topic(self, "Orders", settings=settings, types=["order.placed.v1", "order.placed.v2"])
{lines}
        Subscriber(self, "BookInvoice", topic=invoices, task="book_invoice")


app = App(context=json.loads(Path("cdk.json").read_text())["context"], outdir={folder!r})
Stack(app)
app.synth()
"""


def test_they_synthesize_and_no_rule_finds_anything(tmp_path: Path) -> None:
    """With the tasks of the app that has every kind: the README's own are made up."""
    found = re.search(r"<!-- kinds -->\n```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert found
    lines = found[1].replace('"sync_crm"', '"print_label"')
    program = PROGRAM.format(lines="".join(f"        {line}\n" for line in lines.splitlines()), folder=str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ENGINE / "tests" / "kinds",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert (tmp_path / "Readme.template.json").exists()
