"""All dead letters, grouped by cause."""

from datetime import UTC, datetime
from typing import Any

from fanout.console.dead.chosen import AGES, Filter
from fanout.console.dead.desk import Desk
from fanout.console.dead.groups import Scale, chosen_count, rows
from fanout.console.page import Answer, Asked, Page, To
from fanout.console.work import AT_ONCE


def show(desk: Desk, asked: Asked) -> Answer:
    chosen = Filter.of(asked.query)
    if asked.query.get("again"):
        desk.listing.begin()
        return To(f"/dead{chosen.query}")
    desk.listing.begin(again=False)
    desk.listing.wait(AT_ONCE)
    return Page("dead/groups.html", _facts(desk, chosen), refresh=0.5 if desk.listing.view().is_looking else 0)


def _facts(desk: Desk, chosen: Filter) -> dict[str, Any]:
    now = datetime.now(UTC)
    view = desk.listing.view()
    shown = rows(view.summaries, chosen, now)
    letters = max((sum(each.tasks.values()) for each in shown), default=0)
    tasks = sorted({task for each in shown for task in each.tasks})
    redrives = [f"fanout dead redrive {task} {chosen.options()} --dry-run {desk.console.target}" for task in tasks[:3]]
    return {
        "view": view,
        "chosen": chosen,
        "rows": shown,
        "scale": Scale.of(shown, now),
        "now": now,
        "count": chosen_count(shown, chosen, now),
        "most": letters,
        "tasks": tasks,
        "all_tasks": [each.task for each in desk.console.stack.with_letters(None)],
        "causes": [(each.cause.id, str(each.cause)) for each in rows(view.summaries, Filter(), now)],
        "ages": AGES,
        "commands": [f"fanout dead list {f'{chosen.task} ' if chosen.task else ''}{desk.console.target}", *redrives],
    }


def chosen_tasks(desk: Desk, chosen: Filter) -> list[str]:
    """Of which the last look saw letters that the filter lets through, or could not see all."""
    if chosen.task:
        return [chosen.task]
    now = datetime.now(UTC)
    view = desk.listing.view()
    seen = {task for each in rows(view.summaries, chosen, now) for task in each.tasks}
    return sorted(seen | {each.task for each in view.summaries if each.problem or not each.completeness})
