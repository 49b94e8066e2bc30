"""What was done from this machine, by whom, and why: the journal, as pages."""

from shlex import quote as in_shell
from typing import Any

from fanout.console.dead.chosen import Filter
from fanout.console.dead.desk import Desk
from fanout.console.dead.pages.redrive import refusal
from fanout.console.page import Answer, Asked, Page
from fanout.ops.redrive.stories import MOST_LINES, Run

AT_A_TIME = 100
_HEAD = ("at", "run", "command", "who", "operator")
_LETTERS = ("sending", "sent", "deleted", "dropping", "dropped", "not sent")


def show(desk: Desk, asked: Asked) -> Answer:
    """The newest first; a dry run leads to its page."""
    runs = desk.stories.runs()
    facts = {
        "runs": [_row(desk, each) for each in runs[:AT_A_TIME]],
        "more": max(0, len(runs) - AT_A_TIME),
        "path": str(desk.stories.path),
    }
    return Page("dead/journal.html", {**facts, "commands": [f"tail -f {in_shell(str(desk.stories.path))}"]})


def show_run(desk: Desk, asked: Asked) -> Answer:
    run = desk.stories.run(asked.path["run"])
    if run is None:
        why = f"no run {asked.path['run']} is in the journal {desk.stories.path}"
        return refusal(why, Filter(), 404)
    lines = [
        {
            "at": str(line.get("at", "")),
            "step": str(line.get("step", "")),
            "told": {name: value for name, value in line.items() if name not in (*_HEAD, "step", "letters")},
        }
        for line in desk.stories.lines(run.id)
    ]
    export = desk.exports.get(run.id)
    goes_on = export is not None and not export.is_over
    facts = {
        "run": run,
        "lines": lines,
        "most": MOST_LINES,
        "row": _row(desk, run),
        "export": export,
        "commands": [f"grep {in_shell(run.id)} {in_shell(str(desk.stories.path))}"],
    }
    return Page("dead/journal_run.html", facts, refresh=1 if goes_on else 0)


def _row(desk: Desk, run: Run) -> dict[str, Any]:
    letters = max((run.steps[each] for each in _LETTERS), default=0)
    dry = run.id if run.told.get("dry_run") else run.told.get("frozen")
    return {
        "run": run,
        "letters": letters,
        "reason": run.told.get("reason") or "",
        "dry": dry if isinstance(dry, str) else "",
        "stopped": (run.end or {}).get("stopped") or "",
        "is_dry": bool(run.told.get("dry_run")),
    }
