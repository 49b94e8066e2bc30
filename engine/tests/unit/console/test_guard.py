"""Who may ask, and what exists for whom: strangers read nothing, and what is not allowed has no address."""

import re
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.routing import Route as Registered
from starlette.testclient import TestClient

from fanout.console.allowed import WORDS, read_allowed
from fanout.console.app import SECTIONS, make_app
from fanout.console.guard import MOST_BYTES, Guard, Proxy
from fanout.console.page import Page, Route
from fanout.console.serve import Place, guard_of
from fanout.errors import Unusable
from tests.unit.console.given import ADDRESS, Here, health

ORDER = "/submit/order.placed.v1"


def every_route(here: Here) -> list[Route]:
    return [each for section in SECTIONS for each in section(here.console)]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def test_without_allow_nothing_that_changes_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"))
    changing = [each for each in every_route(here) if each.method != "GET"]
    assert {each.needs for each in changing} == set(WORDS)
    assert all(each.methods == {"GET", "HEAD"} for each in here.app.routes if isinstance(each, Registered))
    for each in changing:
        assert here.post(filled(each.path)).status_code in (404, 405), each.path


@pytest.mark.parametrize("word", WORDS)
def test_a_word_brings_its_own_routes_and_no_others(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    here = Here(monkeypatch, health("task"), allow=word)
    known = {
        (each.path, method) for each in here.app.routes if isinstance(each, Registered) for method in each.methods or ()
    }
    for each in every_route(here):
        assert ((each.path, each.method) in known) == (each.needs in ("", word)), each.path


def test_a_route_that_changes_something_must_say_its_word() -> None:
    with pytest.raises(ValueError, match="--allow"):
        Route("/all/drop", lambda _: Page("error.html", {}), "POST")


def test_words_that_are_none_are_refused() -> None:
    assert read_allowed(" send, edit ") == {"send", "edit"} and read_allowed(None) == frozenset()
    with pytest.raises(Unusable, match="--allow everything: expected some of redrive,edit,pause,send"):
        read_allowed("send,everything")


def test_the_token_opens_it_once_and_leaves_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"))
    stranger = here.stranger()
    assert stranger.get("/").status_code == 403
    assert stranger.get("/?token=guess").status_code == 403
    opened = stranger.get(f"//evil.example/?token={here.guard.token}")
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower() and here.guard.token not in cookie
    assert stranger.get("/").status_code == 200
    assert here.stranger().get(f"/?token={here.guard.session}").status_code == 403


@pytest.mark.parametrize("path", ["/", "/static/console.js", "/events/e1", "/nowhere"])
def test_a_stranger_reads_no_page(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    here = Here(monkeypatch, health("task"))
    assert here.stranger().get(path).status_code == 403
    assert here.stranger().post(path).status_code == 403


@pytest.mark.parametrize("host", ["evil.example:4577", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:4577", ""])
def test_another_name_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    here = Here(monkeypatch, health("task"))
    assert here.client.get("/", headers={"host": host}).status_code == 403
    assert here.client.get("/", headers={"host": "localhost:4577"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:1", "https://127.0.0.1:4577"])
def test_another_sites_page_changes_nothing(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    answer = here.post(ORDER, origin)
    assert (answer.status_code, "nothing was done" in answer.text) == (403, True)


def test_a_form_needs_its_token_and_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    assert here.post(ORDER, form_token="").status_code == 403
    assert here.post(ORDER, form_token="\u00e9").status_code == 403
    assert here.post(ORDER, source="x" * MOST_BYTES).status_code == 413
    wrong = here.client.post(ORDER, content=b"\xff\xfe", headers={"origin": ADDRESS})
    assert wrong.status_code == 400
    assert here.post(ORDER, source="").status_code == 422


def test_every_answer_forbids_scripts_of_others_frames_and_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"))
    for path in ("/", "/static/console.css", "/nowhere"):
        headers = here.client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert (headers["cache-control"], headers["x-frame-options"]) == ("no-store", "DENY")
    assert "no-store" in here.stranger().get("/").headers["cache-control"]
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", here.page("/"))


def test_not_on_loopback_it_needs_tls_and_a_proxy_that_says_who_asks() -> None:
    Place().check()
    for host in ("0.0.0.0", "::", "10.0.0.4", "console.example"):
        with pytest.raises(Unusable, match="nothing is served there without TLS"):
            Place(host=host).check()
    with pytest.raises(Unusable, match="for a console that is not on loopback"):
        Place(proxy="10.0.0.7").check()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates with their keys, one key with a passphrase, and what is none."""
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    for name in ("one", "two"):
        made = authority.issue_cert("console.example")
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        (folder / f"{name}.pem").write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    key = load_pem_private_key((folder / "one.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret"))
    (folder / "locked.key").write_bytes(locked)
    (folder / "cut.pem").write_bytes((folder / "one.pem").read_bytes()[:200])
    (folder / "text").write_text("hello")
    return folder


def beyond(pem: Path, certificate: str, key: str) -> Place:
    return Place(4577, "0.0.0.0", pem / certificate, pem / key, "10.0.0.7", "X-Who", "console.example")


@pytest.mark.parametrize(("certificate", "key", "said"), [
    ("gone.pem", "one.key", "gone.pem is no file"),
    ("text", "one.key", "--certificate {0}/text cannot be used"),
    ("cut.pem", "one.key", "--certificate {0}/cut.pem cannot be used"),
    ("one.key", "one.pem", "--certificate {0}/one.key cannot be used"),
    ("one.pem", "text", "--key {0}/text cannot be used with --certificate {0}/one.pem"),
    ("one.pem", "one.pem", "--key {0}/one.pem cannot be used"),
    ("one.pem", "two.key", "--key {0}/two.key cannot be used with --certificate {0}/one.pem (key values mismatch)"),
    ("one.pem", "locked.key", "--key {0}/locked.key has a passphrase"),
])  # fmt: skip
def test_a_file_that_tls_cannot_use_is_named_before_it_listens(
    pem: Path, certificate: str, key: str, said: str
) -> None:
    with pytest.raises(Unusable, match=re.escape(said.format(pem))) as refused:
        beyond(pem, certificate, key).check()
    assert "\n" not in str(refused.value) and "_ssl.c" not in str(refused.value)


def test_a_certificate_with_its_key_is_taken(pem: Path) -> None:
    beyond(pem, "one.pem", "one.key").check()


@pytest.mark.parametrize("host", ["console.example.com", "Console.Example.COM"])
def test_its_name_is_the_same_in_capitals(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    place = Place(host="0.0.0.0", proxy="10.0.0.7", identity_header="X-Who", name="Console.Example.com")
    here = Here(monkeypatch, health("task"), allow="send")
    guard = guard_of(place, 443)
    client = TestClient(make_app(here.console, guard), f"https://{host}", client=("10.0.0.7", 1))
    headers = {"x-who": "kim", "host": host, "origin": "https://console.example.com"}
    assert client.get("/", headers=headers).status_code == 200
    posted = client.post(ORDER, data={"form_token": guard.form_token("kim"), "source": ""}, headers=headers)
    assert posted.status_code == 422


def test_behind_a_proxy_only_it_may_ask_and_its_header_names_who() -> None:
    place = Place(host="0.0.0.0", proxy="10.0.0.7", identity_header="X-Who", name="console.example")
    guard = guard_of(place, 443)
    assert guard.proxy == Proxy("10.0.0.7", "x-who")


@pytest.mark.parametrize(("proxy", "peer", "headers", "status"), [
    ("10.0.0.7", "10.0.0.7", {"x-who": "kim"}, 200),
    ("10.0.0.7", "10.0.0.7", {}, 403),
    ("10.0.0.7", "10.0.0.8", {"x-who": "kim"}, 403),
    ("10.0.0.7", "::ffff:10.0.0.7", {"x-who": "kim"}, 200),
    ("::ffff:10.0.0.7", "10.0.0.7", {"x-who": "kim"}, 200),
    ("2001:DB8:0:0::7", "2001:db8::7", {"x-who": "kim"}, 200),
    ("10.0.0.7", "::ffff:10.0.0.8", {"x-who": "kim"}, 403),
    ("10.0.0.7", "::10.0.0.7", {"x-who": "kim"}, 403),
    ("10.0.0.7", "", {"x-who": "kim"}, 403),
])  # fmt: skip
def test_a_proxy_is_believed_by_its_address_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, proxy: str, peer: str, headers: dict[str, str], status: int
) -> None:
    here = Here(monkeypatch, health("task"))
    guard = Guard(
        frozenset({"console.example"}), frozenset({"https://console.example"}), "c", proxy=Proxy(proxy, "x-who")
    )
    client = TestClient(
        make_app(here.console, guard), "https://console.example", client=(peer, 1), follow_redirects=False
    )
    answer = client.get("/", headers=headers)
    assert answer.status_code == status
    assert ("you are kim" in answer.text) == (status == 200)
    assert client.get(f"/?token={guard.token}").status_code == 403
