"""The console as a web app: a table of contents. Each section of pages says its own routes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route as StarletteRoute

from fanout.console import stream
from fanout.console.console import Console
from fanout.console.dead.routes import routes as dead
from fanout.console.faults import EXPECTED, line_of
from fanout.console.find.pages import routes as find
from fanout.console.guard import Guard, Guarded
from fanout.console.health.pages import routes as health
from fanout.console.live.pages import routes as live
from fanout.console.page import Answer, Asked, Page, Route, To
from fanout.console.submit.pages import routes as submit
from fanout.console.templates import block, environment
from fanout.errors import fault
from fanout.words import printable

SECTIONS: tuple[Callable[[Console], Sequence[Route]], ...] = (live, submit, find, dead, health)
TITLES = {
    "/": "Live",
    "/submit": "Submit",
    "/find": "Find",
    "/dead": "Dead letters",
    "/health": "Health",
    "/journal": "Journal",
}
ASSETS = {
    "console.css": "text/css",
    "dead.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def make_app(
    console: Console, guard: Guard, sections: Sequence[Callable[[Console], Sequence[Route]]] = SECTIONS
) -> Starlette:
    """Only the routes that `console.allowed` has a word for: what may not be done has no address."""
    pages = Pages(console)
    routes = [each for section in sections for each in section(console)]
    registered = [pages.registered(each) for each in routes if not each.needs or each.needs in console.allowed]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(console.close)

    return Starlette(
        routes=[*registered, StarletteRoute("/static/{name}", _asset)],
        middleware=[Middleware(Guarded, guard=guard)],
        exception_handlers={404: pages.not_found, 405: pages.not_found, Exception: pages.failed},
        lifespan=lifespan,
    )


class Pages:
    """Calls what a route answers with in a thread, and renders it."""

    def __init__(self, console: Console) -> None:
        self._console, self._environment = console, environment()

    def registered(self, route: Route) -> StarletteRoute:
        async def endpoint(request: Request) -> Response:
            asked = _asked(request)
            if stream.wants_events(request.headers):
                look = partial(self._live, route, asked, request)
                return StreamingResponse(
                    stream.events(look, lambda: self._console.is_over), media_type="text/event-stream"
                )
            answer = await run_in_threadpool(_answered, route, asked)
            if isinstance(answer, To):
                return RedirectResponse(answer.address, status_code=303)
            return await run_in_threadpool(self._rendered, answer, request)

        return StarletteRoute(route.path, endpoint, methods=[route.method])

    def _rendered(self, page: Page, request: Request) -> Response:
        text = self._environment.get_template(page.template).render(self._facts(page, request))
        return HTMLResponse(text, page.status)

    def _live(self, route: Route, asked: Asked, request: Request) -> stream.Look | stream.Trouble:
        try:
            answer = route.answer(asked)
            if isinstance(answer, To):
                return stream.Look("", "", 0)
            text = block(self._environment, answer.template, "live", self._facts(answer, request))
        except Exception as error:
            return stream.Trouble(printable(line_of(error)))
        return stream.Look(answer.template, text, answer.refresh)

    def _facts(self, page: Page, request: Request) -> dict[str, Any]:
        ours = {
            "template": page.template,
            "refresh": page.refresh,
            "look_at": page.at,
            "titles": TITLES,
            "here": request.url.path,
            "allowed": self._console.allowed,
            "budget": self._console.budget,
            "who": request.state.who,
            "form_token": request.state.form_token,
            "stack_name": _name(self._console),
        }
        assert ours.keys().isdisjoint(page.facts), ours.keys() & page.facts.keys()
        return {**ours, **page.facts}

    async def not_found(self, request: Request, _: Exception) -> Response:
        return await run_in_threadpool(self._rendered, _error("there is no such page", 404), request)

    async def failed(self, request: Request, error: Exception) -> Response:
        return await run_in_threadpool(self._rendered, _error(fault(error), 500), request)


def _answered(route: Route, asked: Asked) -> Answer:
    try:
        return route.answer(asked)
    except Exception as error:
        return _error(line_of(error), 409 if isinstance(error, EXPECTED) else 500)


def _error(line: str, status: int) -> Page:
    return Page("error.html", {"line": line, "commands": []}, status=status)


def _name(console: Console) -> str:
    """Also where it is not found, whatever was raised: the page says what."""
    try:
        return console.stack.label
    except Exception:
        return "no stack"


def _asked(request: Request) -> Asked:
    state = request.state
    return Asked(
        dict(request.query_params),
        {name: str(value) for name, value in request.path_params.items()},
        state.form,
        state.who,
    )


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS:
        return Response("there is no such file\n", 404)
    return Response((files("fanout.console") / "static" / name).read_bytes(), media_type=ASSETS[name])
