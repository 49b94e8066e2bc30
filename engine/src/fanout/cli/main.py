"""The `fanout` command: a table of contents. Each command is a function in a module of its name."""

import os
import sys
from io import TextIOWrapper
from typing import Any

import typer

from fanout.cli.lazy import Table, command_group
from fanout.errors import UserError, fault
from fanout.words import printable

COMMANDS: Table = {
    "init": ("fanout.cli.init:init", "Write a new team's repository: app, stack, one task, contract, tests, workflows."),
    "new": (
        {"task": ("fanout.cli.new:task", "Add a task's folder and test, and show the call that subscribes it, or write it.")},
        "More of what an app has: task.",
    ),
    "check": ("fanout.cli.check:check", "Say what would lose, duplicate, block or leak messages, and what to change."),
    "diff": ("fanout.cli.diff:diff", "Say what a deployment would do: replaced queues, lost alarms, new subscribers."),
    "docs": ("fanout.cli.docs:docs", "Write the app's documents from its templates, or check that they are current."),
    "cost": ("fanout.cli.cost:cost", "Say what each environment and each subscriber costs a month."),
    "deploy": (
        {
            "check": ("fanout.cli.deploy:check", "Say which facts of the account do not hold, and refuse credentials that cannot deploy."),
            "prepare": ("fanout.cli.deploy:prepare", "Check, say where the deployment goes, and bootstrap an account."),
            "stacks": ("fanout.cli.deploy:stacks", "Print the names of the environment's stacks, for the CDK CLI."),
        },
        "What a deployment needs, before anything is changed.",
    ),
    "install": ("fanout.cli.install:install", "Install what each lambdas/<task>/requirements.txt pins."),
    "contract": (
        {
            "build": ("fanout.cli.contract:build", "Write the Python package with which tasks read events."),
            "check": ("fanout.cli.contract:check", "Say whether that package is what the schemas say."),
            "diff": ("fanout.cli.contract:diff", "Say what a change of the schemas breaks, for whom, and by which event."),
        },
        "The app's event schemas: as code, and compared.",
    ),
    "status": ("fanout.cli.status:status", "Say how every subscriber is: waiting, in flight, dead, paused, and why."),
    "console": ("fanout.cli.console:console", "Show the stack in a browser of this machine, and change only what --allow names."),
    "where": ("fanout.cli.where:where", "Say what became of one event at every subscriber."),
    "tail": ("fanout.cli.tail:tail", "Show outcomes as they are logged, one a line, until Ctrl-C."),
    "logs": ("fanout.cli.logs:logs", "Show every line that a task's function logs, its own prints too."),
    "send": ("fanout.cli.send:send", "Publish events that keep the contract, as any publisher does."),
    "pause": ("fanout.cli.pause:pause", "Let a subscriber's events wait in its queue, with all their attempts."),
    "resume": ("fanout.cli.resume:resume", "End a pause: the events that wait are worked on."),
    "drain": ("fanout.cli.drain:drain", "Wait until a subscriber's queue is empty; changes nothing."),
    "doctor": ("fanout.cli.doctor:doctor", "Find what was changed by hand, and what would lose messages as it is now."),
    "verify": ("fanout.cli.verify:verify", "Prove a deployment by probes, which no task sees."),
    "dead": (
        {
            "list": ("fanout.cli.dead.list:list_", "List dead-letter messages by cause."),
            "show": ("fanout.cli.dead.show:show", "Show one dead-letter message: its event without answers, its attributes, its attempts."),
            "redrive": ("fanout.cli.dead.redrive:redrive", "Send dead letters back to their own task's queue."),
            "edit": ("fanout.cli.dead.edit:edit", "Mend one event, check it, and send it to its task's queue."),
            "export": ("fanout.cli.dead.export:export", "Copy a task's dead letters, with answers, into a file."),
            "import": ("fanout.cli.dead.import_:import_", "Send each event of a file to the queue of the task it names."),
            "drop": ("fanout.cli.dead.drop:drop", "Delete dead letters for good; each is in a file first."),
        },
        "Dead-letter messages: list, show, redrive, edit, export, import, drop.",
    ),
    "intake": (
        {
            "status": ("fanout.cli.intake.status:status", "Say what an intake has stored and not emitted yet."),
            "retry": ("fanout.cli.intake.retry:retry_", "Give entries that SNS refused to it once more."),
        },
        "What people sent to an intake, on its way to the topic: status, retry.",
    ),
    "replay": ("fanout.cli.replay:replay", "Send archived events to one task's queue, and to no other."),
    "erase": ("fanout.cli.erase:erase", "Find and remove one person's data: intake, dead letters, archive with all versions; then look again."),
    "run": ("fanout.cli.run:run", "Run one task on one event in this process, with its function's variables and rights: breakpoint() stops in it."),
    "work": ("fanout.cli.work:work", "Work on a task's events in this process until it is told to stop: outside of Lambda, or with breakpoints."),
    "local": (
        {
            "up": ("fanout.cli.local.up:up", "Start the embedded AWS, deploy the settings entry `local`, write .local/env."),
            "watch": ("fanout.cli.local.watch:watch", "Run a saved task at once on the embedded AWS, deploy a changed stack, and show what the tasks log."),
            "imports": ("fanout.cli.local.imports:imports", "Import each task's handler in a process of its own, with its function's variables."),
            "status": ("fanout.cli.local.status:status", "Say what runs on this machine, and how many messages wait where."),
            "run": ("fanout.cli.run:run", "Run one task on one event in this process, with its function's variables and rights: breakpoint() stops in it."),
            "inbox": ("fanout.cli.local.inbox:inbox", "List the e-mails and webhooks that tasks sent on this machine."),
            "demo": ("fanout.cli.local.demo:demo", "Go from nothing to proof: real events through every task."),
            "drill": ("fanout.cli.local.drill:drill", "Rehearse a night shift: a task breaks, fifty events die, and one CLI heals them."),
            "down": ("fanout.cli.local.down:down", "Stop everything that `up` started."),
        },
        "The app on this machine, without an AWS account.",
    ),
}  # fmt: skip
"""In the order in which they are needed: at the beginning; before a deployment; then look, understand, heal, and see that it is well."""

command = command_group(
    "fanout", "Events to many tasks on AWS: look before you deploy, and after. Its version: fanout --version.", COMMANDS
)


def main(command: Any = command, name: str = "fanout") -> None:
    """Runs a command. What goes wrong is one line on stderr and exit status 2, whatever it is; Ctrl-C is 130."""
    sys.stdin = sys.stdin or open(os.devnull)  # None where it is closed, as by `<&-`
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command.main(prog_name=name, standalone_mode=False) or 0
        sys.stdout.flush()
        sys.exit(status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: do not fail while flushing
        sys.exit(1)
    except _MENDABLE as error:
        if _one_line(error):  # nothing when the help was printed
            print(f"error: {printable(_one_line(error))}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        print(f"error: {printable(_missing(error) or fault(error))}", file=sys.stderr)
        sys.exit(2)


def _missing(error: Exception) -> str | None:
    """The line for a package that no extra of ours has brought."""
    if not isinstance(error, ModuleNotFoundError):
        return None
    from fanout.installed import missing

    return missing(f"`{' '.join(['fanout', *sys.argv[1:2]])}`", error.name)


def _usage_errors() -> tuple[type[Exception], ...]:
    """What Typer raises for a wrong command line; it has no public name for all of it."""
    return tuple(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")


_MENDABLE: tuple[type[Exception], ...] = (UserError, *_usage_errors())


def _one_line(error: Exception) -> str:
    formatted = getattr(error, "format_message", None)
    return " ".join(str(formatted() if formatted else error).split())


if __name__ == "__main__":
    main()
