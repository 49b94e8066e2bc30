"""A worker as a process: signals, health, exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import FrameType

from fanout.errors import Unusable, UserError, fault
from fanout.runtime.log import told_by_place
from fanout.worker import variables
from fanout.worker.health import Health
from fanout.worker.loading import load
from fanout.worker.machine import Run, Threads
from fanout.worker.queue import Queue, receiver
from fanout.worker.worker import Worker

FAULT = 1
"""Exit status of a worker that had begun."""
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Options:
    """`paths`: where the task's folder and its packages are. `port` None: nobody is answered."""

    paths: Sequence[str]
    health_file: Path | None = None
    host: str = "127.0.0.1"
    port: int | None = None
    one_at_a_time: bool = False


def run(options: Options) -> int:
    """By the variables of the environment, until a signal; the exit status. Raises what it cannot begin for, a UserError in one line."""
    read = variables.read(os.environ)
    if region := os.environ.get("AWS_REGION") or read.region:
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # boto3 reads no other
    if options.one_at_a_time:
        read = replace(read, concurrency=1, one_at_a_time=True)
    told_by_place()
    task = load(read.task, options.paths)
    client = receiver()
    queue = Queue(read.queue_url, read.queue_arn(client.meta.region_name), client)
    main: SimpleQueue[Run | None] | None = SimpleQueue() if options.one_at_a_time else None
    machine = Threads(main)
    health = Health(options.health_file)
    if options.port is not None:
        _serve(health, options.host, options.port)

    def turned(worker: Worker) -> None:
        health.turned(ready=worker.is_ready, why_not=worker.why_not_ready, held=worker.held)

    worker = Worker(task, read, queue, machine, turned)
    _heed_signals(worker, machine)
    try:
        return worker.run() if main is None else _with_tasks_here(worker, main)
    except UserError:
        raise
    except Exception as error:
        with suppress(OSError, ValueError):
            print(f"error: {fault(error)}", file=sys.stderr)
        return FAULT


def _serve(health: Health, host: str, port: int) -> None:
    try:
        health.serve(host, port)
    except (OSError, OverflowError) as error:
        raise Unusable(f"--port {port}: {getattr(error, 'strerror', None) or error}; choose another") from None


def _heed_signals(worker: Worker, machine: Threads) -> None:
    """The first: it winds up. The second: it is gone at once, and its messages come back when their visibility is over."""
    asked: list[int] = []

    def heed(number: int, frame: FrameType | None) -> None:
        if asked:
            os._exit(128 + number)
        asked.append(number)
        machine.tell(worker.stop)

    for number in STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as SIGHUP under nohup
            signal.signal(number, heed)


def _with_tasks_here(worker: Worker, main: "SimpleQueue[Run | None]") -> int:
    """The loop in a thread, the tasks in this one: a debugger stops in it, and the message stays hidden meanwhile."""
    ended: list[int | BaseException] = []

    def loop() -> None:
        try:
            ended.append(worker.run())
        except BaseException as error:
            ended.append(error)
        finally:
            main.put(None)

    Thread(target=loop, daemon=True).start()
    while (job := main.get()) is not None:
        job()
    (how,) = ended
    if isinstance(how, BaseException):
        raise how
    return how


def leave(status: int) -> None:
    """Ends the process although threads may hang in it, and says everything before."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
