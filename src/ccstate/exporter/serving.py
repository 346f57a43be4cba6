"""Servers followed each in a thread of its own, and their figures served over HTTP.

Nothing is changed by any request, and nobody logs in: it listens where it is told, on this machine
as a rule. There, pages of other sites that a browser has open are kept out by the Host header.
"""

import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import orjson

from ccstate import codes
from ccstate.errors import CcstateError, Diagnostic, InvalidInput
from ccstate.exporter.metrics import exposition
from ccstate.exporter.questions import BadQuery, answer, iso, parse
from ccstate.exporter.servers import Server, Servers
from ccstate.project.listener import Listener
from ccstate.project.measuring import QueueSources

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until a server that is lost is tried again; each time twice as long."""
MOST_AT_ONCE = 32
PATIENCE = 10.0  # seconds for a request to come
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
INDEX = b"""Figures of the queues of this contact centre.

/metrics        for Prometheus
/figures.json   ?figure=waiting:sales&list=agents:sales
/healthz        which servers are there
"""


def serve(sources: QueueSources, host: str, port: int, listener: Listener) -> None:
    """Follow servers and answer requests until KeyboardInterrupt.

    Raises InvalidInput where the address cannot be listened at, or a connection is wrong.
    """
    servers = Servers(sources, time.time())
    with listening(servers, host, port) as http:
        for server in servers.each:
            threading.Thread(target=follow, args=(server, listener), daemon=True).start()
        listener.remark(f"Figures are served at http://{host}:{http.server_port}/")
        http.serve_forever()


def listening(servers: Servers, host: str, port: int) -> "_Http":
    """Listen at an address; InvalidInput where that cannot be."""
    try:
        return _Http((host, port), _handler(servers, host))
    except OSError as error:
        place, reason = f"{host}:{port}", error.strerror or error
        raise InvalidInput(codes.SERVE_TAKEN(place=place, reason=reason)) from None


def follow(server: Server, listener: Listener) -> None:
    """Follow a server for as long as this process lives, and try again where it is lost."""
    pause, is_reported = FIRST_PAUSE, False
    while True:
        try:
            for update in server.source.follow():
                if not server.is_there:
                    listener.remark(f"The queues of {server.name} are followed.")
                server.record(update, time.time())
                pause, is_reported = FIRST_PAUSE, False
        except CcstateError as error:
            if not is_reported:
                listener.warn([_lost(server, error.problems[0])])
                is_reported = True
        finally:
            server.lose()  # whatever it was: nothing that stands still may look alive
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _lost(server: Server, problem: Diagnostic) -> Diagnostic:
    hint = problem.hint or "see that the server runs"
    return codes.SERVER_LOST(name=server.name, reason=problem.message, hint=hint)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Close a connection at once where too many are open."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)  # type: ignore[arg-type]  # as it came
        else:
            self.shutdown_request(request)  # type: ignore[arg-type]  # as it came

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # as it came
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep silent about clients that went away, and about nothing else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


def _handler(servers: Servers, host: str) -> type[BaseHTTPRequestHandler]:
    pages: dict[str, Callable[[str], tuple[int, str, bytes]]] = {
        "/": lambda _: (200, TEXT, INDEX),
        "/metrics": lambda _: (200, PROMETHEUS, exposition(servers, time.time())),
        "/figures.json": lambda query: _figures(servers, query),
        "/healthz": lambda _: _health(servers),
    }
    is_local = _is_loopback(host)

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version = "ccstate"
        sys_version = ""

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if is_local and not _is_loopback(_named_host(self.headers.get("Host", host))):
                self._send(403, TEXT, b"ask for it by 127.0.0.1 or localhost\n")
            elif page := pages.get(path):
                self._send(*page(query))
            else:
                self._send(404, TEXT, INDEX)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
            """Keep silent: Prometheus asks every few seconds."""

    return Handler


def _figures(servers: Servers, query: str) -> tuple[int, str, bytes]:
    try:
        return 200, JSON, orjson.dumps(answer(servers, parse(query), time.time()))
    except BadQuery as wrong:
        return 400, TEXT, f"{wrong}\n".encode()


def _health(servers: Servers) -> tuple[int, str, bytes]:
    """Say which servers are there: 200 where all are, else 503."""
    there = [
        {"target": server.name, "there": server.is_there, "last_heard": iso(server.seen)}
        for server in servers.each
    ]
    status = 200 if all(server.is_there for server in servers.each) else 503
    return status, JSON, orjson.dumps({"targets": there})


def _named_host(header: str) -> str:
    """Return the host of a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if ":" in header else header


def _is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
