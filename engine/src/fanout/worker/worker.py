"""The loop of a worker: it decides, and waits for nothing but its inbox."""

from collections.abc import Callable, Sequence

from fanout.runtime import metrics
from fanout.runtime.attempt import Task
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import Record
from fanout.worker.answers import Answers, guarded
from fanout.worker.circuit import Circuit
from fanout.worker.hands import Hands
from fanout.worker.keeping import Keeper
from fanout.worker.machine import Machine
from fanout.worker.queue import Queue
from fanout.worker.receiving import Receiving
from fanout.worker.variables import Variables

LONGEST_TURN = 5.0
"""Seconds after which the loop turns, though nothing is to be done: so it is seen to live."""
TOO_MANY = 1
"""Exit status when too many threads have not ended."""
TO_END = 5.0
"""Seconds that a thread has to notice that it was given up."""

Turned = Callable[["Worker"], None]


class Worker:
    """`turned` is called at each turn of the loop: for whoever asks whether it lives."""

    def __init__(self, task: Task, variables: Variables, queue: Queue, machine: Machine, turned: Turned) -> None:
        self._variables, self._machine, self._turned = variables, machine, turned
        self._circuit = Circuit(variables.circuit_failures, variables.cool_down, machine.monotonic)
        self._answers = Answers(queue, machine, lambda: self._hands.group_name, self._circuit.heard)
        self._hands = Hands(task, variables, machine, self._answers.ended, self._answers.given_back)
        self._keeper = Keeper(queue, variables, machine, self._hands)
        self._receiving = Receiving(queue, variables, machine, self._circuit, self._came)
        self._stopping_at: float | None = None
        self._status = 0
        self._left_over = 0

    @property
    def is_ready(self) -> bool:
        return self._stopping_at is None and self._receiving.is_ready

    @property
    def why_not_ready(self) -> str:
        return "it is told to stop" if self._stopping_at is not None else self._receiving.why_not

    @property
    def held(self) -> int:
        return len(self._hands.held)

    def run(self) -> int:
        """Until it is told to stop; its exit status. Raises OpsError where it cannot even begin."""
        logger.info("started", extra={"worker": "started", "concurrency": self._variables.concurrency})
        while not self._is_over():
            heard = self._machine.hear(self._next())
            while heard is not None:
                heard()
                heard = self._machine.hear(0)
            self._turn()
        logger.info("stopped", extra={"worker": "stopped", "status": self._status})
        return self._status

    def stop(self, status: int = 0) -> None:
        """In the loop, or by `Machine.tell`: takes nothing more, ends what can be ended within the grace, gives the rest back."""
        if self._stopping_at is not None:
            return
        self._stopping_at, self._status = self._machine.monotonic(), status
        logger.warning("stopping: takes nothing more", extra={"worker": "stopping", "held": len(self._hands.held)})

    def _turn(self) -> None:
        self._hands.give_up()
        self._keeper.beat()
        if self._stopping_at is None:
            self._look_at_left_over()
        if self._stopping_at is not None:
            self._wind_up(self._stopping_at)
        self._hands.start_waiting()
        self._answers.send()
        if self._stopping_at is None:
            self._receiving.look()
            self._receiving.receive(self._busy())
        self._turned(self)

    def _busy(self) -> int:
        """Places that are taken: a thread that was given up leaves its place to another, but for the one of a debugger."""
        return len(self._hands.held) + (self._hands.left_over() if self._variables.one_at_a_time else 0)

    def _came(self, records: Sequence[Record], at: float) -> None:
        self._hands.take(records, at)

    def _wind_up(self, since: float) -> None:
        if self._machine.monotonic() >= since + self._variables.grace - self._to_give_back():
            self._hands.stop()
            self._hands.give_back_waiting(also_last=True)
        else:
            self._hands.give_back_waiting()

    def _to_give_back(self) -> float:
        """Seconds of the grace in which what is not finished is given back."""
        return min(5.0, self._variables.grace / 3)

    def _look_at_left_over(self) -> None:
        """As in a function: with more of them than there are places, the process is left, and a new one begins."""
        count = self._hands.left_over(TO_END)
        if count != self._left_over and count:
            guarded("measuring", lambda: metrics.left_over(count))
            logger.warning("threads of earlier attempts have not ended", extra={"left_over": count})
        self._left_over = count
        if count > self._variables.concurrency and not self._variables.one_at_a_time:
            logger.error("too many threads of earlier attempts: the worker ends", extra={"left_over": count})
            self.stop(TOO_MANY)

    def _is_over(self) -> bool:
        if self._stopping_at is None:
            return False
        if self._machine.monotonic() >= self._stopping_at + self._variables.grace:
            return True
        return not self._hands.held and not self._receiving.receiving and self._answers.is_idle

    def _next(self) -> float:
        """Seconds until something is to be done, if nobody tells of anything before."""
        now = self._machine.monotonic()
        due = [now + LONGEST_TURN, self._hands.next_end(), self._keeper.next_beat(), self._answers.next_try()]
        if self._stopping_at is not None:
            end = self._stopping_at + self._variables.grace
            due += [at for at in (end - self._to_give_back(), end) if at > now]
        else:
            due.append(self._receiving.next_request(self._busy()))
        return max(0.0, min(due) - now)
