"""What runs, and what is where, at this moment."""

from contextlib import suppress
from typing import Any

from rich.markup import escape

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
    """One line each: an address is whole, however narrow the screen."""
    named = ("emulator", "receiver", "console", "stack")
    lines = [(name, _parts(told[name]) if told[name] else "[dim]does not run[/]") for name in named]
    for task, counts in told["tasks"].items():
        style = "red" if counts["dead_letters"] else "green"
        lines.append((task, f"{counts['waiting']} waiting, [{style}]{counts['dead_letters']} dead letters[/]"))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        console.print(f"[bold]{name.ljust(width)}[/]  {text}", soft_wrap=True)
    if not told["emulator"]:
        console.print("`make up` starts it", style="dim")


def _parts(parts: dict[str, Any]) -> str:
    return escape("  ".join(f"{key} {value}" for key, value in parts.items()))
