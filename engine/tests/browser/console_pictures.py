"""engine/docs/console/*.png: the console over a real run on the embedded AWS, in which a webhook refuses what it is sent.

`make -C engine pictures` makes them; `test_console_pictures.py` says when they are older than the pages.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from fanout.local.run import Run
from fanout.local.wait import wait_until
from tests.browser.chromium import launched
from tests.places import ENGINE, REPOSITORY

FOLDER = ENGINE / "docs" / "console"
PAGES = ENGINE / "src" / "fanout" / "console"
OF = FOLDER / "made-of.json"
SIZE = {"width": 1240, "height": 720}
TASK = "notify_webhook"
NAMES = ("live.png", "live-dark.png", "event.png", "dead-letters.png", "phone.png")


def made_of() -> str:
    """The hash of all that a browser is sent: templates, styles, script."""
    found = hashlib.sha256()
    for path in sorted([*PAGES.glob("templates/**/*.html"), *PAGES.glob("static/*")]):
        found.update(f"{path.relative_to(PAGES).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with running() as run, launched() as browser:
        address = run.open_console(run.stack())
        page = opened(browser, address)
        for _ in range(4):
            event = submitted(page, address)
        shot(page, "event.png")
        run.receiver.answer(503)
        for _ in range(5):
            submitted(page, address, follow=False)
        buried(run, 5)
        run.receiver.answer(410)
        for _ in range(2):
            submitted(page, address, follow=False)
        buried(run, 7)
        run.receiver.heal()
        submitted(page, address)
        for name, options in (("live.png", {}), ("live-dark.png", {"color_scheme": "dark"})):
            look(opened(browser, address, **options), address, name)
        look(opened(browser, address, viewport={"width": 390, "height": 844}), address, "phone.png")
        page.goto(f"{home(address)}/dead")
        page.get_by_text("Look again").wait_for()
        shot(page, "dead-letters.png")
    OF.write_text(json.dumps({"pages": made_of()}) + "\n")
    print(f"{FOLDER}: {', '.join(NAMES)}, of event {event}")


@contextmanager
def running() -> Iterator[Run]:
    """The app at the root, on an embedded AWS of its own."""
    run = Run(REPOSITORY / ".local" / "pictures")
    with run.state.lock(waiting=lambda: None):
        try:
            run.up()
            yield run
        finally:
            run.down()


def buried(run: Run, count: int) -> None:
    wait_until(lambda: run.evidence().dead(TASK) == count, what=f"{count} dead letters", deadline=60)


def opened(browser: Any, address: str, **options: Any) -> Any:
    page = browser.new_context(**{"viewport": SIZE, "reduced_motion": "reduce", **options}).new_page()
    page.goto(address)
    return page


def home(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def submitted(page: Any, address: str, *, follow: bool = True) -> str:
    """An example, as a person submits it; its event's id."""
    page.goto(f"{home(address)}/submit")
    page.get_by_role("button", name="Publish and follow it").click()
    page.wait_for_url("**/events/*")
    if follow:
        page.get_by_text("Done everywhere").wait_for(timeout=30_000)
    return str(urlsplit(page.url).path).rpartition("/")[2]


def look(page: Any, address: str, name: str) -> None:
    page.goto(f"{home(address)}/")
    page.locator(".box.dead.some").wait_for()
    page.wait_for_timeout(3_000)  # a look or two later
    shot(page, name)


def shot(page: Any, name: str) -> None:
    page.screenshot(path=FOLDER / name)


if __name__ == "__main__":
    main()
