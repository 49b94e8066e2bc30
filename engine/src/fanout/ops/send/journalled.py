"""Sending with a journal: for each request `sending` first, then what became of each of its messages.

`sent` and `not sent` are written only for what SQS said. A request without an answer, or with a server's error, stays at
`sending`: perhaps SQS took it, and the next run says so.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from fanout.ops.aws.session import Aws
from fanout.ops.journal import NOT_SENT, SENDING, SENT, Journal
from fanout.ops.send.queue import OutgoingMessage, Sent, raise_first, requests, send_beside

BEHIND = "an earlier message of its group was not taken"
TOO_LATE = "somebody else may have it in hand by now"


def send_written(
    aws: Aws,
    queue_url: str,
    journal: Journal,
    outgoing: Iterable[OutgoingMessage],
    told: Callable[[OutgoingMessage], dict[str, Any]],
    is_ours: Callable[[OutgoingMessage], bool] = lambda _: True,
    lanes: int = 1,
    blocked: dict[str | None, str] | None = None,
) -> Iterator[list[Sent]]:
    """As many requests at a time as `lanes` says; `told` is what the journal says of a message. Raises what AWS said to a whole
    request, when what became of those beside it is written and given.

    A request with a message that is not ours any more, as its time is over, is not sent. In a FIFO queue nothing more of a
    group is sent after one that was not sent, and one request goes at a time, so that order is kept: `blocked` has such groups,
    with why, for who calls this again.
    """
    fifo, blocked = queue_url.endswith(".fifo"), {} if blocked is None else blocked
    waiting = requests(queue_url, outgoing)
    while some := list(islice(waiting, 1 if fifo else lanes)):
        begun: list[list[OutgoingMessage]] = []
        for request in some:
            if fifo and request[0].group in blocked:
                yield [Sent(each, None, blocked[each.group]) for each in request]
            elif not all(is_ours(each) for each in request):
                blocked |= {each.group: TOO_LATE for each in request}
                yield [Sent(each, None, TOO_LATE) for each in request]
            else:
                begun.append(request)
        journal.write_all({"step": SENDING, **told(each)} for request in begun for each in request)
        ended = send_beside(aws, queue_url, begun, lanes)
        journal.write_all(
            line for answer in ended for each in answer.sent if (line := _line(each, told(each.outgoing)))
        )
        answers = [each for answer in ended if answer.error is None for each in answer.sent]
        blocked |= {each.outgoing.group: BEHIND for each in answers if each.id is None}
        if answers:
            yield answers
        raise_first(ended)


def _line(sent: Sent, told: dict[str, Any]) -> dict[str, Any] | None:
    if sent.id is not None:
        return {"step": SENT, **told, "as": sent.id, "after": sent.outgoing.hash}
    return None if sent.perhaps else {"step": NOT_SENT, **told, "why": sent.refusal}
