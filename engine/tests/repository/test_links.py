"""This repository's documents are true: links, paths, make targets, named tests and counted resources are compared."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.places import ENGINE
from tests.places import REPOSITORY as ROOT

ADR = ENGINE / "docs" / "adr"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ENGINE.glob("*.md"),
        *ENGINE.glob("docs/**/*.md"),
        *ROOT.glob(".github/*.md"),
    ],
    key=lambda path: path.as_posix(),
)
DECISIONS = sorted(ADR.glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Evidence"]
A_PAGE = 60

ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {
    ".git",
    ".venv",
    ".local",
    ".fanout",
    "node_modules",
    "cdk.out",
}
MADE = (".fanout", "lambdas/upcasts.py")
"""By `make install`, and by a team that has two versions of an event."""
EXAMPLE = "sync_crm"
"""The task that documents add as an example."""

PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*/?")
TEST_NAME = re.compile(r"test_\w+")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def prose(path: Path) -> str:
    """Without fenced blocks and comments."""
    return re.sub(r"^```.*?^```|<!--.*?-->", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def code_spans(path: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(path))


def shell_lines(path: Path) -> list[str]:
    blocks = re.findall(r"^```(?:sh|bash|console|make)\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def slug(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {slug(each) for each in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)}


def targets(folder: str = ".") -> set[str]:
    """Of the Makefile that `make` reads, or `make -C folder`."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / folder / "Makefile").read_text(), re.MULTILINE))


@cache
def defined_tests() -> frozenset[str]:
    files = [*ROOT.glob("tests/**/test_*.py"), *ENGINE.glob("tests/**/test_*.py")]
    return frozenset(name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M))


def snapshot(name: str) -> dict[str, Any]:
    text = (ENGINE / "tests" / "infra" / "snapshots" / f"OrderEvents-{name}.json").read_text()
    template: dict[str, Any] = json.loads(text)
    return template


def of_subscriber(template: dict[str, Any]) -> Counter[str]:
    resources = template["Resources"]
    return Counter(each["Type"] for id_, each in resources.items() if id_.startswith("SendReceipt"))


def outside_of_subscribers(section: dict[str, Any]) -> int:
    tasks = ("SendReceipt", "ArchiveOrder", "NotifyPartner")
    return len([id_ for id_ in section if not id_.startswith(tasks)])


def test_links_resolve(document: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_paths_exist(document: Path) -> None:
    missing = []
    for span in code_spans(document):
        if not PATH.fullmatch(span) or span.split("/")[0] not in ROOMS or "/" not in span:
            continue
        if EXAMPLE in span or span.startswith(MADE):
            continue
        if not list(ROOT.glob(span.rstrip("/"))):
            missing.append(span)
    assert missing == []


def test_make_targets_exist(document: Path) -> None:
    commands = [*code_spans(document), *shell_lines(document)]
    found = [re.findall(r"\bmake (?:-C (\S+) )?(?:[A-Z_]+=\S+ )*([a-z][a-z-]*)", each) for each in commands]
    unknown = [(folder, name) for some in found for folder, name in some if name not in targets(folder or ".")]
    assert unknown == []


def test_named_tests_exist(document: Path) -> None:
    named = {span for span in code_spans(document) if TEST_NAME.fullmatch(span)}
    assert named <= defined_tests(), named - defined_tests()


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = dict(re.findall(r"^\| \[\d{4}\]\((\S+)\) \| (.+) \|$", (ADR / "README.md").read_text(), re.MULTILINE))
    titles = {path.name: path.read_text().splitlines()[0] for path in DECISIONS}
    assert {name: f"# {int(name[:4])}. {title}" for name, title in index.items()} == titles


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_four_headings_and_fits_a_page(decision: Path) -> None:
    text = decision.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert len(text.splitlines()) <= A_PAGE


@pytest.mark.parametrize("name", ["dev", "staging", "prod", "local"])
def test_resources_per_subscriber_are_as_documented(name: str) -> None:
    text = (ENGINE / "docs" / "architecture.md").read_text()
    documented = {kind: int(count) for kind, count in re.findall(r"^\| `(AWS::\S+)` \| (\d+) \|$", text, re.MULTILINE)}
    counted = of_subscriber(snapshot(name))
    more, in_all = (int(number) for number in re.findall(r"(\d+) more alarms, (\d+) resources in all", text)[0])
    full = more if name in ("staging", "prod") else 0
    assert documented | {"AWS::CloudWatch::Alarm": documented["AWS::CloudWatch::Alarm"] + full} == counted
    assert f"| in all | {counted.total() - full} |" in text
    assert counted.total() == in_all or not full


def test_limits_are_as_documented() -> None:
    text = " ".join((ENGINE / "docs" / "architecture.md").read_text().split())
    dev, prod = snapshot("dev"), snapshot("prod")
    rest, each = outside_of_subscribers(prod["Resources"]), of_subscriber(prod).total()
    outputs = len([name for name in prod["Outputs"] if name.startswith("SendReceipt")])
    rest_of_outputs = outside_of_subscribers(prod["Outputs"])
    assert f"and {outputs} outputs: the queue's address" in text
    assert f"is {outside_of_subscribers(dev['Resources'])} resources in dev and {rest} in prod" in text
    assert f"and {rest_of_outputs} outputs" in text
    by_resources, by_outputs = (500 - rest) // each, (200 - rest_of_outputs) // outputs
    essential = (500 - rest) // of_subscriber(dev).total()
    assert f"so for {by_resources}, or for {essential} with essential alarms" in text
    assert f"room for {by_resources} subscribers by resources and {by_outputs} by outputs" in text
    assert f"from the {(400 - rest) // each + 1}th subscriber on" in text


def test_the_trust_policy_names_one_repository_one_environment_and_the_audience() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", (ROOT / "docs" / "deploying.md").read_text(), re.MULTILINE | re.DOTALL)
    trust, rights = (json.loads(block)["Statement"] for block in blocks)
    assert trust[0]["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:OWNER/REPO:environment:prod",
        }
    }
    assume, *asks = rights
    assert assume["Action"] == "sts:AssumeRole" and "*" not in json.dumps(assume)
    for action in (action for each in asks for action in each["Action"]):
        assert re.fullmatch(r"[a-z]+:(Get|List|Describe)[A-Za-z]+", action)
