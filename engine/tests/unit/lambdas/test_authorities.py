"""A client over TLS reads the authorities once, whatever botocore does: a function's, an operator's, a publisher's."""

import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from botocore.parsers import ResponseParserError

from fanout.local.emulator.certificate import make_certificate
from fanout.local.emulator.ports import listen
from fanout.local.emulator.state import State
from fanout.local.webhook.server import Server
from fanout.ops.aws.session import Aws
from fanout.publisher import EventPublisher
from fanout.runtime import authorities, aws
from fanout.runtime.authorities import read_once

AT_ONCE = 5
CLIENTS: dict[str, Callable[[], Any]] = {
    "a function's": lambda: aws.client("sqs"),
    "an operator's": lambda: Aws().sqs,
    "a publisher's": lambda: (
        EventPublisher(f"arn:aws:sns:eu-west-1:{'1' * 12}:Orders", session=boto3.Session())._client
    ),
}


def ask(client: Any) -> None:
    """One request, to which the answer is no matter."""
    with suppress(ResponseParserError):
        if client.meta.service_model.service_name == "sqs":
            client.delete_queue(QueueUrl="https://queue")
        else:
            client.unsubscribe(SubscriptionArn="arn")


def context_of(client: Any) -> Any:
    return client._endpoint.http_session._manager.connection_pool_kw["ssl_context"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    state.server_certificate.parent.mkdir()
    make_certificate(state)
    return state


@pytest.fixture
def address(state: State) -> Iterator[str]:
    """Answers anything with 200."""
    listener, _ = listen(state, "receiver")
    server = Server(listener.detach(), str(state.server_certificate))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reads(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The files that are read from now on, by whichever context."""
    found: list[Any] = []
    real = ssl.SSLContext.load_verify_locations

    def noted(context: ssl.SSLContext, *files: Any, **named: Any) -> None:
        found.append(files)
        real(context, *files, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setattr(authorities, "_contexts", {})
    aws._made.cache_clear()
    aws._session.cache_clear()
    yield found
    aws._made.cache_clear()
    aws._session.cache_clear()


def ask_at_once(client: Any) -> None:
    """As many requests as threads, which wait for each other: a connection each."""
    barrier = threading.Barrier(AT_ONCE)

    def one(_: int) -> None:
        barrier.wait(10)
        ask(client)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(AT_ONCE)))


@pytest.mark.parametrize("whose", CLIENTS)
def test_connections_of_a_client_read_the_authorities_once(
    whose: str, state: State, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(state.authority))
    client = CLIENTS[whose]()
    ask_at_once(client)
    ask_at_once(client)
    assert reads == [(str(state.authority), None, None)]


def test_clients_that_trust_the_same_read_them_once_together(
    state: State, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(state.authority))
    operator = Aws()
    for each in (aws.client("sqs"), aws.unchecked("sqs"), aws.client("sns"), operator.sqs, operator.sns, Aws().sqs):
        ask_at_once(each)
    assert reads == [(str(state.authority), None, None)]


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_client_that_trusts_another_file_trusts_no_others(
    name: str, state: State, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(state.authority))
    ask(aws.client("sqs"))
    monkeypatch.delenv(name)
    with pytest.raises(SSLError, match="certificate verify failed"):
        ask(aws.client("sns"))
    assert len(reads) == 2


def test_one_that_trusts_anybody_shares_with_no_other(reads: list[Any]) -> None:
    assert context_of(read_once(boto3.client("sqs", verify=False))) is not context_of(aws.client("sqs"))


def test_one_with_a_certificate_of_its_own_shows_no_others(state: State, reads: list[Any]) -> None:
    own = Config(client_cert=str(state.server_certificate))
    made = [boto3.client("sqs", config=config) for config in (own, None)]
    assert len({id(context_of(read_once(each))) for each in made}) == 2


def test_whom_it_does_not_trust_it_does_not_trust(reads: list[Any]) -> None:
    client = aws.client("sqs")
    for _ in range(2):
        with pytest.raises(SSLError, match="certificate verify failed"):
            ask(client)
    assert len(reads) == 1


def test_a_file_that_cannot_be_read_is_told_each_time(reads: list[Any], tmp_path: Path) -> None:
    context = context_of(aws.client("sqs"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            context.load_verify_locations(cafile=str(tmp_path / "nothing"))


def test_clients_that_others_make_are_as_botocore_makes_them(reads: list[Any]) -> None:
    assert len({id(context_of(each)) for each in (boto3.client("sqs"), aws.client("sqs"), aws.client("sns"))}) == 2


def test_one_whose_botocore_names_no_context_has_none(reads: list[Any]) -> None:
    made: Any = boto3.client("sqs")
    pools = made._endpoint.http_session._manager.connection_pool_kw
    del pools["ssl_context"]
    assert read_once(made) is made
    assert "ssl_context" not in pools


@pytest.mark.parametrize("attribute", ["_verify", "_manager"])
def test_one_that_botocore_makes_in_another_way_reads_as_before(attribute: str, reads: list[Any]) -> None:
    made: Any = boto3.client("sqs")
    before, session = context_of(made), made._endpoint.http_session
    kept = session.__dict__.pop(attribute)
    assert read_once(made) is made
    setattr(session, attribute, kept)
    assert context_of(made) is before
