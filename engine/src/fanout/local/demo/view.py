"""The demo on the screen."""

import json
from collections.abc import Sequence

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from fanout.local.console import console
from fanout.local.demo.evidence import Evidence
from fanout.local.demo.verdicts import DEAD, DONE, RETRYING, WAITING, Verdict
from fanout.publisher import Event

_STYLES = {DONE: "green", DEAD: "red", RETRYING: "yellow", WAITING: "dim"}


def table_of(verdicts: Sequence[Verdict]) -> Table:
    caption = "ms: from publish to done, with the cold starts of the functions; ✓ before an outcome: as expected"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", caption=caption)
    table.caption_justify = "left"
    table.add_column("event", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("delivered", justify="center")
    table.add_column("attempts", justify="right")
    table.add_column("outcome", no_wrap=True)
    table.add_column("ms", justify="right")
    table.add_column("evidence", overflow="fold")
    shown = ""
    for each in verdicts:
        table.add_row(escape(each.event.form_id) if each.event.id != shown else "", *_row(each))
        shown = each.event.id
    return table


def _row(each: Verdict) -> list[str]:
    mark = {True: "[green]✓[/]", False: "[red bold]✗[/]", None: " "}[each.as_expected]
    return [
        each.task,
        "✓" if each.delivered else "",
        str(each.attempts or ""),
        f"{mark} [{_STYLES[each.status]}]{each.status}[/]",
        f"{each.milliseconds:.0f}" if each.milliseconds is not None else "",
        escape(each.evidence),
    ]


def show_evidence(evidence: Evidence, event: Event) -> None:
    """All three effects of one event, as the outside world got them."""
    submission_id = json.loads(event.body)["data"]["submission_id"]
    for email in (each for each in evidence.emails() if submission_id in each.text):
        head = f"From: {email.sender}\nTo: {', '.join(email.to)}\nSubject: {email.subject}\n\n"
        _panel("send_confirmation: the e-mail, as SES was given it", head + email.text.strip())
    for key, body in evidence.archived(event.id).items():
        _panel(f"archive_submission: s3://{evidence.outputs.archive_bucket}/{key}", body.decode())
    for request in evidence.webhooks(event.id)[-1:]:
        names = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
        lines = [f"{name}: {request.headers.get(name, '')}" for name in names]
        told = f"signature {request.signature}, checked with the key from Secrets Manager; answered {request.answer}"
        _panel(f"notify_webhook: POST {request.path}", "\n".join([*lines, "", request.body]), told)


def show_dead_letters(evidence: Evidence) -> None:
    """Where the failed one is, why, and that it is nowhere else."""
    for task in evidence.outputs.tasks:
        letters = evidence.dead_letters(task)
        console.print(f"dead-letter queue of {task}: {'' if letters else '[green]empty[/]'}")
        causes = {each.event_id: each.error for each in evidence.attempts(task) if each.error}
        for letter in letters:
            body = json.loads(letter.get("Body", "{}"))
            told = f"  {body['id']} of form {body['data']['form_id']}: {causes.get(body['id'], 'cause unknown')}"
            console.print(f"[red]{escape(told)}[/]", soft_wrap=True)


def _panel(title: str, text: str, subtitle: str = "") -> None:
    content = Group(escape(text), f"[green]{escape(subtitle)}[/]") if subtitle else escape(text)
    console.print(Panel(content, title=escape(title), title_align="left", border_style="dim"))
