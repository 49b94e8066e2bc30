"""An attempt is decided once; after that its thread says nothing and sends nothing, not even a second try."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from fanout.runtime import aws, decision
from fanout.runtime.decision import CURRENT, AttemptOver, Decision
from fanout.runtime.log import logger, own
from tests.unit.lambdas.conftest import Lines


def in_thread(made: Decision[Any], run: Callable[[], object]) -> list[BaseException]:
    """Runs `run` as a thread of the attempt `made`, to its end; what it raised."""
    raised: list[BaseException] = []

    def thread() -> None:
        CURRENT.set(made)
        try:
            run()
        except BaseException as error:
            raised.append(error)

    one = threading.Thread(target=thread)
    one.start()
    one.join(5)
    return raised


def test_whoever_comes_first_decides() -> None:
    settled, late = Decision[str](), Decision[str]()
    settled.settle("done")
    assert settled.close() == "done" and late.close() is None
    with pytest.raises(AttemptOver):
        late.settle("done")
    assert settled.is_over and late.is_over


def test_of_thread_and_reporter_at_once_exactly_one_wins() -> None:
    for _ in range(200):
        made, both, won = Decision[str](), threading.Barrier(2), list[str]()

        def thread(made: Decision[Any] = made, both: threading.Barrier = both, won: list[str] = won) -> None:
            both.wait()
            try:
                made.settle("done")
            except AttemptOver:
                return
            won.append("thread")

        one = threading.Thread(target=thread)
        one.start()
        both.wait()
        if made.close() is None:
            won.append("reporter")
        one.join()
        assert len(won) == 1


def test_a_thread_whose_attempt_is_over_says_nothing(lines: Lines) -> None:
    over, open_ = Decision[Any](), Decision[Any]()
    over.close()
    for made in (over, open_):
        for log in (logger, own):
            assert in_thread(made, lambda log=log: log.warning("said")) == []  # type: ignore[misc]
    assert len(lines()) == 2


class Server:
    """Answers each request 500; `at_request` runs before each answer."""

    def __init__(self) -> None:
        self.requests = 0
        self.at_request: Callable[[], object] = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.requests += 1
                outer.at_request()
                self.send_response(500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *told: object) -> None:
                """Nothing: not to stderr."""

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.http.server_port}")
    for cached in (aws._made, aws._session):
        cached.cache_clear()
    yield made
    for cached in (aws._made, aws._session):
        cached.cache_clear()
    made.http.shutdown()
    made.http.server_close()


def request() -> Any:
    return aws.client("sqs").get_queue_url(QueueName="q")


@pytest.mark.parametrize("client", [aws.client, aws.unchecked], ids=["a task's", "the runtime's"])
def test_a_client_sends_nothing_for_an_attempt_that_is_over(client: Any, server: Server) -> None:
    over: Decision[Any] = Decision()
    over.close()
    sqs = client("sqs")
    assert [type(each) for each in in_thread(over, lambda: sqs.get_queue_url(QueueName="q"))] == [AttemptOver]
    assert server.requests == 0


@pytest.mark.parametrize("service", ["dynamodb", "lambda", "s3", "secretsmanager", "sesv2", "sns", "sqs"])
def test_a_client_can_do_what_boto3s_can(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And boto3 is imported for S3 alone."""
    theirs: Any = boto3.client(service)  # type: ignore[call-overload]
    assert set(dir(theirs)) == set(dir(aws.client(service)))
    monkeypatch.setitem(sys.modules, "boto3", None)
    if service == "s3":
        with pytest.raises(ImportError):
            aws._made.__wrapped__(service, checked=True)
    else:
        aws._made.__wrapped__(service, checked=True)


def test_messages_that_need_a_client_at_the_same_time_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    second, made = threading.Barrier(2, timeout=0.2), list[object]()

    @cache
    def make(service: str, tries: int, *, checked: bool) -> object:
        with suppress(threading.BrokenBarrierError):
            second.wait()  # for another that is made
        made.append(object())
        return made[-1]

    monkeypatch.setattr(aws, "_made", make)
    ready = threading.Barrier(4, timeout=5)
    threads = [threading.Thread(target=lambda: (ready.wait(), aws.client("sqs"))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(5)
    assert len(made) == 1 and aws.client("sqs") is made[0]


def test_a_tasks_requests_are_checked_before_they_are_sent_and_the_runtimes_are_not(server: Server) -> None:
    with pytest.raises(ParamValidationError):
        aws.client("sqs").get_queue_url()
    assert server.requests == 0
    with pytest.raises(ClientError):
        aws.unchecked("sqs").get_queue_url()
    assert server.requests == 2


def test_nor_the_second_try_of_a_request_that_began_before(server: Server) -> None:
    made: Decision[Any] = Decision()
    server.at_request = made.close
    assert [type(each) for each in in_thread(made, request)] == [AttemptOver]
    assert server.requests == 1


def test_a_thread_that_a_task_starts_with_its_context_is_stopped_with_it(server: Server) -> None:
    made: Decision[Any] = Decision()

    def task() -> None:
        context, raised = copy_context(), list[BaseException]()
        made.close()

        def call() -> None:
            try:
                context.run(request)
            except AttemptOver as error:
                raised.append(error)

        its_own = threading.Thread(target=call)
        its_own.start()
        its_own.join(5)
        assert len(raised) == 1

    assert in_thread(made, task) == [] and server.requests == 0


def test_outside_of_an_attempt_nothing_is_refused() -> None:
    decision.check()
    assert not decision.is_over()
