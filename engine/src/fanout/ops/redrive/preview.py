"""Before a redrive: what it would do, and whether it is the time for it."""

from fanout.ops import status
from fanout.ops.aws.discovery import Subscriber
from fanout.ops.aws.errors import OpsError
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import Letter
from fanout.ops.dead_letters.selection import Selection

_PORTION = 500


def refuse_if_unsafe(subscriber: Subscriber, *, force: bool) -> None:
    """A paused subscriber would keep the events waiting, one that fails would bury them again."""
    health = status.health(subscriber)
    why = None
    if health.mapping != "Enabled":
        why = f"{subscriber.task} is {'paused' if health.pause else health.mapping.lower()}: fanout resume it first"
    elif health.last_error and (health.waiting or health.in_flight or health.delayed):
        if health.last_success is None or health.last_success < health.last_error.at:
            error = f"{health.last_error.error_type}: {health.last_error.error}"
            why = f"{subscriber.task} still fails ({error}), and events wait in its queue: mend that first"
    if why and not force:
        raise OpsError(f"{why}; --force does it all the same")


def preview(subscriber: Subscriber, selection: Selection, *, limit: int) -> tuple[dict[Cause, int], int, bool]:
    """For --dry-run: how many letters of which cause would be sent, how many were looked at, and whether all were."""
    counted: dict[Cause, int] = {}
    portion: list[Letter] = []
    with browse.looking(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as look:
        for page in look.pages():
            portion += page
            if len(portion) >= _PORTION:
                _count(portion, selection, subscriber, counted)
                portion = []
    _count(portion, selection, subscriber, counted)
    return counted, look.seen, look.complete


def _count(letters: list[Letter], selection: Selection, subscriber: Subscriber, counted: dict[Cause, int]) -> None:
    explainer = Explainer(subscriber.aws, subscriber)
    picked = selection.pick(letters, explainer)
    for cause in explainer.explain(picked) if picked else []:
        counted[cause] = counted.get(cause, 0) + 1


def expected(subscriber: Subscriber, selection: Selection) -> str:
    """In words, for the question; SQS's counts are approximate."""
    counts = browse.counts(subscriber.aws, subscriber.dead_letter_queue_url)
    if not counts.all:
        with browse.looking(subscriber.aws, subscriber.dead_letter_queue_url, limit=1) as look:
            if not list(look):  # a receive that waits asks all of SQS's servers, and the count may be a minute old
                return "no letters"
    if selection.is_everything:
        return f"about {max(1, counts.all)} letters"
    return f"the chosen ones of about {max(1, counts.all)} letters"
