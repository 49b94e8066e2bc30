"""The program that receives webhooks: `python -m fanout.local.webhook.server`. It keeps requests in memory and logs no body.

POST anywhere is a webhook. Under /_control: GET requests[?containing=], PUT answers, DELETE answers or requests.
An answer may come late (`delay`, seconds), or a byte now and then without coming to an end (`drips`: "head" or "body").
"""

import argparse
import json
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEPT = 1000
LARGEST_BODY = 2 * 1024 * 1024
CONTROL = "/_control/"
DRIP_SECONDS = 0.1
"""Between two bytes of an answer that drips."""


@dataclass(frozen=True)
class Answer:
    status: int = 200
    delay: float = 0.0
    drips: str = ""


@dataclass
class Inbox:
    """What came in, and what to answer to what comes next."""

    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    answers: dict[str | None, Answer] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        text = body.decode(errors="replace")
        with self.lock:
            answer = self._answer_to(text)
            kept = {"received_at": time.time(), "path": path, "headers": headers, "body": text}
            self.requests.append({**kept, "answer": answer.status})
        return answer

    def _answer_to(self, text: str) -> Answer:
        chosen = next((answer for part, answer in self.answers.items() if part is not None and part in text), None)
        return chosen or self.answers.get(None) or Answer()

    def found(self, containing: str) -> list[dict[str, Any]]:
        with self.lock:
            return [each for each in self.requests if _contains(each, containing)]

    def control(self, method: str, what: str, query: dict[str, list[str]], body: Any) -> Any:
        match method, what:
            case "GET", "requests":
                return {"requests": self.found(query.get("containing", [""])[0])}
            case "PUT", "answers":
                answer = Answer(int(body["status"]), float(body.get("delay", 0)), str(body.get("drips", "")))
                self.answers[body.get("containing")] = answer
            case "DELETE", "answers":
                self.answers.clear()
            case "DELETE", "requests":
                self.requests.clear()
            case _:
                raise LookupError(what)
        return {}


class Handler(BaseHTTPRequestHandler):
    """One thread per connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: "Server"

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.inbox.receive(self.path, headers, body)
        if answer.delay:
            time.sleep(answer.delay)  # the receiver that is too slow, on purpose
        if answer.drips:
            self._drip(answer)
        else:
            self._answer(answer.status, {})

    def do_GET(self) -> None:
        self._control("GET", None)

    def do_PUT(self) -> None:
        body = self._body()
        if body is not None:
            self._control("PUT", body)

    def do_DELETE(self) -> None:
        self._control("DELETE", None)

    def _control(self, method: str, body: bytes | None) -> None:
        url = urlsplit(self.path)
        try:
            parsed = json.loads(body) if body else {}
            answer = self.server.inbox.control(method, url.path.removeprefix(CONTROL), parse_qs(url.query), parsed)
        except LookupError as error:
            return self._answer(404, {"error": f"unknown or incomplete: {method} {url.path} ({error})"})
        except (ValueError, TypeError, AttributeError) as error:
            return self._answer(400, {"error": str(error)})
        return self._answer(200, answer)

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._answer(413 if length.isdecimal() else 411, {"error": f"content-length {length!r}"})
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # it did not wait for a slow answer, as it should
            self.close_connection = True

    def _drip(self, answer: Answer) -> None:
        """Until the other side has had enough."""
        self.close_connection = True
        head = f"HTTP/1.1 {answer.status} Dripping\r\n"
        first = head + ("x-slow: " if answer.drips == "head" else f"content-length: {LARGEST_BODY}\r\n\r\n")
        try:
            self.wfile.write(first.encode())
            for _ in range(LARGEST_BODY):
                self.wfile.write(b"x")
                time.sleep(DRIP_SECONDS)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        print(f"{self.log_date_time_string()} {format % args}", flush=True)


class Server(ThreadingHTTPServer):
    """Takes over a socket that is bound already, and does each handshake in its connection's own thread."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, descriptor: int, certificate: str) -> None:
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.inbox = Inbox()
        self.socket.close()
        bound = socket.socket(fileno=descriptor)
        self.server_address = bound.getsockname()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(bound, server_side=True, do_handshake_on_connect=False)
        self.server_activate()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not trust the certificate, is no news."""


def _contains(request: dict[str, Any], text: str) -> bool:
    return text in request["body"] or any(text in value for value in request["headers"].values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--pid", help="its own pid file, by which it is recognised")
    arguments = parser.parse_args()
    Server(arguments.fd, arguments.certificate).serve_forever()


if __name__ == "__main__":
    main()
