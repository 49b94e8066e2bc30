"""docs/rules/ is what the rules say of themselves."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from fanout.checks.plugin import FanoutChecks
from fanout.checks.rule import Rule
from fanout.checks.rule_pages import main, pages
from fanout.checks.rules import RULES
from tests.places import ENGINE

FOLDER = ENGINE / "docs" / "rules"


def test_the_committed_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER), "--check"]) == 0, capsys.readouterr().err


def test_a_page_that_is_stale_or_left_over_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    (tmp_path / "physical-name.md").write_text("something else")
    (tmp_path / "no-such-rule.md").write_text("left over")
    assert main([str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().err
    assert "physical-name.md" in said and "no-such-rule.md" in said
    assert main([str(tmp_path)]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == pages()


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_why_and_how_to_fix_it(rule: Rule) -> None:
    assert rule.id == rule.id.lower() and " " not in rule.id
    assert all(text.endswith(".") for text in (rule.what, rule.why, rule.fix))
    assert rule.link.startswith(("https://docs.aws.amazon.com/", "https://repost.aws/"))
    assert (FOLDER / f"{rule.id}.md").exists()


def test_the_index_says_where_the_plugin_is_imported_from() -> None:
    said = " ".join(pages()["README.md"].split())
    (module,) = re.findall(r"`Validations\.of\(app\)\.add_plugins\(FanoutChecks\(\)\)`, of `([\w.]+)`", said)
    assert import_module(module).FanoutChecks is FanoutChecks
