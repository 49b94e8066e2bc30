"""An event that is mended by a person: its text, then before and after side by side, and only then it is sent."""

import json
from typing import Any

from fanout.console.dead.desk import Desk
from fanout.console.dead.difference import side_by_side
from fanout.console.dead.pages import letter
from fanout.console.faults import EXPECTED, line_of
from fanout.console.page import Answer, Asked, Page, To
from fanout.errors import UserError
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters.editor import event_of, text_of
from fanout.ops.dead_letters.show import Found
from fanout.ops.journal import Journal
from fanout.ops.reason import kept_reason
from fanout.ops.redrive.written import asked_by

COMMAND = "dead edit"
WHY = "say in the field Reason why the event is changed"
PERHAPS = "; it was perhaps sent all the same: check it and send it again, as the task skips the same event"


def begin(desk: Desk, asked: Asked) -> Answer:
    """The event's text shows its answers, which is journalled first."""
    try:
        found, why = letter.revealed(desk, asked, COMMAND, WHY)
    except UserError as error:
        return letter.refused(desk, asked, error)
    return _form(desk, found, why, letter.editable(found))


def check(desk: Desk, asked: Asked) -> Answer:
    """Before and after, where the contract and the task's filter take it; else the text again, with what is wrong."""
    try:
        found, why = letter.seen(desk, asked, COMMAND, WHY)
    except UserError as error:
        return letter.refused(desk, asked, error)
    text = asked.form.get("event", "")
    try:
        change = _change(found, asked)
    except EXPECTED as error:
        return _form(desk, found, why, text, line_of(error))
    before = found.message.event
    pairs = side_by_side(text_of(found.message) if before is None else before, _value(change))
    facts = {
        **_facts(desk, found, why),
        "text": change.event.body,
        "pairs": pairs,
        "change": change,
        "perhaps_sent": editing.perhaps_sent(found.subscriber, found.message, Journal.of(desk.stack)),
        "stack": desk.stack,
        "acting": desk.acting,
    }
    return Page("dead/difference.html", facts)


def back(desk: Desk, asked: Asked) -> Answer:
    """The text again, as it was checked."""
    return _form(desk, letter.found_at(desk, asked), letter.reason_in(asked), asked.form.get("event", ""))


def send(desk: Desk, asked: Asked) -> Answer:
    """What was shown, checked once more; where that cannot be done, the text again, and whether it was perhaps sent."""
    found, text = letter.found_at(desk, asked), asked.form.get("event", "")
    try:
        why = kept_reason(asked.form.get("reason", ""), WHY)
        change = _change(found, asked)
        journal = Journal.open(desk.stack, COMMAND, task=found.subscriber.task, reason=why, **asked_by(asked.who))
        (subscriber,) = desk.stack.with_letters(found.subscriber.task)  # with the rights to change something
    except EXPECTED as error:
        return _form(desk, found, letter.reason_in(asked), text, line_of(error))
    try:
        sent = editing.send_edited(desk.stack, subscriber, change, journal, why)
    except EXPECTED as error:
        unsure = not isinstance(error, UserError) and editing.perhaps_sent(subscriber, change.message, journal)
        return _form(desk, found, why, text, line_of(error) + (PERHAPS if unsure else ""))
    id_ = sent.id if sent.before else change.event.id
    journal.write("end", task=found.subscriber.task, event_id=id_, sent_as=sent.id, said=str(sent))
    desk.letters.forget(asked.path["task"], asked.path["id"])
    desk.listing.forget()
    return To(f"/journal/{journal.run}")


def _change(found: Found, asked: Asked) -> editing.Edit:
    event = event_of(asked.form.get("event", ""))
    if asked.form.get("new_id"):
        event = editing.with_new_id(found.message, event)
    return editing.check_edit(found.subscriber, found.message, event)


def _value(change: editing.Edit) -> Any:
    return event_of(change.event.body)


def _facts(desk: Desk, found: Found, why: str) -> dict[str, Any]:
    return {
        **letter.shown(desk, found, reveal=False),
        "reason": why,
        "may_have_new_id": editing.may_have_new_id(found.message),
    }


def _form(desk: Desk, found: Found, why: str, text: str, problem: str = "") -> Page:
    facts = {**_facts(desk, found, why), "text": _escaped(text), "problem": problem}
    return Page("dead/edit.html", facts, status=400 if problem else 200)


def _escaped(text: str) -> str:
    """As JSON escapes them: characters that nobody sees, or that turn the reading direction."""
    return "".join(each if each.isprintable() or each in "\r\n\t" else json.dumps(each)[1:-1] for each in text)
