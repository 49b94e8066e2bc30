"""One browser for a module, a page for each test, and one deployment for all that a person does in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chromium import launched
from tests.local.conftest import a_deployment, deployed

__all__ = ["a_deployment", "deployed"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    made = context.new_page()
    made.set_default_timeout(30_000)
    yield made
    context.close()
