"""A real HTTP server that plays a code host: it keeps state, checks what it gets, and can misbehave."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = "nothing"
    UNWELL = "502, not carried out"
    LOST = "carried out, then 500"
    TORN = "carried out, half of the answer"
    CLOSED = "carried out, no answer"
    UNHEARD = "not carried out, no answer"
    SLOW = "carried out, no answer in time"
    DRIP = "carried out, an answer that comes byte by byte"
    BUSY = "429 with Retry-After, not carried out"
    SPENT = "403 with x-ratelimit-reset, not carried out"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Wrong(AssertionError):
    """A request that the documentation of the API does not have."""


class Server:
    """Serves `answer(request)` on a free port of this machine, and keeps what it got."""

    def __init__(self, answer: Callable[[Request], Answer], now: Callable[[], float]) -> None:
        self.answer = answer
        self.now = now
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        """Taken from its front, one by each request; none where it is empty."""
        self.wrong: list[str] = []
        self.address = ""

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]

    def respond(self, request: Request) -> tuple[Fault, Answer]:
        self.requests.append(request)
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        if fault is Fault.UNWELL:
            return fault, Answer(502, {"message": "Bad Gateway"})
        if fault is Fault.BUSY:
            return fault, Answer(429, {"message": "Too many requests"}, {"Retry-After": "7"})
        if fault is Fault.SPENT:
            headers = {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": str(int(self.now()) + 30),
            }
            return fault, Answer(403, {"message": "API rate limit exceeded"}, headers)
        if fault is Fault.UNHEARD:
            return fault, Answer(0)
        try:
            answer = self.answer(request)
        except (Wrong, KeyError) as error:
            self.wrong.append(f"{request.method} {request.path}: {error!r}")
            return fault, Answer(400, {"message": str(error)})
        return fault, Answer(500) if fault is Fault.LOST else answer


class _Handler(BaseHTTPRequestHandler):
    played: Server
    over: threading.Event
    protocol_version = "HTTP/1.1"
    timeout = 20
    wbufsize = -1  # an answer is one packet: two wait for each other

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Write nothing to standard error."""

    def play(self) -> None:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            headers,
            json.loads(data) if data else None,
        )
        fault, answer = self.played.respond(request)
        if fault in {Fault.CLOSED, Fault.UNHEARD}:
            self.close_connection = True
            return
        if fault is Fault.SLOW:
            self.over.wait(5)
            self.close_connection = True
            return
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is Fault.TORN:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault is Fault.DRIP:
            self.drip(body)
            return
        self.wfile.write(body)

    def drip(self, body: bytes) -> None:
        """Write a byte now and then, until the client has gone."""
        self.close_connection = True
        with suppress(OSError):
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                if self.over.wait(0.02):
                    return


for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
    setattr(_Handler, f"do_{method}", _Handler.play)


@contextmanager
def serving(server: Server, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve until the end of the block."""
    over = threading.Event()
    handler = type("Handler", (_Handler,), {"played": server, "over": over})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    if context:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    server.address = f"{'https' if context else 'http'}://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=lambda: http.serve_forever(0.02))
    thread.start()
    try:
        yield server
    finally:
        over.set()
        http.shutdown()
        thread.join()
        http.server_close()


def page(request: Request, items: list[Any], most: int, address: str) -> Answer:
    """Answer with one page of a list, and a header Link as RFC 8288 and all these hosts have it."""
    number = int(request.query.get("page", "1"))
    start = (number - 1) * most
    headers = {}
    if start + most < len(items):
        following = urlencode({**request.query, "page": number + 1})
        first = urlencode({**request.query, "page": 1})
        headers["Link"] = (
            f'<{address}{request.path}?{first}>; rel="first", '
            f'<{address}{request.path}?{following}>; rel="next"'
        )
    return Answer(200, items[start : start + most], headers)


def check_fields(body: Any, required: set[str], optional: frozenset[str] = frozenset()) -> None:
    """Refuse a body that lacks a field, or has one that the documentation does not name."""
    if not isinstance(body, dict):
        raise Wrong(f"{body!r} is no object")
    if not required <= body.keys() <= required | optional:
        raise Wrong(f"fields {sorted(body)}, where {sorted(required)} are due")
