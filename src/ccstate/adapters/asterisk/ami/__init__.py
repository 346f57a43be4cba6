"""A client of Asterisk's manager interface (AMI): what runs, read in bulk, and events.

One thread, one request at a time or many ahead (`read_many`). Asterisk ends a connection whose
events nobody reads for as long as its `writetimeout` says: who asked for events reads them.
Everything said here about versions was seen on Asterisk 16.28 and 22.10.
"""

import hashlib
import itertools
import socket
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from ccstate.adapters.asterisk.ami import faults
from ccstate.adapters.asterisk.ami.faults import Refused
from ccstate.adapters.asterisk.ami.login import Login, Tls, line_to
from ccstate.adapters.asterisk.ami.message import (
    LONGEST_LIST,
    Header,
    Message,
    Splitter,
    shown,
    spelled,
)
from ccstate.errors import Unreadable

__all__ = ["Ami", "Header", "Login", "Message", "Refused", "Tls"]

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
        """The response to one action; Refused where Asterisk refuses it."""
        return self._answer(action, headers)[0]

    def read(self, action: str, *headers: Header) -> list[Message]:
        """The items of a list, all of them.

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
        """What a command of the CLI prints."""
        return list(self.do("Command", ("Command", cli)).output)

    def read_many(self, requests: Iterable[Request]) -> Generator[list[Message] | Refused]:
        """The lists of many requests, in their order; sent ahead, without waiting for answers.

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
        """Events as they come, those first that came in between; ends at `until`, by the monotonic clock."""
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
                raise Unreadable([faults.silent_greeting(self._login.place)])
            seen += chunk
        greeting, line_end, rest = seen.partition(b"\n")
        if not line_end or not greeting.startswith(_GREETING):
            raise Unreadable([faults.no_greeting(self._login.place, greeting[:60])])
        self._arrived += self._splitter.feed(rest)

    def _log_in(self) -> None:
        """By challenge, so that the secret never crosses the line; with system events, see below."""
        challenge = self._answer("Challenge", [("AuthType", "MD5")])[0]["Challenge"]
        # AMI 16 and 22 know MD5 only; the challenge makes each answer good for this session alone.
        key = hashlib.md5((challenge + self._login.secret).encode(), usedforsecurity=False)
        name = ("Username", self._login.username)
        proof = [("AuthType", "MD5"), name, ("Key", key.hexdigest()), ("Events", "system")]
        try:
            self._answer("Login", proof)
        except Refused as refused:
            place, user = self._login.place, self._login.username
            raise Unreadable([faults.not_let_in(place, user, refused.reason)]) from None

    def _wait_until_booted(self) -> None:
        """FullyBooted is sent to who may see system events; at once where it is long since so."""
        for event in self.events(time.monotonic() + self._login.timeout):
            if event.get("Event") == "FullyBooted":
                return
        raise Unreadable([faults.not_booted(self._login.place, self._login.timeout)])

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
            spelling.append(spelled(action, headers, action_id))
            sent.append((action, action_id))
        try:
            self._line.settimeout(self._login.timeout)
            self._line.sendall(b"".join(spelling))
        except OSError as error:
            raise Unreadable([faults.cut(self._login.place, error)]) from None
        return sent

    def _receive(self, action: str, action_id: str) -> list[Message]:
        """The response to one request, and the items of its list."""
        response = self._next(action, action_id)
        if response.get("Response") == "Error":
            raise faults.refusal(self._login.place, action, response)
        answer = [response]
        if response.get("EventList").lower() != "start":
            return answer
        while b"\r\nEventList: " not in (item := self._next(action, action_id)).raw:
            answer.append(item)
            if len(answer) > LONGEST_LIST:
                raise Unreadable([faults.endless(self._login.place, action, LONGEST_LIST)])
        if item.get("EventList").lower() != "complete" or not _is_whole(answer, item):
            end = f"{shown(item.get('EventList'))}, {shown(item.get('ListItems', 'no'))} items"
            raise Unreadable([faults.incomplete(self._login.place, action, end, len(answer) - 1)])
        return answer

    def _next(self, action: str, action_id: str) -> Message:
        """The next message of this answer; what else comes is kept, or dropped where nobody asks."""
        mark = f"\r\nActionID: {action_id}\r\n".encode()
        deadline = time.monotonic() + self._login.timeout
        while True:
            while self._arrived:
                message = self._arrived.popleft()
                if mark in message.raw or message.raw.endswith(mark[:-2]):
                    return message
                self._keep(message)
            if not self._fill(deadline):
                raise Unreadable([faults.late(self._login.place, action, self._login.timeout)])

    def _keep(self, message: Message) -> None:
        unasked = message.raw.startswith(b"Event: ")
        if not unasked or not self._wants_events or message.get("ActionID") in self._abandoned:
            return
        if len(self._events) >= MOST_EVENTS:
            raise Unreadable([faults.overflow(self._login.place, MOST_EVENTS)])
        self._events.append(message)

    def _fill(self, deadline: float) -> bool:
        """Whether messages have arrived by then."""
        while not self._arrived:
            chunk = self._chunk(deadline)
            if chunk is None:
                return False
            self._arrived += self._splitter.feed(chunk)
        return True

    def _chunk(self, deadline: float) -> bytes | None:
        """What comes next, at least a byte; None where nothing comes by then."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return None
        try:
            self._line.settimeout(remaining)
            chunk = self._line.recv(_CHUNK)
        except TimeoutError:
            return None
        except OSError as error:
            raise Unreadable([faults.cut(self._login.place, error)]) from None
        if not chunk:
            raise Unreadable([faults.cut(self._login.place, None)])
        return chunk
