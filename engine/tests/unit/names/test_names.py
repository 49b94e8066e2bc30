"""The names between stack, functions and tools are spelt in names.py alone, and its page says each of them."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout import names
from tests.places import ENGINE

SOURCE = ENGINE / "src" / "fanout"
PAGE = ENGINE / "docs" / "names.md"
VALUES = {name: value for name, value in vars(names).items() if name.isupper()}
OUTPUTS = {value for name, value in VALUES.items() if name.endswith("_OUTPUT")}
METRICS = {names.DONE, names.DUPLICATE, names.DEAD, names.ATTEMPTS, names.LATENCY}
"""Without Failed and Heartbeat, which are also a word of AWS's batch answers and a class."""
OURS_ALONE = {value for value in VALUES.values() if re.search(r"[:.]|^FANOUT_", value)} | METRICS
LONG_OUTPUTS = {value for value in OUTPUTS if len(value) > len("FunctionName")}
"""Longer than any word of AWS's own; a shorter one is ours only where it is an output's."""
FALLBACK_VARIABLES = {
    names.TASK,
    names.QUEUE_URL,
    names.DEAD_LETTER_QUEUE_URL,
    names.RETRY_DELAYS,
    names.RETRY_JITTER,
    names.COMPLETED_SECONDS,
}
"""As old as the runtime: they were there before any function that runs now. A new variable is not added here."""


def literals(tree: ast.AST) -> Iterator[str]:
    """Strings that are no docstrings, and the texts of f-strings."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def about_outputs(tree: ast.AST) -> Iterator[str]:
    """Strings by which an output is written, asked for, or taken apart."""
    for node in ast.walk(tree):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        asked = (
            (isinstance(node, ast.Subscript) and re.search(r"outputs$|^self$", ast.unparse(node.value)))
            or (isinstance(node, ast.Compare) and re.search(r"outputs$", ast.unparse(node.comparators[-1])))
            or re.search(r"outputs\.get$|CfnOutput$|\.endswith$|\.removesuffix$", called)
        )
        if asked:
            yield from literals(node)


def misspelt(source: str) -> list[str]:
    """What a file says in words of its own that names.py has a name for."""
    tree = ast.parse(source)
    said = list(literals(tree))
    found = [text for text in said if text in OURS_ALONE or re.match(r"fanout:|FANOUT_", text)]
    found += [text for text in said if any(output in text for output in LONG_OUTPUTS)]
    if any(text.endswith(tuple(OUTPUTS)) for text in said):
        found += [text for text in about_outputs(tree) if text.endswith(tuple(OUTPUTS))]
    namespaces = re.findall(r"""(?i)namespace["']?\s*[=:]\s*["']Fanout["']""", source)
    return found + namespaces


def files() -> list[Path]:
    written = [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "names.py"]
    return [path for path in written if not path.read_text("utf-8").lower().startswith(('"""generated', "# generated"))]


def test_no_other_file_spells_a_name_of_names_py() -> None:
    found = {str(path.relative_to(SOURCE)): misspelt(path.read_text("utf-8")) for path in files()}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "mutant",
    [
        'TAG = "fanout:task"',
        'tags["fanout:anything"]',
        'os.environ["FANOUT_NEW"]',
        'CAUSE = "fanout.cause"',
        'event["type"] == "fanout.heartbeat.v1"',
        'metric("Done")',
        'Metric(namespace="Fanout")',
        '{"Namespace": "Fanout"}',
        'CfnOutput(stack, f"{prefix}QueueUrl", value=url)',
        'stack.outputs["TopicArn"]',
        'outputs.get("TopicArn")',
        '"TopicArn" in stack.outputs',
        'key.removesuffix("FunctionName")',
        'attach("OperatorReadPolicyArn")',
    ],
)
def test_a_name_that_is_spelt_out_is_found(mutant: str) -> None:
    assert misspelt(mutant)


@pytest.mark.parametrize("fine", ["sns.publish(TopicArn=arn)", 'policy.get("TopicArn")', '"""Tag `fanout:task`."""'])
def test_words_of_aws_and_prose_are_let_be(fine: str) -> None:
    assert not misspelt(fine)


def test_names_load_nothing() -> None:
    loaded = "import sys; before = set(sys.modules); import fanout.names; print(sorted(set(sys.modules) - before))"
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "['fanout', 'fanout.names']"


def test_no_two_names_are_one() -> None:
    assert len(set(VALUES.values())) == len(VALUES)


def test_the_runtime_has_a_default_for_every_variable_but_the_oldest() -> None:
    asked = re.compile(r"environ\[names\.([A-Z_]+)\]")
    found = {each for path in (SOURCE / "runtime").glob("*.py") for each in asked.findall(path.read_text("utf-8"))}
    assert {VALUES[name] for name in found} <= FALLBACK_VARIABLES


def test_the_page_for_other_teams_says_every_name() -> None:
    page = PAGE.read_text("utf-8")
    assert [name for name, value in VALUES.items() if not re.search(rf"`[^`]*{re.escape(value)}[^`]*`", page)] == []


def test_the_page_says_no_name_that_is_not_there() -> None:
    said = re.findall(r"`((?:fanout:|FANOUT_)\w+)`", PAGE.read_text("utf-8"))
    assert sorted(set(said) - set(VALUES.values())) == []
