"""Every Mermaid block of the documents is drawn, and the drawing shows what its source says."""

import re
import subprocess
from pathlib import Path

import pytest

from fanout.catalog.reading import subscribers, topics
from fanout.catalog.tasks import Task, task
from fanout.catalog.topology import flowchart
from fanout.template.template import Template
from tests.infra.catalog_pictures import Picture, pictures, sources
from tests.infra.reading import Synth
from tests.places import APP, ENGINE, REPOSITORY
from tests.unit.catalog.given import many

DOCUMENTS = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *ENGINE.glob("docs/**/*.md")]
BLOCKS = [(path.relative_to(REPOSITORY), source) for path in sorted(DOCUMENTS) for source in sources(path)]


@pytest.fixture(scope="module")
def drawn() -> dict[str, Picture]:
    every = [source for _, source in BLOCKS]
    return dict(zip(every, pictures(every), strict=True))


def test_the_readme_the_architecture_and_the_catalogue_have_pictures() -> None:
    found = {path.as_posix() for path, _ in BLOCKS}
    assert {"README.md", "engine/docs/architecture.md", "docs/catalog/README.md"} <= found


@pytest.mark.parametrize(("path", "source"), BLOCKS, ids=lambda each: each.as_posix() if isinstance(each, Path) else "")
def test_every_label_of_a_source_is_in_its_picture(path: Path, source: str, drawn: dict[str, Picture]) -> None:
    wanted = labels(source)
    assert wanted
    shown = drawn[source].texts
    assert [each for each in wanted if each not in shown] == []
    width, height = drawn[source].size
    assert 300 < width < 2000 and 100 < height < 1500


@pytest.mark.parametrize(("path", "source"), BLOCKS, ids=lambda each: each.as_posix() if isinstance(each, Path) else "")
def test_no_source_has_what_mermaids_own_grammar_ends_a_statement_with(path: Path, source: str) -> None:
    """The renderer draws it, GitHub refuses the picture: https://mermaid.js.org/syntax/sequenceDiagram.html#entity-codes-to-escape-characters"""
    assert not re.search(r";|#(?!amp;|quot;|lt;|gt;)", re.sub(r"#(amp|quot|lt|gt);", "", source))


@pytest.mark.long
def test_the_picture_of_the_stack_has_its_arrows_and_no_others(synth: Synth) -> None:
    template = Template(synth["prod"])
    known = {each.name: task(APP / "lambdas", each.name) for each in subscribers(template)}
    (picture,) = pictures([unfenced(flowchart(topics(template), known))])
    expected = [("publisher", "topic1", "publish"), ("Heartbeat_Schedule", "topic1", "every 5 minutes")]
    for name, dead in (
        ("archive_order", "ArchiveOrder_DeadLetterQueue"),
        ("notify_partner", "NotifyPartner_DeadLetterQueue"),
        ("send_receipt", "SendReceipt_DeadLetterQueue"),
    ):
        expected += [
            ("topic1", f"{name}_queue", ""),
            (f"{name}_queue", f"{name}_task", ""),
            (f"{name}_queue", dead, "after 5 attempts"),
            (dead, "alarm", ""),
        ]
    assert picture.edges == sorted(expected)


@pytest.mark.long
def test_thirty_subscribers_fit_a_page() -> None:
    template = Template(many(30))
    known = {each.name: Task() for each in subscribers(template)}
    (picture,) = pictures([unfenced(flowchart(topics(template), known))])
    assert [text for text in picture.texts if text.startswith("Task")] == [f"Task{number:02}Fn" for number in range(30)]
    assert len(picture.edges) == 3
    width, height = picture.size
    assert width < 1200 and height < 1000


def test_a_source_that_is_no_diagram_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        pictures(["flowchrt LR\n    a --> b\n"])


def labels(source: str) -> list[str]:
    """Of a flowchart: what is quoted, and what is written on an arrow. Of a sequence: names and messages."""
    if source.startswith("flowchart"):
        quoted = re.findall(r'"([^"]+)"', source)
        on_arrows = re.findall(r"-- ([\w ]+) -->", source)
        return [line for each in [*quoted, *on_arrows] for line in each.split("<br/>")]
    return [each.strip() for each in re.findall(r"(?: as |\w: )(.+)$", source, re.MULTILINE)]


def unfenced(block: str) -> str:
    return block.removeprefix("```mermaid\n").removesuffix("```\n")
