"""The night, in a browser: a task breaks, its group is seen, one is edited, the rest is healed, and nothing is lost on the way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import NEEDED, findings
from tests.browser.dead_console import Served
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, bury, deliveries, keys_with, made_up, publish

TASK = "notify_partner"
pytestmark = [NEEDED, pytest.mark.long]


@pytest.fixture
def served(deployed: Deployed, tmp_path: Path) -> Iterator[Served]:
    deployed.receiver.forget()
    operator = Operator(deployed, tmp_path / "journal", keys_with(deployed, READ, HEAL))
    made = Served(operator).start()
    yield made
    made.stop()


@pytest.fixture
def page(page: Any) -> Any:
    page.set_default_timeout(30_000)
    return page


def dead(deployed: Deployed, count: int) -> None:
    deployed.wait_until(lambda: deployed.evidence.dead(TASK) == count, f"{count} dead letters", deadline=40)


def frozen(page: Any) -> str:
    """The page of a dry run of what the filter lets through."""
    page.get_by_role("button", name="Redrive: look what it would be").click()
    page.get_by_role("button", name="Yes, send").wait_for()
    return str(page.url)


def test_a_task_breaks_one_event_is_edited_and_the_rest_healed_after_a_canary_that_fails(
    deployed: Deployed, served: Served, page: Any
) -> None:
    deployed.receiver.answer(503)
    events = publish(deployed, 7, "night")
    dead(deployed, 7)
    served.open(page)
    page.get_by_role("cell", name="7", exact=True).first.wait_for()
    assert "the webhook answered 503" in page.content() and "canary-answer" not in page.content()
    assert findings(page) == []

    page.get_by_role("cell", name=TASK).get_by_role("link").click()  # the filter: this cause of this task
    chosen = page.url
    page.locator("table.letters tbody td:last-child a").first.click()
    page.get_by_role("textbox", name="Reason").fill("the partner wants another name, INC-1")
    page.get_by_role("button", name="Edit it").click()
    text = page.get_by_label("The event, with its answers")
    mended = json.loads(text.input_value())
    mended["data"]["items"] = {"q": "<script>mended</script>"}
    text.fill(json.dumps(mended))
    page.get_by_role("button", name="Check it").click()
    assert "<script>mended</script>" in page.locator("ins").first.inner_text()
    assert findings(page) == []
    deployed.receiver.heal()
    page.get_by_role("button", name="Yes, send it").click()
    page.get_by_text("The edited event was sent as").wait_for()
    assert "mended" not in page.content()
    deployed.wait_until(lambda: sum(deliveries(deployed, events)) == 1, "the edited one is delivered")

    deployed.receiver.answer(503)
    page.goto(chosen)
    page.get_by_role("cell", name="6", exact=True).first.wait_for()
    run = frozen(page)
    page.get_by_role("button", name="Yes, send 6").click()
    page.get_by_text("the canary failed again (TransientError: the webhook answered 503)").first.wait_for()
    page.get_by_role("heading", name="What failed again: 1").wait_for()
    dead(deployed, 6)
    deployed.receiver.heal()
    page.reload()
    page.get_by_role("button", name="Go on with 5").click()
    page.get_by_text("5 sent back, 5 seen done").wait_for()
    page.get_by_role("link", name="The dead letters, with the same filter").click()
    assert page.url == chosen
    number = run.rpartition("/")[2]
    assert "nothing is left" in served.operator.run("dead", "redrive", TASK, "--frozen", number, "--yes")
    served.operator.run("dead", "redrive", TASK, "--all", "--yes")  # the canary's, which died anew
    assert deliveries(deployed, events) == [1] * 7
    assert "canary-answer" not in str(served.operator.journal())


def test_killed_in_the_middle_of_a_redrive_and_started_again_it_goes_on_and_two_tabs_see_it(
    deployed: Deployed, served: Served, page: Any, browser: Any
) -> None:
    """Begun on a page, after a dry run at a shell."""
    events = made_up(150, "killed")
    bury(deployed, events)
    dry = served.operator.json("dead", "redrive", TASK, "--all", "--dry-run")["frozen"]
    path = f"/dead/runs/{dry}"
    served.open(page, path)
    page.get_by_label("messages a second").fill("40")
    page.get_by_label("seconds that a letter is hidden").fill("3")
    page.get_by_role("button", name="Yes, send 150").click()
    page.get_by_role("button", name="Stop: finish what was begun").wait_for()
    context = browser.new_context(java_script_enabled=False)
    other = context.new_page()
    served.open(other, path)
    other.get_by_role("button", name="Stop: finish what was begun").wait_for()
    deployed.wait_until(
        lambda: sum(each["step"] == "deleted" for each in served.operator.journal()) >= 30, "some are moved"
    )
    page.reload()
    page.get_by_role("button", name="Stop: finish what was begun").wait_for()
    served.kill()
    assert 0 < deployed.evidence.dead(TASK) < 150
    served.start()
    served.open(page, path)
    other.close()  # it loads itself again every five seconds
    other = context.new_page()
    served.open(other, path)
    page.get_by_text("who carried it out was ended in the middle").wait_for()
    page.get_by_label("messages a second").fill("1000")
    page.get_by_label("seconds that a letter is hidden").fill("3")
    page.get_by_label("a thousand at a time").check()
    page.get_by_role("button", name="Go on with").click()
    page.get_by_text("150 of 150 were sent back").wait_for(timeout=40_000)
    other.reload()
    other.get_by_text("150 of 150 were sent back").wait_for()
    context.close()
    deployed.wait_until(lambda: deliveries(deployed, events) == [1] * 150, "all 150 delivered, each once", deadline=60)
