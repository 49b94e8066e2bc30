"""The pictures of the console in the documents are of the pages as they are."""

import json

from tests.browser.console_pictures import FOLDER, NAMES, OF, made_of
from tests.places import ENGINE, REPOSITORY

MOST_BYTES = 150_000


def test_the_pictures_were_made_of_the_pages_as_they_are() -> None:
    assert json.loads(OF.read_text("utf-8"))["pages"] == made_of(), "the pages changed: make -C engine pictures"


def test_each_is_small_and_shown_by_a_document() -> None:
    documents = "".join(path.read_text("utf-8") for path in (REPOSITORY / "README.md", ENGINE / "docs" / "console.md"))
    for name in NAMES:
        assert (FOLDER / name).stat().st_size < MOST_BYTES and f"console/{name})" in documents, name
    assert {each.name for each in FOLDER.iterdir()} == {*NAMES, OF.name}
