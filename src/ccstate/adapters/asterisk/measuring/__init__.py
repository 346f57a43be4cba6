"""Queues followed over AMI: how they stand, and then every event of their calls and agents.

One connection, no polling of figures. What a server is asked for again: whether it is there, and
now and then its members, for `queue reload` at its console says nothing (16.28 and 22.10, seen).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk import connection as connections
from ccstate.adapters.asterisk.ami import Ami, Forbidden, Login, Refused
from ccstate.adapters.asterisk.ami.message import Message, printable
from ccstate.adapters.asterisk.measuring.visits import Visits, is_sentinel
from ccstate.errors import Unreadable
from ccstate.measures.events import Alive, MemberIs, QueueUpdate, Refresh, Snapshot
from ccstate.model import Json

CLASSES = ("system", "call", "agent", "dialplan")
"""Reload; Hangup, Hold; queues; the steps and variables that tell refused and overflowed calls."""
# Regular expressions, for the filters of 22 by header are unknown to 16. Without the right to set
# one (write=system), all events of these classes arrive, and most are passed over here.
FILTER = (
    "^Event: (QueueCaller|QueueMember|AgentConnect|AgentComplete|AgentRingNoAnswer|Hold|Unhold|Reload"
    "|Hangup[^R]|VarSet.*Variable: QUEUESTATUS|Newexten.*Application: Queue)"
)
ASKS_AGAIN = 10.0
"""Seconds between two questions whether the server is there."""
READS_AGAIN = 300.0
"""Seconds between two readings of all members."""
QUIET = 1.0


def follow_queues(connection: Mapping[str, Json], folder: Path) -> Iterator[QueueUpdate]:
    """Say how queues stand, and what happens there; see `ccstate.adapter.FollowsQueues`."""
    login = connections.login(connections.parse(connection), folder)
    with Ami.connect(login, events=",".join(CLASSES)) as ami:
        yield from _Session(ami, login).updates()


class _Session:
    def __init__(self, ami: Ami, login: Login) -> None:
        self._ami = ami
        self._login = login
        self._visits = Visits()

    def updates(self) -> Iterator[QueueUpdate]:
        """Subscribed already: whatever happens while the snapshot is read comes after it."""
        self._check_rights()
        with suppress(Forbidden, Refused):
            self._ami.do("Filter", ("Operation", "Add"), ("Filter", FILTER))
        self._set_clock()
        self._read_wrap_ups()
        yield self._snapshot()
        asks = time.monotonic() + ASKS_AGAIN
        reads = time.monotonic() + READS_AGAIN
        while True:
            is_stale = False
            for message in self._ami.events(time.monotonic() + QUIET):
                is_stale |= _is_reload(message)
                yield from self._visits.events(message, time.time())
                if is_stale or time.monotonic() > asks:
                    break
            if is_stale or time.monotonic() > reads:
                self._read_wrap_ups()
                yield Refresh(self._snapshot())
                reads = time.monotonic() + READS_AGAIN
            if time.monotonic() > asks:
                self._set_clock()
                asks = time.monotonic() + ASKS_AGAIN
            yield Alive(time.time())

    def _check_rights(self) -> None:
        """Refuse a user who may not read what is counted from; AMI would leave it out without a word.

        Where the user may not read manager.conf, it is believed.
        """
        try:
            section = self._ami.do(
                "GetConfig", ("Filename", "manager.conf"), ("Category", self._login.username)
            )
        except (Forbidden, Refused):
            return
        lines = [value for key, value in section.items() if key.startswith("Line-")]
        reads = [line.partition("=")[2] for line in lines if line.partition("=")[0] == "read"]
        if not reads:
            return
        permitted = {word.strip() for word in ",".join(reads).split(",")}
        lacking = [word for word in CLASSES if word not in permitted]
        if lacking and "all" not in permitted:
            raise Unreadable(
                codes.MAY_NOT_FOLLOW(
                    place=self._login.place,
                    user=printable(self._login.username),
                    lacking=", ".join(lacking),
                    classes=",".join(CLASSES),
                )
            )

    def _set_clock(self) -> None:
        """Ask whether the server is there, and what time it is there."""
        with suppress(ValueError):
            self._visits.ahead = float(self._ami.do("Ping").get("Timestamp")) - time.time()

    def _read_wrap_ups(self) -> None:
        """Read the time after calls, which no event and no list of queues shows, from the file."""
        try:
            file = self._ami.do("GetConfig", ("Filename", "queues.conf"))
        except (Forbidden, Refused):
            return
        self._visits.wrap_ups = dict(_wrap_ups(file))

    def _snapshot(self) -> Snapshot:
        found = self._ami.read("QueueStatus")
        at = time.time()
        within: dict[str, int] = {}
        waiting: dict[tuple[str, str], float] = {}
        members = []
        for message in found:
            queue = message["Queue"]
            if is_sentinel(queue):
                continue
            match message.get("Event"):
                case "QueueParams":
                    within[queue] = int(message["ServiceLevel"])
                case "QueueMember":
                    name = message["Name"]
                    members.append(MemberIs(at, queue, name, self._visits.member(message)))
                case "QueueEntry":
                    call, since = message["Uniqueid"], at - int(message["Wait"])
                    waiting[queue, call] = since
                    self._visits.waits(call, queue, since)
        return Snapshot(at, within, waiting, members)


def _is_reload(message: Message) -> bool:
    return message.is_event("Reload") and message.get("Module") in ("app_queue.so", "All")


def _wrap_ups(file: Message) -> Iterator[tuple[str, int]]:
    """Find `wrapuptime` in the answer to GetConfig, with what templates say of it."""
    names: dict[str, str] = {}
    for key, value in file.items():
        kind, _, number = key.partition("-")
        if kind == "Category":
            names[number] = value
        elif kind == "Line" and value.startswith("wrapuptime="):
            text = value.partition("=")[2].strip()
            if text.isdecimal() and len(text) < 8:
                yield names.get(number.partition("-")[0], ""), int(text)
