"""Nothing here asks a package index for `fanout`: on the public one it is somebody else's project."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ENGINE, REPOSITORY

COMMAND = re.compile(r"\b(?:pip3?|pipx|poetry|uv(?: tool)?) (?:install|add|wheel|download)\b([^`\n&;|]*)")
BY_ADDRESS = re.compile(r"\S+ @ \S+")
OURS = re.compile(r"(?:fanout|engine)(?:\[[^]]*\])?(?:[=<>~!].*)?")


def asked_of_an_index(text: str) -> list[str]:
    """What of ours a command in `text` would look up by its name; a folder needs ./ before it."""
    found = []
    for given in COMMAND.findall(text.replace("\\\n", " ")):
        words = [word.strip("\"'") for word in BY_ADDRESS.sub("", given).split()]
        found += [word for word in words if OURS.fullmatch(word) and "--no-index" not in words]
    return found


def files() -> Iterator[Path]:
    """Documents, Makefiles, workflows, and whatever the engine writes or says."""
    yield from (*REPOSITORY.glob("*.md"), REPOSITORY / "Makefile", *ENGINE.glob("*.md"), ENGINE / "Makefile")
    for folder in (REPOSITORY / "docs", REPOSITORY / ".github", ENGINE / "docs", ENGINE / "scaffold", ENGINE / "src"):
        kinds = (".md", ".txt", ".yml", ".py", ".html", "")
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix in kinds)


def test_no_document_and_nothing_that_the_engine_writes_installs_it_by_its_name() -> None:
    read = {path: asked_of_an_index(path.read_text("utf-8")) for path in files()}
    assert len(read) > 500
    assert {path: found for path, found in read.items() if found} == {}


@pytest.mark.parametrize("pattern", ["requirements*.txt", "engine/src/fanout/scaffold/files/**/requirements*.txt.txt"])
def test_no_file_of_requirements_has_it_by_its_name(pattern: str) -> None:
    found = list(REPOSITORY.glob(pattern))
    assert found
    assert [path for path in found if re.search(r"^fanout\b(?! @ )", path.read_text("utf-8"), re.MULTILINE)] == []


@pytest.mark.parametrize(
    "line",
    [
        "pip install fanout",
        "pip install 'fanout[cli]' -r requirements.txt && fanout --help",
        "RUN pip install --find-links /wheels \\\n    'fanout[cli]==0.2.0'",
        "uv tool install fanout",
        "pip wheel --no-deps --wheel-dir dist engine    # in a checkout",
    ],
)
def test_a_bare_name_is_seen(line: str) -> None:
    assert asked_of_an_index(line)


@pytest.mark.parametrize(
    "line",
    [
        "pip wheel --no-deps --wheel-dir dist ./engine",
        "pip install 'fanout[all] @ file:///path/to/fanout-0.2.0-py3-none-any.whl'",
        "pip install --no-index --find-links vendor fanout==0.2.0",
        "pip install -r requirements.txt && fanout --help",
    ],
)
def test_a_file_or_an_address_is_none(line: str) -> None:
    assert asked_of_an_index(line) == []
