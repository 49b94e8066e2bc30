"""The routes of the pages of dead letters, and of the journal."""

from collections.abc import Callable, Sequence
from functools import partial

from fanout.console.allowed import EDIT, REDRIVE
from fanout.console.console import Console
from fanout.console.dead.desk import Desk
from fanout.console.dead.pages import drop, edit, export, groups, journal, letter, redrive
from fanout.console.page import Answer, Asked, Route

LETTER, RUN = "/dead/letter/{task}/{id}", "/dead/runs/{run}"
Show = Callable[[Desk, Asked], Answer]
PAGES: tuple[tuple[str, Show], ...] = (
    ("/dead", groups.show),
    (LETTER, letter.show),
    (RUN, redrive.show),
    ("/journal", journal.show),
    ("/journal/{run}", journal.show_run),
)
CHANGES: tuple[tuple[str, Show, str], ...] = (
    ("/dead/redrive", redrive.freeze, REDRIVE),
    (f"{RUN}/begin", redrive.begin, REDRIVE),
    (f"{RUN}/stop", redrive.stop, REDRIVE),
    (f"{LETTER}/reveal", letter.reveal, EDIT),
    (f"{LETTER}/edit", edit.begin, EDIT),
    (f"{LETTER}/check", edit.check, EDIT),
    (f"{LETTER}/check/back", edit.back, EDIT),
    (f"{LETTER}/send", edit.send, EDIT),
    ("/dead/export", export.export, EDIT),
    ("/dead/drop", drop.freeze, EDIT),
    (f"{RUN}/drop", drop.begin, EDIT),
    (f"{RUN}/drop/stop", redrive.stop, EDIT),
)
"""What shows an answer needs the word for editing: who mends an event sees it."""


def routes(console: Console) -> Sequence[Route]:
    desk = Desk(console)
    console.closing.append(desk.close)
    shown = [Route(path, partial(show, desk)) for path, show in PAGES]
    return (*shown, *(Route(path, partial(do, desk), "POST", word) for path, do, word in CHANGES))
