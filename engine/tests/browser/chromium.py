"""The system's browser, and axe-core in it; tests are skipped, in one line, where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.places import NODE_MODULES

# The first draws nothing that nobody looks at: half of the processor's time that the whole browser takes without a window.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
CHROMIUM = next((each for name in BROWSERS if (each := Path("/usr/bin", name)).exists()), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
NEEDED = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no /usr/bin/{BROWSERS[0]}: apt-get install -y --no-install-recommends {BROWSERS[0]}"
)


@contextmanager
def launched() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


def findings(page: Any) -> list[str]:
    """Of axe-core, all its rules; it runs beside a page without script, where the browser's own code does."""
    page.evaluate(AXE.read_text("utf-8") + ";0")
    found = page.evaluate("axe.run()")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]
