"""A drop: a dry run that freezes what is deleted, the question, a reason, and each letter in a file before it is gone."""

from fanout.console.dead.desk import Desk
from fanout.console.dead.healing import DROP, Options
from fanout.console.dead.pages import redrive
from fanout.console.page import Answer, Asked
from fanout.errors import UserError
from fanout.ops.reason import kept_reason

WHY = "say in the field Reason why they are deleted"


def freeze(desk: Desk, asked: Asked) -> Answer:
    return redrive.frozen(desk, asked, DROP)


def begin(desk: Desk, asked: Asked) -> Answer:
    try:
        why = kept_reason(asked.form.get("reason", ""), WHY)
    except UserError as error:
        return redrive.shown(desk, asked.path["run"], str(error))
    return redrive.begun(desk, asked, DROP, Options(), why)
