"""A client of Asterisk's manager interface (AMI): what runs, read in bulk, and events.

One thread, one request at a time or many ahead (`read_many`). Asterisk ends a connection whose
events are not read for as long as its `writetimeout` says: a caller that asks for events reads
them. Everything said here about versions was seen on Asterisk 16.28 and 22.10.
"""

import hashlib
import itertools
import socket
import ssl
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami.message import (
    LONGEST_LIST,
    Header,
    Message,
    Splitter,
    printable,
    request_bytes,
)
from ccstate.errors import Diagnostic, Unreadable


@dataclass(frozen=True, slots=True)
class Tls:
    """How the server's certificate is judged: always verified, by `ca` or the system's."""

    ca: Path | None = None
    name: str = ""
    """The name that the certificate must bear; the host where empty."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where AMI listens, and who asks.

    `timeout`: seconds that the server may take to get on with an answer, and to boot.
    """

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: Tls | None = None
    timeout: float = 30.0

    @property
    def place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def line_to(login: Login) -> socket.socket:
    """A connection that has not said anything yet; Unreadable where there is none to be had."""
    try:
        line = socket.create_connection((login.host, login.port), timeout=login.timeout)
    except OSError as error:
        late = f"no answer within {login.timeout:g} s"
        why = late if isinstance(error, TimeoutError) else _why(error)
        raise Unreadable(codes.AMI_UNREACHABLE(place=login.place, why=why)) from None
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if login.tls is None:
        return line
    try:
        context = ssl.create_default_context(cafile=login.tls.ca)
        return context.wrap_socket(line, server_hostname=login.tls.name or login.host)
    except (OSError, ValueError) as error:
        line.close()
        raise Unreadable(_untrusted(login.place, error)) from None


# `write =` in manager.conf; any one of them will do. Source: ListCommands of 22.10 and 16.28.
RIGHTS = {
    "Command": "command",
    "CoreSettings": "system or reporting",
    "CoreShowChannels": "system or reporting",
    "CoreStatus": "system or reporting",
    "DBDel": "system",
    "DBGet": "system or reporting",
    "DBPut": "system",
    "DeviceStateList": "call or reporting",
    "ExtensionStateList": "call or reporting",
    "GetConfig": "system or config",
    "Getvar": "call or reporting",
    "Hangup": "system or call",
    "Originate": "originate",
    "PJSIPShowAors": "system",
    "PJSIPShowAuths": "system",
    "PJSIPShowContacts": "system",
    "PJSIPShowEndpoint": "system",
    "PJSIPShowEndpoints": "system",
    "QueueAdd": "agent",
    "QueuePause": "agent",
    "QueueRemove": "agent",
    "Reload": "system or config",
    "Setvar": "call",
    "ShowDialPlan": "config or reporting",
    "UserEvent": "user",
    "VoicemailUsersList": "call or reporting",
}


class Refused(Unreadable):
    """Asterisk understood the action and said no; `reason` is in its words."""

    def __init__(self, problem: Diagnostic, action: str, reason: str) -> None:
        super().__init__([problem])
        self.action = action
        self.reason = reason


class Forbidden(Unreadable):
    """The AMI user lacks a right: no answer about the object that was asked for."""


def _refusal(place: str, action: str, response: Message) -> Refused | Forbidden:
    reason = printable(response.get("Message")) or "no reason given"
    if reason == "Permission denied":
        return Forbidden([action_forbidden(place, action)])
    if response.output:
        reason = printable(" ".join(response.output))
    hint = ""
    if reason.startswith("Invalid/unknown command"):
        hint = "load the module that knows this action: `noload` in modules.conf may keep it out"
    problem = codes.ACTION_REFUSED(place=place, action=action, reason=reason, hint=hint)
    return Refused(problem, action, reason)


def action_forbidden(place: str, action: str) -> Diagnostic:
    """Return the problem of an action for which the AMI user lacks a right."""
    right = RIGHTS.get(action)
    needed = f"it needs {right}" if right else f"`manager show command {action}` names the right"
    return codes.ACTION_FORBIDDEN(place=place, action=action, needed=needed)


def _untrusted(place: str, error: Exception) -> Diagnostic:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted: {printable(error.verify_message)}"
        hint = "name the authority that signed it as `ca`, and the name that it bears"
    elif isinstance(error, ssl.SSLError):
        why = f"the TLS handshake failed: {printable(error.reason or str(error))}"
        hint = "check that this is the port of `tlsbindaddr` in manager.conf, not the plain one"
    elif isinstance(error, TimeoutError):
        why = "it did not answer the TLS handshake in time"
        hint = "check that this is the port of `tlsbindaddr` in manager.conf, not the plain one"
    else:
        why = f"TLS cannot be set up: {_why(error)}"
        hint = "check the `ca` file and the names"
    return codes.NO_TLS(place=place, why=why, hint=hint)


def _why(error: Exception) -> str:
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


Request = tuple[str, Sequence[Header]]

# So many questions are under way; more gained nothing on 22.10, and their bytes always fit into
# the buffers between us, so that neither side waits for the other to read.
AHEAD = 200
MOST_EVENTS = 100_000
_CHUNK = 256 * 1024
_GREETING = b"Asterisk Call Manager/"


def _is_whole(answer: Sequence[Message], end: Message) -> bool:
    """Whether as many items came as the end counts: all, or those that the end is named after.

    The list of registrations has the accounts between them, and does not count those (16.28 and
    22.10, seen).
    """
    items = len(answer) - 1
    counted = end.get("ListItems", str(items))
    if counted == str(items):
        return True
    named = f"Event: {end.get('Event').removesuffix('Complete')}\r\n".encode()
    same = sum(message.raw.startswith(named) for message in answer)
    return same > 0 and counted == str(same)


class Ami:
    """One session; `with Ami.connect(login) as ami:`."""

    def __init__(self, line: socket.socket, login: Login) -> None:
        self._line = line
        self._login = login
        self._splitter = Splitter()
        self._ids = itertools.count(1)
        self._arrived: deque[Message] = deque()
        self._events: deque[Message] = deque()
        self._wants_events = True
        self._abandoned: set[str] = set()

    @classmethod
    def connect(cls, login: Login, *, events: str = "off") -> Self:
        """Log in, and wait until Asterisk is fully booted.

        `events`: classes as AMI names them, as in "user,call,agent".
        Before it is fully booted, an Asterisk answers with lists that are empty or unknown (22.10).
        """
        ami = cls(line_to(login), login)
        try:
            ami._greet()
            ami._log_in()
            ami._wait_until_booted()
            ami._choose_events(events)
        except BaseException:
            ami._line.close()
            raise
        return ami

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._line.close()

    def do(self, action: str, *headers: Header) -> Message:
        """Perform one action and return the response; Refused where Asterisk refuses it."""
        return self._answer(action, headers)[0]

    def read(self, action: str, *headers: Header) -> list[Message]:
        """Read the items of a list, all of them.

        None at all is answered in three ways (16 and 22, seen): an empty list, a plain
        acknowledgement (VoicemailUsersList), and the error "No contacts found" (PJSIPShowContacts).
        """
        try:
            return self._answer(action, headers)[1:]
        except Refused as refused:
            if refused.reason.startswith("No ") and refused.reason.endswith(" found"):
                return []
            raise

    def command(self, cli: str) -> list[str]:
        """Run a command of the CLI; return the lines that it prints."""
        return list(self.do("Command", ("Command", cli)).output)

    def read_many(self, requests: Iterable[Request]) -> Generator[list[Message] | Refused]:
        """Read the lists of many requests, in their order; sent ahead, without waiting for answers.

        What Asterisk refuses, as it does for an unknown endpoint, is handed over as a value.
        Read on briskly: unread answers make Asterisk end the connection after its `writetimeout`.
        """
        unsent = iter(requests)
        waiting: deque[tuple[str, str]] = deque()
        try:
            while True:
                if len(waiting) <= AHEAD // 2:
                    waiting += self._send(itertools.islice(unsent, AHEAD - len(waiting)))
                if not waiting:
                    return
                answer: list[Message] | Refused
                try:
                    answer = self._receive(*waiting[0])[1:]
                except Refused as refused:
                    answer = refused
                waiting.popleft()
                yield answer
        finally:
            self._abandoned.update(action_id for _, action_id in waiting)

    def events(self, until: float) -> Iterator[Message]:
        """Yield events as they come, earlier ones first, until this time of the monotonic clock."""
        while True:
            while self._events:
                yield self._events.popleft()
            if not self._fill(until):
                return
            self._keep(self._arrived.popleft())

    def _greet(self) -> None:
        deadline = time.monotonic() + self._login.timeout
        seen = b""
        while (
            b"\n" not in seen and len(seen) < 256 and _GREETING.startswith(seen[: len(_GREETING)])
        ):
            chunk = self._chunk(deadline)
            if chunk is None:
                raise Unreadable(codes.AMI_SILENT(place=self._login.place))
            seen += chunk
        greeting, line_end, rest = seen.partition(b"\n")
        if not line_end or not greeting.startswith(_GREETING):
            said = repr(printable(greeting[:60].decode(errors="backslashreplace")))
            raise Unreadable(codes.NOT_AMI(place=self._login.place, greeting=said))
        self._arrived += self._splitter.feed(rest)

    def _log_in(self) -> None:
        """Log in by challenge, so that the secret never crosses the line; with system events, see below."""
        challenge = self._answer("Challenge", [("AuthType", "MD5")])[0]["Challenge"]
        # AMI 16 and 22 know MD5 only; the challenge makes each answer good for this session alone.
        key = hashlib.md5((challenge + self._login.secret).encode(), usedforsecurity=False)
        name = ("Username", self._login.username)
        proof = [("AuthType", "MD5"), name, ("Key", key.hexdigest()), ("Events", "system")]
        try:
            self._answer("Login", proof)
        except Refused as refused:
            place, user = self._login.place, printable(self._login.username)
            problem = codes.AMI_NOT_LET_IN(place=place, user=user, reason=refused.reason)
            raise Unreadable(problem) from None

    def _wait_until_booted(self) -> None:
        """FullyBooted is sent to who may see system events; at once where it is long since so."""
        for event in self.events(time.monotonic() + self._login.timeout):
            if event.get("Event") == "FullyBooted":
                return
        place, wait = self._login.place, self._login.timeout
        raise Unreadable(codes.NOT_BOOTED(place=place, seconds=wait))

    def _choose_events(self, events: str) -> None:
        self._answer("Events", [("EventMask", events)])
        self._wants_events = events != "off"
        self._events.clear()

    def _answer(self, action: str, headers: Sequence[Header]) -> list[Message]:
        ((_, action_id),) = self._send([(action, headers)])
        return self._receive(action, action_id)

    def _send(self, requests: Iterable[Request]) -> list[tuple[str, str]]:
        """Ask, and not yet listen; the actions with the ids that their answers will bear."""
        sent = []
        spelling = []
        for action, headers in requests:
            action_id = f"ccstate-{next(self._ids)}"
            spelling.append(request_bytes(action, headers, action_id))
            sent.append((action, action_id))
        try:
            self._line.settimeout(self._login.timeout)
            self._line.sendall(b"".join(spelling))
        except OSError as error:
            raise self._cut(_why(error)) from None
        return sent

    def _receive(self, action: str, action_id: str) -> list[Message]:
        """Return the response to one request, and the items of its list."""
        response = self._next(action, action_id)
        if response.get("Response") == "Error":
            raise _refusal(self._login.place, action, response)
        answer = [response]
        if response.get("EventList").lower() != "start":
            return answer
        while b"\r\nEventList: " not in (item := self._next(action, action_id)).raw:
            answer.append(item)
            if len(answer) > LONGEST_LIST:
                problem = codes.LIST_ENDLESS(
                    place=self._login.place, action=action, most=LONGEST_LIST
                )
                raise Unreadable(problem)
        if item.get("EventList").lower() != "complete" or not _is_whole(answer, item):
            end = f"{printable(item.get('EventList'))}, {printable(item.get('ListItems', 'no'))} items"
            problem = codes.LIST_INCOMPLETE(
                place=self._login.place, action=action, arrived=len(answer) - 1, end=end
            )
            raise Unreadable(problem)
        return answer

    def _next(self, action: str, action_id: str) -> Message:
        """The next message of this answer; other events are kept, or dropped where none are wanted."""
        mark = f"\r\nActionID: {action_id}\r\n".encode()
        deadline = time.monotonic() + self._login.timeout
        while True:
            while self._arrived:
                message = self._arrived.popleft()
                if mark in message.raw or message.raw.endswith(mark[:-2]):
                    return message
                self._keep(message)
            if not self._fill(deadline):
                place, wait = self._login.place, self._login.timeout
                raise Unreadable(codes.AMI_LATE(place=place, action=action, seconds=wait))

    def _keep(self, message: Message) -> None:
        unasked = message.raw.startswith(b"Event: ")
        if not unasked or not self._wants_events or message.get("ActionID") in self._abandoned:
            return
        if len(self._events) >= MOST_EVENTS:
            raise Unreadable(codes.EVENTS_UNREAD(place=self._login.place, most=MOST_EVENTS))
        self._events.append(message)

    def _cut(self, how: str) -> Unreadable:
        return Unreadable(codes.AMI_CUT(place=self._login.place, how=how))

    def _fill(self, deadline: float) -> bool:
        """Whether messages have arrived by then."""
        while not self._arrived:
            chunk = self._chunk(deadline)
            if chunk is None:
                return False
            self._arrived += self._splitter.feed(chunk)
        return True

    def _chunk(self, deadline: float) -> bytes | None:
        """Receive at least a byte; None where nothing comes by then."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return None
        try:
            self._line.settimeout(remaining)
            chunk = self._line.recv(_CHUNK)
        except TimeoutError:
            return None
        except OSError as error:
            raise self._cut(_why(error)) from None
        if not chunk:
            raise self._cut("Asterisk closed it")
        return chunk
