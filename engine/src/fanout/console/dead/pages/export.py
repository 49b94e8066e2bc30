"""A task's dead letters, with answers, into a file on this machine that only its operator can read."""

from fanout.console.dead.chosen import Filter
from fanout.console.dead.desk import Desk
from fanout.console.dead.pages.redrive import refusal
from fanout.console.page import Answer, Asked, To
from fanout.console.work import Work
from fanout.errors import UserError
from fanout.ops.dead_letters import export as exporting
from fanout.ops.reason import kept_reason

WHY = "say in the field Reason why they are copied"


def export(desk: Desk, asked: Asked) -> Answer:
    try:
        chosen = Filter.posted(asked.form)
        why = kept_reason(asked.form.get("reason", ""), WHY)
        if not chosen.task:
            raise UserError("which task? an export is of one task: choose it in the filter")
        (subscriber,) = desk.stack.with_letters(chosen.task)
        journal, path = exporting.open_export(desk.stack, subscriber, why)
    except UserError as error:
        return refusal(str(error), Filter.of(asked.form), 400)

    def go(work: Work[None]) -> None:
        with desk.one_look:
            exporting.export_written(desk.stack, subscriber, path, journal, work.stop)

    desk.exports[journal.run] = Work(go).start()
    return To(f"/journal/{journal.run}")
