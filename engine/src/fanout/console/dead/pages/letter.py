"""One dead letter: without its answers; and with them, for a reason, which is journalled first."""

import json
from shlex import quote as in_shell
from typing import Any

from fanout.console.dead.desk import Desk
from fanout.console.page import Answer, Asked, Page
from fanout.console.work import AT_ONCE
from fanout.errors import UserError
from fanout.ops.dead_letters.editor import text_of
from fanout.ops.dead_letters.message import CAUSE
from fanout.ops.dead_letters.show import Found, links
from fanout.ops.journal import Journal
from fanout.ops.reason import kept_reason
from fanout.ops.redrive.written import asked_by
from fanout.words import printable_lines

WHY = "say in the field Reason why the answers must be seen"


def show(desk: Desk, asked: Asked) -> Answer:
    """A page that looks for it says so, and looks again."""
    task, id_ = asked.path["task"], asked.path["id"]
    work = desk.letters.look_for(task, id_)
    if not work.wait(AT_ONCE):
        return Page("dead/looking.html", {"task": task, "id": id_, "commands": []}, refresh=0.5)
    if work.result is None:
        return Page("dead/gone.html", {"task": task, "id": id_, "problem": work.problem, "commands": []}, status=404)
    return Page("dead/letter.html", shown(desk, work.result, reveal=False))


def reveal(desk: Desk, asked: Asked) -> Answer:
    """In the answer to this one request, and in no address."""
    try:
        found, _ = revealed(desk, asked, "dead show", WHY)
    except UserError as error:
        return refused(desk, asked, error)
    return Page("dead/letter.html", shown(desk, found, reveal=True))


def revealed(desk: Desk, asked: Asked, command: str, how: str) -> tuple[Found, str]:
    """The letter, and the reason for which its answers are shown: journalled now. Raises UserError."""
    why = kept_reason(asked.form.get("reason", ""), how)
    found = found_at(desk, asked)
    _write_revealed(desk, asked, command, found, why)
    return found, why


def seen(desk: Desk, asked: Asked, command: str, how: str) -> tuple[Found, str]:
    """As `revealed`, and journalled once for each person and letter. Raises UserError."""
    found = found_at(desk, asked)
    if _to_whom(asked, found) in desk.revealed:
        return found, reason_in(asked)
    why = kept_reason(asked.form.get("reason", ""), how)
    _write_revealed(desk, asked, command, found, why)
    return found, why


def reason_in(asked: Asked) -> str:
    """On one line, as it is kept; empty where none is given."""
    return " ".join(asked.form.get("reason", "").split())


def _write_revealed(desk: Desk, asked: Asked, command: str, found: Found, why: str) -> None:
    journal = Journal.open(desk.stack, command, task=found.subscriber.task, reason=why, **asked_by(asked.who))
    found.write_revealed(journal, why)
    desk.revealed.add(_to_whom(asked, found))


def _to_whom(asked: Asked, found: Found) -> tuple[str, str, str]:
    return asked.who, found.subscriber.task, found.message.message_id


def found_at(desk: Desk, asked: Asked) -> Found:
    """Waits for the look: whoever posts has seen the letter's page before. Raises UserError."""
    work = desk.letters.look_for(asked.path["task"], asked.path["id"])
    work.wait(60)
    if work.result is None:
        raise UserError(work.problem or f"{asked.path['id']} is still being looked for: try again in a minute")
    return work.result


def refused(desk: Desk, asked: Asked, error: UserError) -> Answer:
    """The letter's page, with what was wrong."""
    page = show(desk, asked)
    return Page(page.template, {**page.facts, "problem": str(error)}, status=400) if isinstance(page, Page) else page


def editable(found: Found) -> str:
    """In ASCII where a character would turn the reading direction or is none."""
    text, event = text_of(found.message), found.message.event
    return json.dumps(event, indent=2) if event is not None and printable_lines(text) != text else text


def shown(desk: Desk, found: Found, *, reveal: bool) -> dict[str, Any]:
    told = found.as_dict(reveal=reveal)
    event = told["event"]
    id_ = found.message.message_id
    target = desk.console.target
    shown_id = found.message.event_id or id_
    return {
        "found": found,
        "told": told,
        "task": found.subscriber.task,
        "id": id_,
        "event_id": shown_id,
        "is_revealed": reveal,
        "problem": "",
        "body": json.dumps(event, indent=2, ensure_ascii=False) if isinstance(event, dict) else str(event),
        "attributes": {name: value for name, value in told["attributes"].items() if name != CAUSE},
        "links": links(found.subscriber, found.attempts[-1]) if found.attempts and found.subscriber.aws.is_aws else {},
        "commands": [
            f"fanout dead show {id_} --task {found.subscriber.task} {target}",
            f"fanout dead edit {id_} --task {found.subscriber.task} --reason TEXT {target}",
            f"fanout where {in_shell(shown_id)} {target}",
        ],
    }
