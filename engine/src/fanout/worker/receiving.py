"""Takes messages from the queue: one request at a time, for no more than there is room for, and none while it is paused."""

from collections.abc import Callable
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import DENIED, NO_CREDENTIALS, SIGN_IN, UNKNOWN_CREDENTIALS, code_of, missing_action, one_line
from fanout.errors import OpsError
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotBegun, Record
from fanout.worker.backoff import Backoff
from fanout.worker.circuit import Circuit
from fanout.worker.machine import Machine, ask
from fanout.worker.queue import LONGEST_WAIT, Queue, code
from fanout.worker.variables import Variables

LOOK_EVERY = 15.0
"""Seconds between two looks at whether the queue is paused."""
READY_FOR = 60.0
"""Seconds for which an answer of the queue says that it is reachable."""
_GONE = {"NonExistentQueue", "QueueDoesNotExist"}

Came = Callable[[list[Record], float], None]


class Receiving:
    """`came` gets what was received and when. Its callbacks raise OpsError, one line, where the first answer of SQS is one
    that no waiting mends: no right, no such queue.
    """

    def __init__(self, queue: Queue, variables: Variables, machine: Machine, circuit: Circuit, came: Came) -> None:
        self._queue, self._variables, self._machine, self._circuit, self._came = (
            queue,
            variables,
            machine,
            circuit,
            came,
        )
        self._backoff = Backoff(machine.chance)
        self._wait = max(1, min(LONGEST_WAIT, variables.grace - 3))
        """A request that is under way when the worker is told to stop must be answered within its grace."""
        self._not_before = self._look_at = machine.monotonic()
        self._looking = False
        self._received_once = self._looked_once = False
        self._paused: str | None = None
        self._refused: dict[str, str] = {}
        """By request: why it was refused, the last time."""
        self._answered_at = float("-inf")
        self.receiving = False

    @property
    def is_ready(self) -> bool:
        """The queue has answered lately."""
        return not self._refused and self._machine.monotonic() - self._answered_at < READY_FOR

    @property
    def why_not(self) -> str:
        return next(iter(self._refused.values()), "the queue has not answered yet")

    def next_request(self, busy: int) -> float:
        """When there will be something to ask, as far as that is a matter of time."""
        look = receive = float("inf")
        if not self._looking:
            look = self._look_at
        if self._may_receive:
            opens_in = self._circuit.opens_in
            if self._room(busy):
                receive = self._not_before
            elif opens_in and not busy:
                receive = self._machine.monotonic() + opens_in
        return min(look, receive)

    def look(self) -> None:
        """Asks for the queue's tags when it is time."""
        now = self._machine.monotonic()
        if not self._looking and now >= self._look_at:
            self._looking, self._look_at = True, now + LOOK_EVERY
            ask(self._machine, self._queue.tags, self._looked)

    def receive(self, busy: int) -> None:
        """Begins a request if nothing is in its way; `busy` places are taken."""
        room, now = self._room(busy), self._machine.monotonic()
        if not self._may_receive or not room or now < self._not_before:
            return
        self.receiving = True
        ask(
            self._machine,
            partial(self._queue.receive, room, self._wait, self._variables.visibility),
            partial(self._received, now),
        )

    @property
    def _may_receive(self) -> bool:
        return not self.receiving and self._looked_once and self._paused is None

    def _room(self, busy: int) -> int:
        return max(0, self._circuit.room(self._variables.concurrency - busy, busy))

    def _received(self, asked_at: float, records: list[Record] | None, error: Exception | None) -> None:
        self.receiving = False
        now = self._machine.monotonic()
        if error is not None or records is None:
            self._failed("receive", error, self._received_once)
            self._not_before = now + self._backoff.failed()
            return
        self._received_once = True
        self._backoff.fine()
        self._fine("receive", now)
        if records:
            # A frozen process hears late of what SQS hid by the end of its waiting.
            self._came(records, min(now, asked_at + self._wait + 2.0))

    def _looked(self, tags: dict[str, str] | None, error: Exception | None) -> None:
        self._looking = False
        if error is not None or tags is None:
            self._failed("tags", error, self._looked_once)
            return
        self._looked_once = True
        self._fine("tags", self._machine.monotonic())
        paused = tags.get(names.PAUSED_TAG)
        if (paused is None) != (self._paused is None):
            told = {"paused": "paused: nothing is taken until fanout resume", "resumed": "resumed"}
            state = "resumed" if paused is None else "paused"
            logger.warning(told[state], extra={"worker": state})
        self._paused = paused

    def _fine(self, what: str, now: float) -> None:
        self._answered_at = now
        if self._refused.pop(what, "") and not self._refused:
            logger.warning("the queue answers again", extra={"worker": "ready"})

    def _failed(self, what: str, error: Exception | None, answered_before: bool) -> None:
        """At the start a refusal is the end; later it may be a policy that is being changed, and is said once per change."""
        told = _told(error, self._queue.url)
        if not answered_before and _for_good(error):
            raise OpsError(told)
        said = told in self._refused.values()
        self._refused[what] = told
        if not said:
            logger.warning("the queue does not answer: tried again", extra={"worker": "not ready", "refused": told})


def _for_good(error: Exception | None) -> bool:
    if isinstance(error, ClientError):
        return code_of(error) in DENIED | UNKNOWN_CREDENTIALS or code(code_of(error)) in _GONE
    return isinstance(error, (*NO_CREDENTIALS, *SIGN_IN))


def _told(error: Exception | None, url: str) -> str:
    """One line without a secret: our own for what a worker meets."""
    name = url.rsplit("/", 1)[-1]
    if isinstance(error, ClientError) and code_of(error) in DENIED:
        return f"these credentials may not {missing_action(error)} on {name}: run it with the worker's role"
    if isinstance(error, ClientError) and code(code_of(error)) in _GONE:
        return f"the queue {name} does not exist: deploy the stack, or check {names.QUEUE_URL}"
    if isinstance(error, ClientError | BotoCoreError):
        return one_line(error)
    if isinstance(error, NotBegun):
        return str(error)
    return type(error).__name__
