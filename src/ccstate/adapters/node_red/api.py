"""Node-RED's admin API: flows with their revision, types of nodes, whether the flows run.

Source: https://nodered.org/docs/api/admin/; everything said about versions was seen on 4.1.15.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import urlencode, urlsplit

import orjson

from ccstate import secrets
from ccstate.adapters.node_red import codes
from ccstate.adapters.node_red.connection import Connection
from ccstate.errors import Code, Unreadable
from ccstate.kinds.fields import seconds
from ccstate.machine import check_hosts
from ccstate.model import Json

MOST_BYTES = 64 * 2**20
"""Size of an answer; Node-RED itself takes flows of 5 MB where nothing else is set."""
_CHUNK = 2**16

Node: TypeAlias = "dict[str, Json]"


class Flows(NamedTuple):
    """All nodes of a Node-RED, and the revision that they are of."""

    rev: str
    nodes: list[Node]


class Overtaken(Exception):
    """The flows are of another revision by now: nothing was written."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The types of nodes that can be used, and the version of each module that brings them."""

    types: frozenset[str]
    modules: Mapping[str, str]


@contextmanager
def session(connection: Connection, folder: Path) -> Iterator["Api"]:
    """Log in, and out again where that made a token of its own. Raises InvalidInput, Unreadable."""
    import urllib3

    hosts = [urlsplit(url).hostname or "" for url in (connection.url, connection.figures)]
    check_hosts(hosts)
    named = [name for name in (connection.token, connection.password) if name]
    known = secrets.resolve(named, folder)
    with urllib3.PoolManager(ssl_context=_trust(connection, folder), retries=False) as pool:
        api = Api(connection, pool)
        if connection.token:
            api.token = known[connection.token]
            api.refused = codes.TOKEN_REFUSED
        if not (connection.username and connection.password):
            yield api
            return
        api.log_in(connection.username, known[connection.password])
        try:
            yield api
        finally:
            with suppress(Unreadable):  # it ends by itself within a week
                api.log_out()


def _trust(connection: Connection, folder: Path) -> ssl.SSLContext | None:
    if not connection.url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    if connection.ca:
        context.load_verify_locations(secrets.public_file(connection.ca, folder))
    return context


class Api:
    """A connection to one Node-RED."""

    def __init__(self, connection: Connection, pool: Any) -> None:
        self.url = connection.url.rstrip("/")
        self.token = ""
        self.refused: Code = codes.LOGIN_NEEDED
        self._pool = pool
        self._wait = float(seconds(connection.timeout))

    def log_in(self, username: str, password: str) -> None:
        """Exchange name and password for a token."""
        form = {
            "client_id": "node-red-admin",
            "grant_type": "password",
            "scope": "",
            "username": username,
            "password": password,
        }
        status, answer = self._call("POST", "auth/token", form=form)
        # 403 for a wrong password, 500 for the sixth wrong one within ten minutes (seen, 4.1.15);
        # 404 where adminAuth is not set, and nobody has to log in.
        if status == 404:
            return
        if status != 200 or not isinstance(answer, dict):
            raise Unreadable(codes.LOGIN_REFUSED(url=self.url))
        self.token = str(answer.get("access_token", ""))
        self.refused = codes.LOGIN_REFUSED

    def log_out(self) -> None:
        """Give the token back."""
        if self.token:
            self._call("POST", "auth/revoke", body={"token": self.token})

    def flows(self) -> Flows:
        """Read all nodes. Raises Unreadable."""
        found = self._read("flows", "read its flows", "flows.read")
        if not isinstance(found, dict):
            raise self._strange("flows without a revision")
        rev, nodes = found.get("rev"), found.get("flows")
        if not isinstance(rev, str) or not isinstance(nodes, list):
            raise self._strange("flows without a revision")
        if not all(map(_is_node, nodes)):
            raise self._strange("a node without an id or a type")
        return Flows(rev, cast("list[Node]", nodes))

    def deploy(self, flows: Flows) -> None:
        """Put these nodes in place of those of the revision; only what differs is started anew.

        Raises Overtaken where the flows are of another revision by now, and Unreadable.
        """
        status, answer = self._call(
            "POST",
            "flows",
            body={"rev": flows.rev, "flows": [*flows.nodes]},
            headers={"Node-RED-Deployment-Type": "nodes"},
        )
        if status == 409:
            raise Overtaken
        if status == 413:
            raise Unreadable(codes.TOO_LARGE(url=self.url))
        self._check(status, answer, "write flows", "flows.write")

    def installed(self) -> Installed:
        """Read which types of nodes there are. Raises Unreadable."""
        found = self._read("nodes", "list its nodes", "nodes.read")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self._strange("no list of nodes")
        types: set[str] = set()
        modules = {}
        one: Any
        for one in found:
            modules[str(one.get("module"))] = str(one.get("version"))
            if one.get("enabled") and not one.get("err"):
                types.update(map(str, one.get("types") or ()))
        return Installed(frozenset(types), modules)

    def is_running(self) -> bool | None:
        """Whether the flows run; None where `diagnostics` is switched off, or may not be read."""
        answer: Any
        status, answer = self._call("GET", "diagnostics")
        try:
            return bool(answer["runtime"]["flows"]["state"] == "start") if status == 200 else None
        except (KeyError, TypeError):
            return None

    def permissions(self) -> Json:
        """What the user may do, as `adminAuth` says it; "*" where nobody has to log in."""
        found = self._read("settings", "read its settings", "settings.read")
        user = found.get("user") if isinstance(found, dict) else None
        return user.get("permissions", "*") if isinstance(user, dict) else "*"

    def _read(self, path: str, what: str, permission: str) -> Json:
        status, answer = self._call("GET", path)
        self._check(status, answer, what, permission)
        return answer

    def _check(self, status: int, answer: Json, what: str, permission: str) -> None:
        if status == 401 and self.token and self.refused is codes.LOGIN_REFUSED:
            raise Unreadable(codes.RIGHTS_MISSING(url=self.url, what=what, permission=permission))
        if status in {401, 403}:
            raise Unreadable(self.refused(url=self.url))
        if status != 200:
            said = answer.get("message") if isinstance(answer, dict) else None
            raise self._strange(f"it answers {status}" + (f", {said}" if said else ""))

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Json]:
        """Send one request, never twice; the answer is its JSON, None where it is none."""
        from urllib3.exceptions import HTTPError, SSLError
        from urllib3.util import Timeout

        sent = {"Accept": "application/json", "Node-RED-API-Version": "v2", **(headers or {})}
        data = None
        if form is not None:
            data = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            data = orjson.dumps(body)
            sent["Content-Type"] = "application/json"
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            response = self._pool.request(
                method,
                f"{self.url}/{path}",
                body=data,
                headers=sent,
                redirect=False,
                preload_content=False,
                timeout=Timeout(self._wait),
            )
            with response:
                read = bytearray()
                while chunk := response.read1(_CHUNK):
                    read += chunk
                    if len(read) > MOST_BYTES:
                        raise self._strange(f"it is larger than {MOST_BYTES // 2**20} MB")
        except SSLError as error:
            raise Unreadable(codes.UNTRUSTED(url=self.url, why=_words(error))) from None
        except HTTPError as error:
            raise Unreadable(codes.UNREACHABLE(url=self.url, why=_words(error))) from None
        try:
            return response.status, orjson.loads(bytes(read))
        except orjson.JSONDecodeError:
            return response.status, None

    def _strange(self, why: str) -> Unreadable:
        return Unreadable(codes.STRANGE(url=self.url, why=why))


def _is_node(node: Json) -> bool:
    return isinstance(node, dict) and all(isinstance(node.get(k), str) for k in ("id", "type"))


def _words(error: BaseException) -> str:
    """Say what went wrong in the words of the innermost cause."""
    inner = error.args[-1] if error.args else error
    # urllib3 begins with its own object: HTTPConnection(host='…', port=443): …
    return str(inner).split("): ", 1)[-1][:200] or type(error).__name__
