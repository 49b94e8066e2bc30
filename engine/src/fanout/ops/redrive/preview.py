"""Before a redrive: what it would do, and whether it is the time for it."""

from fanout.errors import OpsError
from fanout.ops import status
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.words import counted

_PORTION = 500


def refuse_if_unsafe(subscriber: DeployedSubscriber, *, force: bool) -> None:
    """A paused subscriber would keep the events waiting, one that fails would dead-letter them again."""
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


def preview(subscriber: DeployedSubscriber, selection: Selection, *, limit: int) -> tuple[dict[Cause, int], int, bool]:
    """For --dry-run: how many messages of which cause would be sent, how many were looked at, and whether all were."""
    causes: dict[Cause, int] = {}
    portion: list[DeadLetterMessage] = []
    with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
        for page in browsing.pages():
            portion += page
            if len(portion) >= _PORTION:
                _count(portion, selection, subscriber, causes)
                portion = []
    _count(portion, selection, subscriber, causes)
    return causes, browsing.seen, browsing.complete


def _count(
    messages: list[DeadLetterMessage], selection: Selection, subscriber: DeployedSubscriber, causes: dict[Cause, int]
) -> None:
    explainer = Explainer(subscriber.aws, subscriber)
    picked = selection.pick(messages, explainer)
    for cause in explainer.explain(picked) if picked else []:
        causes[cause] = causes.get(cause, 0) + 1


def expected(subscriber: DeployedSubscriber, selection: Selection) -> str | None:
    """How many, in words, for the question; SQS's counts are approximate. None when there are none."""
    depth = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url)
    if not depth.all:
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=1) as browsing:
            if not list(browsing):  # a receive that waits asks all of SQS's servers, and the count may be a minute old
                return None
    if selection.is_everything:
        return f"about {counted(max(1, depth.all), 'dead letter')}"
    return f"the chosen ones of about {counted(max(1, depth.all), 'dead letter')}"
