"""Queues as they run: what can be seen of their options, their members, and who waits.

`QueueStatus` shows four options and the members (16.28 and 22.10); the others are proved by the
revision of the file only.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk.ami import Ami, Message
from ccstate.adapters.asterisk.ami.message import Form
from ccstate.adapters.asterisk.entries import LINEAR, MEMBER, QUEUES, Key, member_value
from ccstate.adapters.asterisk.kinds.queue import QUEUE
from ccstate.adapters.asterisk.spelling import SENTINEL
from ccstate.errors import Diagnostic, Unreadable

OPTIONS: Mapping[str, str] = {row.option: row.header for row in QUEUE.rows if row.header}
"""Options of a queue that can be seen, and how AMI names them."""

STATIC = "static"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who takes calls of a queue. `membership`: static, dynamic or realtime."""

    queue: str
    name: str
    interface: str
    penalty: int
    state_interface: str
    membership: str
    is_paused: bool
    reason: str

    @property
    def key(self) -> Key:
        return Key(QUEUES, self.queue, MEMBER, self.name)

    def value(self, rank: int = 0) -> str:
        return member_value(self.interface, self.penalty, self.state_interface, rank)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller in a queue, and for how many seconds."""

    queue: str
    channel: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Queues:
    """What app_queue has in memory."""

    values: dict[Key, str]
    dynamic: dict[Key, str]
    """Members that no file names: they logged in, or somebody added them."""
    revision: str = ""
    members: tuple[Member, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def read_queues(ami: Ami) -> Queues:
    """All queues, of whoever made them."""
    found = ami.read("QueueStatus")
    values: dict[Key, str] = {}
    revisions = []
    for message in _of(found, "QueueParams"):
        name = message["Queue"]
        if revision := _revision(name):
            revisions.append(revision)
            continue
        for option, header in OPTIONS.items():
            values[Key(QUEUES, name, option, "")] = message[header]
    form = Form(_MEMBER, needed=len(_MEMBER))
    members = tuple(_member(form, message) for message in _of(found, "QueueMember"))
    dynamic: dict[Key, str] = {}
    ranks: Counter[str] = Counter()
    for member in members:
        if member.membership != STATIC:
            dynamic[member.key] = member.value()
            continue
        is_ranked = values.get(Key(QUEUES, member.queue, "strategy", "")) == LINEAR
        ranks[member.queue] += is_ranked
        values[member.key] = member.value(ranks[member.queue])
    waiting = tuple(
        Waiting(message["Queue"], message["Channel"], _number(message, "Wait"))
        for message in _of(found, "QueueEntry")
    )
    # Two revisions at once: of one of them it is not known whether it has gone.
    one = revisions[0] if len(revisions) == 1 else ""
    return Queues(values, dynamic, one, members, waiting)


def _of(found: Iterable[Message], event: str) -> Iterable[Message]:
    return (message for message in found if message.is_event(event))


def _revision(queue: str) -> str:
    prefix = f"{SENTINEL}-"
    return queue.removeprefix(prefix) if queue.startswith(prefix) else ""


def _number(message: Message, header: str) -> int:
    try:
        return int(message[header])
    except ValueError:
        raise Unreadable([_no_number(message["Event"], header)]) from None


def _no_number(event: str, header: str) -> Diagnostic:
    return Diagnostic(
        "CC472",
        f'Asterisk sent a {event} whose "{header}" is no number',
        cause="this version of Asterisk answers in a form that ccstate does not know",
        hint="report it, with the output of `asterisk -V`",
    )


_MEMBER = (
    "Queue",
    "Name",
    "Location",
    "Penalty",
    "StateInterface",
    "Membership",
    "Paused",
    "PausedReason",
)


def _member(form: Form, message: Message) -> Member:
    queue, name, interface, penalty, state, membership, paused, reason = form.values(message)
    return Member(
        queue=queue,
        name=name,
        interface=interface,
        penalty=int(penalty) if penalty.isdecimal() else _number(message, "Penalty"),
        state_interface=state,
        membership=membership,
        is_paused=paused == "1",
        reason=reason,
    )
