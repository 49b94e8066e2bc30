"""The templates of an app with every kind of subscriber and of event: each gate, and every reader of templates."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.linted import linted
from tests.places import ENGINE

pytestmark = pytest.mark.long

KINDS = ENGINE / "tests" / "kinds"
ENTRIES = ("dev", "prod", "local")


@dataclass(frozen=True)
class Made:
    folder: Path
    findings: list[str]
    needless: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("kinds")
    ran = subprocess.run(
        [sys.executable, "gates.py", str(folder)], cwd=KINDS, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = json.loads(ran.stdout.splitlines()[-1])
    return Made(folder, said["open"], said["needless"])


def test_cdk_nag_and_the_rules_find_nothing_without_a_reason(made: Made) -> None:
    assert made.findings == []


def test_every_reason_of_the_engine_answers_one_of_these(made: Made) -> None:
    assert made.needless == []


@pytest.mark.parametrize("entry", ["dev", "prod"])
def test_cfn_lint_has_nothing_to_say(entry: str, made: Made) -> None:
    assert linted((made.folder / f"EveryKind-{entry}.template.json").read_text()) == []


def fanout(*arguments: str, cwd: Path = KINDS) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "fanout", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, (arguments, ran.stdout[-1500:], ran.stderr[-1500:])
    return ran.stdout


def test_check_has_nothing_to_say(made: Made) -> None:
    fanout("check", str(made.folder), "--contract", str(KINDS / "contracts"))


def test_the_catalogue_has_a_page_for_each_task_and_says_why_the_raw_event_leaves(made: Made, tmp_path: Path) -> None:
    app = tmp_path / "app"
    shutil.copytree(KINDS, app)
    (app / "README.md").write_text("<!-- topology -->\n<!-- /topology -->\n")
    fanout("docs", str(made.folder), cwd=app)
    pages = {path.stem: path.read_text() for path in (app / "docs" / "catalog").rglob("*") if path.is_file()}
    assert {"make_invoice", "print_label", "purge_cache", "book_invoice"} <= pages.keys()
    assert "the warehouse of a partner packs what is ordered" in pages["README"]
    assert "print_label" in (app / "README.md").read_text()
    for type_ in ("order.placed.v1", "order.placed.v2", "invoice.made.v1"):
        assert type_ in pages["README"] and type_ in pages["asyncapi"]


@pytest.mark.parametrize("entry", ["dev", "prod"])
def test_the_bill_has_a_line_for_each_task(entry: str, made: Made) -> None:
    told = fanout("cost", "--assembly", str(made.folder / f"EveryKind-{entry}.template.json"))
    for task in ("make_invoice", "print_label", "purge_cache", "book_invoice"):
        assert task in told, told
