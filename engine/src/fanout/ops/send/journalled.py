"""Sending with a journal: for each request `sending` first, then what became of each of its messages.

`sent` and `not sent` are written only for what SQS said. A request without an answer, or with a server's error, stays at
`sending`: perhaps SQS took it, and the next run says so.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fanout.aws_errors import one_line
from fanout.ops.aws.session import Aws
from fanout.ops.journal import NOT_SENT, SENDING, SENT, Journal
from fanout.ops.send.queue import NotAnswered, OutgoingMessage, Sent, requests, send

BEHIND = "an earlier message of its group was not taken"
TOO_LATE = "somebody else may have it in hand by now"


def send_written(
    aws: Aws,
    queue_url: str,
    journal: Journal,
    outgoing: Sequence[OutgoingMessage],
    told: Callable[[OutgoingMessage], dict[str, Any]],
    is_ours: Callable[[OutgoingMessage], bool] = lambda _: True,
) -> Iterator[list[Sent]]:
    """Request by request; `told` is what the journal says of a message. Raises what AWS said to a whole request.

    A request with a message that is not ours any more, as its time is over, is not sent. In a FIFO queue nothing more of a group is sent after one that was not taken, so that order is kept.
    """
    blocked: set[str | None] = set()
    for request in requests(queue_url, outgoing):
        if queue_url.endswith(".fifo") and request[0].group in blocked:
            yield [Sent(each, None, BEHIND) for each in request]
            continue
        if not all(is_ours(each) for each in request):
            blocked |= {each.group for each in request}
            yield [Sent(each, None, TOO_LATE) for each in request]
            continue
        journal.write_all({"step": SENDING, **told(each)} for each in request)
        try:
            answers = send(aws, queue_url, request)
        except NotAnswered as error:
            if not error.perhaps:
                why = one_line(error.why)
                journal.write_all({"step": NOT_SENT, **told(each), "why": why} for each in request)
            raise error.why from None
        journal.write_all(line for each in answers if (line := _line(each, told(each.outgoing))))
        blocked |= {each.outgoing.group for each in answers if each.id is None}
        yield answers


def _line(sent: Sent, told: dict[str, Any]) -> dict[str, Any] | None:
    if sent.id is not None:
        return {"step": SENT, **told, "as": sent.id, "after": sent.outgoing.hash}
    return None if sent.perhaps else {"step": NOT_SENT, **told, "why": sent.refusal}
