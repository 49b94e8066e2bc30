"""A redrive or a drop: what its dry run froze, the question, how far it is, what failed again, and how to go on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as path

from fanout.console.dead import healing
from fanout.console.dead.chosen import AGES, Filter
from fanout.console.dead.desk import Desk
from fanout.console.dead.healing import Options
from fanout.console.dead.pages.groups import chosen_tasks
from fanout.console.page import Answer, Asked, Page, To
from fanout.errors import UserError
from fanout.ops.dead_letters.browse import VISIBILITY
from fanout.ops.dead_letters.selection import age
from fanout.ops.redrive.frozen import Frozen
from fanout.ops.redrive.stories import Selected, Story
from fanout.ops.redrive.told import line_of, question
from fanout.ops.redrive.written import COMMAND as REDRIVE


def freeze(desk: Desk, asked: Asked) -> Answer:
    """The dry run of a redrive: the filter is what it is about, never what a page shows."""
    return frozen(desk, asked, REDRIVE)


def begin(desk: Desk, asked: Asked) -> Answer:
    """Yes to the question; and to go on with what was stopped or cut."""
    form = asked.form
    canary, force = form.get("canary") != "no", form.get("force") == "yes"
    rate, lease = _number(form.get("rate"), 50.0, 0.1, 1_000.0), _number(form.get("lease"), VISIBILITY, 3, 900)
    stop_after = _number(form.get("stop_after"), 5, 1, 10_000)
    return begun(desk, asked, REDRIVE, Options(canary, rate, int(stop_after), int(lease), force))


def stop(desk: Desk, asked: Asked) -> Answer:
    """What was begun is finished, the rest stays."""
    desk.healing.stop(asked.path["run"])
    return To(f"/dead/runs/{path(asked.path['run'])}")


def show(desk: Desk, asked: Asked) -> Answer:
    return shown(desk, asked.path["run"])


def frozen(desk: Desk, asked: Asked, command: str) -> Answer:
    try:
        chosen = Filter.posted(asked.form)
        run = desk.healing.freeze(chosen_tasks(desk, chosen), chosen, command, person=asked.who)
    except UserError as error:
        return refusal(str(error), Filter.of(asked.form), 400)
    return To(f"/dead/runs/{run}")


def begun(desk: Desk, asked: Asked, command: str, options: Options, reason: str = "") -> Answer:
    run = asked.path["run"]
    story = desk.stories.story(run)
    if story is not None and story.dry.command != command:
        return shown(desk, run, f"{run} is a {story.dry.command}: begin it on its own page")
    try:
        desk.healing.begin(run, options, reason, person=asked.who)
    except UserError as error:
        return shown(desk, run, str(error))
    return To(f"/dead/runs/{path(run)}")


def shown(desk: Desk, run: str, problem: str = "") -> Answer:
    work = desk.healing.work(run)
    if work is not None:
        work.wait(0.3)
    story = desk.stories.story(run)
    first = desk.stories.run(run)
    if story is None and first is not None and work is not None and not work.is_over:
        story = Story(first, [], [])
    state = desk.healing.state(story) if story else ""
    if story is None:
        told = problem or (work.problem if work else "") or f"no dry run {run} is in the journal {desk.stories.path}"
        return refusal(told, Filter(), 404)
    refresh = {healing.FREEZING: 0.5, healing.RUNNING: 1, healing.ELSEWHERE: 1}.get(state, 0)
    facts = _facts(desk, story, state)
    facts["problem"] = problem or ((work.problem or "") if work and work.is_over else "")
    at = f"/dead/runs/{path(run)}"  # not where it was posted
    return Page("dead/run.html", {**facts, "work": work}, refresh, 400 if problem else 200, at)


def refusal(problem: str, chosen: Filter, status: int) -> Page:
    """With the way back to the same filter."""
    return Page("dead/refused.html", {"problem": problem, "chosen": chosen, "commands": []}, status=status)


def _facts(desk: Desk, story: Story, state: str) -> dict[str, Any]:
    is_drop = story.dry.command == healing.DROP
    parts = [_part(desk, story, each, is_drop) for each in story.selected]
    total, moved = (sum(each[name] for each in parts) for name in ("total", "moved"))
    target = desk.console.target
    verb = "drop" if is_drop else "redrive"
    return {
        "run": story.dry.id,
        "acting": desk.acting,
        "dry": story.dry,
        "is_drop": is_drop,
        "state": state,
        "portions": parts,
        "total": total,
        "moved": moved,
        "left": total - moved,
        "unsure": sum(each["unsure"] for each in parts),
        "failed": [(run.task, each) for run in story.runs for each in run.failed.values()],
        "stack": desk.stack,
        "chosen": _filter(story),
        "commands": [],
        "shell": [
            f"fanout dead {verb} {each['task']} --frozen {story.dry.id} {target}" for each in parts if each["total"]
        ]
        if not is_drop
        else [f"fanout dead drop {each['task']} {_filter(story).options()} --reason TEXT {target}" for each in parts],
    }


def _part(desk: Desk, story: Story, selected: Selected, is_drop: bool) -> dict[str, Any]:
    run = story.of(selected.task)
    total = len(selected.letters)
    return {
        "task": selected.task,
        "total": total,
        "moved": selected.moved if is_drop else selected.sent,  # a kill may leave what was deleted without a line
        "causes": selected.told.get("causes") or [],
        "unseen": selected.told.get("unseen") or [],
        "redriven": selected.told.get("redriven") or 0,
        "question": _question(desk, selected, is_drop) if total else "",
        "run": run,
        "unsure": _number_of(run.end, "perhaps_dropped") if run and run.end and is_drop else 0,
        "result": line_of(run.end) if run and run.end and not is_drop else "",
    }


def _number_of(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0


def _question(desk: Desk, selected: Selected, is_drop: bool) -> str:
    """None of a task that is not deployed any more."""
    try:
        (subscriber,) = desk.stack.with_letters(selected.task)
    except UserError:
        return ""
    if is_drop:
        return f"delete dead letters of {selected.task} of {desk.stack.label} for good?"
    left = Frozen(dict.fromkeys(selected.letters), redriven=int(selected.told.get("redriven") or 0))
    return question(desk.stack, subscriber, left, 50.0)


def _filter(story: Story) -> Filter:
    """As it was chosen, so that the list can be looked at with it again."""
    given = story.dry.told.get("selection")
    given = given if isinstance(given, dict) else {}
    causes, ids = (given.get(name) or [""] for name in ("causes", "ids"))
    seconds = given.get("older_than_seconds")
    older = next((each for each in AGES if age(each).total_seconds() == seconds), "")
    return Filter.of({"task": story.dry.told.get("task"), "cause": causes[0], "id": ids[0], "older": older})


def _number(given: str | None, default: float, least: float, most: float) -> float:
    try:
        number = float(given or default)
    except ValueError:
        return default
    return min(most, max(least, number)) if number == number else default
