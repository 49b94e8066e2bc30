"""Who may ask, and what exists for whom: strangers read nothing, and what is not allowed has no address."""

import re

import pytest
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
