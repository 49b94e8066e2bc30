"""What runs, and what is where, at this moment."""

from contextlib import suppress
from typing import Any

from rich.table import Table

from fanout.errors import OpsError
from fanout.local.console import console
from fanout.local.run import Run


def report(run: Run) -> dict[str, Any]:
    """For `status --json`, in the words of the table."""
    emulator, receiver = run.emulator.process.pid(), run.receiver.process.pid()
    page = run.console.process.pid()
    told: dict[str, Any] = {
        "folder": str(run.state.folder),
        "emulator": {"pid": emulator, "endpoint": run.connection.endpoint} if emulator else None,
        "receiver": {"pid": receiver, "url": run.receiver.url} if receiver else None,
        "console": {"pid": page, "address": run.console.address} if page else None,
        "stack": None,
        "tasks": {},
    }
    if emulator:
        with suppress(OpsError):  # nothing is deployed yet
            evidence = run.evidence()
            stack = evidence.stack
            told["stack"] = {"name": stack.name, "status": stack.status, "topic": stack.topic_arn}
            told["tasks"] = {
                task: {"waiting": evidence.waiting(task), "dead_letters": evidence.dead(task)} for task in stack.tasks
            }
    return told


def show(told: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("emulator", "receiver", "console", "stack"):
        parts = told[name]
        text = "  ".join(f"{key} {value}" for key, value in parts.items()) if parts else "[dim]does not run[/]"
        table.add_row(f"[bold]{name}[/]", text)
    for task, counts in told["tasks"].items():
        style = "red" if counts["dead_letters"] else "green"
        table.add_row(
            f"[bold]{task}[/]", f"{counts['waiting']} waiting, [{style}]{counts['dead_letters']} dead letters[/]"
        )
    console.print(table)
    if not told["emulator"]:
        console.print("`make up` starts it", style="dim")
