"""A rename while calls go on: callers, agents, and what the server keeps under a name go along.

`begin` comes before the new files are loaded: from then on both names are there. `settle` comes after
it: whoever is at the old name goes to the new one, or leaves by itself; then the old one goes. Both
find what is left to do by looking, so that a killed apply is finished, or taken back, by the same two.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress

from ccstate.adapters.asterisk import codes, mailboxes
from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.entries import DIALPLAN, OLD_NAMES, QUEUES
from ccstate.adapters.asterisk.handwritten import MAIN, Handwritten
from ccstate.adapters.asterisk.kinds import KINDS
from ccstate.adapters.asterisk.renaming import Renaming
from ccstate.adapters.asterisk.running import STATIC, Member, is_running, read_queues
from ccstate.adapters.asterisk.running.activity import Channel, read_channels, read_positions
from ccstate.adapters.asterisk.running.reload import keep_pauses, reload
from ccstate.adapters.asterisk.server import Server
from ccstate.errors import Diagnostic, Span
from ccstate.model import Change, Observation

LONGEST_STAY = 120.0
"""Seconds for which an old name waits for calls to leave it: a menu, a ringing phone, a message."""
PAUSE = 0.5
ACTIONS = ("QueueAdd", "QueueRemove", "DBGet", "DBPut", "DBDel")
"""Actions of AMI that a rename may need, besides those of every apply."""


def forget_strangers(server: Server, renaming: Renaming) -> None:
    """Remove what AstDB keeps of an earlier object that had one of the new names."""
    keys = [after for _, after in renaming.kept_keys()]
    if keys:
        with server.connect() as ami:
            for key in keys:
                _remove_key(ami, *key)


def begin(server: Server, renaming: Renaming) -> None:
    """Put beside the new names what stands for the old ones, and move what the server keeps."""
    files = {OLD_NAMES[file]: text.encode() for file, text in renaming.files.items()}
    server.storage.stage(files, mode=0o640)
    server.storage.commit(list(files))
    keys = list(renaming.kept_keys())
    if keys:
        with server.connect() as ami:
            for (family, key), after in keys:
                for value in read_positions(ami, family, [key]).values():
                    ami.do("DBPut", ("Family", after[0]), ("Key", after[1]), ("Val", value))
    extensions = renaming.of("extension")
    if extensions:
        with server.spool() as spool:
            if not mailboxes.unreachable(spool):
                for old, new in extensions.items():
                    mailboxes.rename(spool, old, new)


def settle(server: Server, renaming: Renaming, before: Iterable[Member]) -> str:
    """Take callers and agents along, and the old names away; why one still runs, or "".

    `before`: who was in queues before the new files were loaded, as far as that is known.
    """
    with server.connect() as ami:
        if is_running(ami, QUEUES):
            _take_agents(ami, renaming, before)
        _await_calls(ami, renaming)
        if is_running(ami, QUEUES):
            _remove_agents(ami, renaming)
        # An empty file: Asterisk does not notice that one which it had included is gone.
        paths = [OLD_NAMES[file] for file in renaming.files]
        server.storage.stage(dict.fromkeys(paths, b""), mode=0o640)
        server.storage.commit(paths)
        is_queue = QUEUES in renaming.files and is_running(ami, QUEUES)
        with keep_pauses(ami, read_queues(ami)) if is_queue else nullcontext():
            reload(ami, renaming.files)
        if left := _still_running(ami, renaming):
            return f"Asterisk still runs {', '.join(left)}"
        for key, _ in renaming.kept_keys():
            _remove_key(ami, *key)
    extensions = renaming.of("extension")
    if extensions:
        with server.spool() as spool:
            if not mailboxes.unreachable(spool):
                mailboxes.end_links(spool, extensions)
    server.storage.remove(paths)
    return ""


def _remove_key(ami: Ami, family: str, key: str) -> None:
    with suppress(Refused):  # there is none
        ami.do("DBDel", ("Family", family), ("Key", key))


def _still_running(ami: Ami, renaming: Renaming) -> list[str]:
    if QUEUES not in renaming.files or not is_running(ami, QUEUES):
        return []
    there = {key.section for key in read_queues(ami).values}
    return sorted(there.intersection(renaming.of("queue")))


def _take_agents(ami: Ami, renaming: Renaming, before: Iterable[Member]) -> None:
    """Log agents in, and pause them, under the new names as they are under the old ones.

    `before` has those whom a file named by an old name, and who have gone with it.
    """
    now = {(member.queue, member.interface): member for member in read_queues(ami).members}
    gone = {(m.queue, m.interface): m for m in before if m.membership == STATIC}
    for place, member in {**gone, **now}.items():
        after = renaming.renamed(member)
        if after == member:
            continue
        there = now.get((after.queue, after.interface))
        if member.membership == "dynamic":
            if there is member:  # another name, at the same phone
                _remove_agent(ami, *place)
            if there in {None, member}:
                _add_agent(ami, after)
                there = None
        elif there is None:
            continue
        if member.is_paused and not (there and there.is_paused):
            ami.do("QueuePause", *_at(after.queue, after.interface), *_paused(member))


def _at(queue: str, interface: str) -> tuple[tuple[str, str], ...]:
    return ("Queue", queue), ("Interface", interface)


def _paused(member: Member) -> tuple[tuple[str, str], ...]:
    return ("Paused", "true"), ("Reason", member.reason)


def _add_agent(ami: Ami, member: Member) -> None:
    ami.do(
        "QueueAdd",
        *_at(member.queue, member.interface),
        ("Penalty", str(member.penalty)),
        ("Paused", "true" if member.is_paused else "false"),
        ("MemberName", member.name),
        ("StateInterface", member.state_interface),
    )


def _remove_agent(ami: Ami, queue: str, interface: str) -> None:
    with suppress(Refused):  # logged out since
        ami.do("QueueRemove", *_at(queue, interface))


def _remove_agents(ami: Ami, renaming: Renaming) -> None:
    """Log agents out under old names: else Asterisk keeps them in AstDB for a queue of that name."""
    for member in read_queues(ami).members:
        if member.membership == "dynamic" and renaming.renamed(member) != member:
            _remove_agent(ami, member.queue, member.interface)


def _await_calls(
    ami: Ami,
    renaming: Renaming,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Take callers out of queues that go, and wait until calls have left the old names.

    A caller for whom a phone rings leaves when that has rung, or is answered.
    """
    if not renaming.files:
        return
    end = clock() + LONGEST_STAY
    legs = read_channels(ami)
    inside = {leg.name for leg in legs if renaming.is_inside(leg)}
    asked: set[str] = set()
    while clock() < end:
        waits = _withdraw(ami, renaming, legs, asked)
        if not waits and not any(leg.name in inside and renaming.is_inside(leg) for leg in legs):
            return
        sleep(PAUSE)
        legs = read_channels(ami)


def _withdraw(ami: Ami, renaming: Renaming, legs: Sequence[Channel], asked: set[str]) -> bool:
    """Ask to withdraw those who wait, once each; return whether any waits still.

    Who came first gets the highest priority: they stay in their order, before all who come now.
    """
    if not renaming.of("queue") or not is_running(ami, QUEUES):
        return False
    ours = {leg.name for leg in legs if renaming.waits(leg)}
    found = [w for w in read_queues(ami).waiting if w.channel in ours]
    for place, caller in enumerate(found):
        if caller.channel not in asked:
            asked.add(caller.channel)
            info = f"{len(found) - place}/{caller.seconds}"
            who = ("Queue", caller.queue), ("Caller", caller.channel), ("WithdrawInfo", info)
            with suppress(Refused):  # hung up, or answered, since
                ami.do("QueueWithdrawCaller", *who)
    return bool(found)


def is_move(change: Change) -> bool:
    """Whether a change gives an object another name."""
    return change.moved is not None and not change.is_moved_away


_STAYS = (
    f"calls that are there go on in it for up to {LONGEST_STAY:.0f} s, and are cut off after that"
)
WORDS: Mapping[str, str] = {
    "queue": (
        "callers who wait go along in their order, and agents stay logged in and paused; "
        "counters and announced waits begin anew, and queue_log goes on under the new name"
    ),
    "extension": (
        "its phone must register anew, under the new name and with its password; where it is logged "
        "in, and what was set by code, goes along"
    ),
    "user": "agents stay logged in and paused, under the new name",
    "switch": "its position goes along",
    "ivr": _STAYS,
    "ring_group": _STAYS,
    "conference_room": "who is in it stays there; who comes later meets in another",
    "parking_lot": (
        "calls that are parked cannot be taken by their number any more; they come back after their "
        f"time, if that is within {LONGEST_STAY:.0f} s"
    ),
    "trunk": "it registers anew; calls go on",
}
"""What another name means for objects of a kind; nothing is kept of the others but what is declared."""


def words(server: Server, changes: Iterable[Change], seen: Observation) -> dict[str, str]:
    """Say by kind what goes along with objects that get another name, and what does not."""
    moved = {change.moved for change in changes if is_move(change)}
    found = {kind: WORDS[kind] for kind in WORDS if any(a and a.kind == kind for a in moved)}
    if any(a and seen.objects.get(a, {}).get("voicemail") is not None for a in moved):
        with server.spool() as spool:
            why = mailboxes.unreachable(spool)
        goes = "messages and greetings do, too"
        if why and seen.unseen:  # a reader of plans, who has other rights than whoever applies
            goes += f", where whoever applies may write in {mailboxes.FOLDER}"
        elif why:
            goes = f"messages and greetings stay behind: {why}"
        found["extension"] += f"; {goes}"
    return found


def problems(
    server: Server, changes: Iterable[Change], by_hand: Handwritten
) -> Iterator[Diagnostic]:
    """Report what keeps objects from getting another name."""
    moved = [change for change in changes if is_move(change)]
    kinds = {change.address.kind for change in moved}
    files = {QUEUES} if "queue" in kinds else set()
    files |= {DIALPLAN} if kinds & KINDS.keys() else set()
    for file in sorted(files - by_hand.includes_old_names):
        main, path = MAIN[file], OLD_NAMES[file]
        if main in by_hand.closed:
            continue
        span = Span(f"{server.storage.place}/{main}")
        pattern = f"{path.partition('/')[0]}/*.conf"
        yield codes.OLD_NAMES_NOT_INCLUDED(span, file=main, path=path, pattern=pattern)
    names = [change.address.name for change in moved if change.address.kind == "extension"]
    if names:
        with server.spool() as spool:
            there = [] if mailboxes.unreachable(spool) else mailboxes.taken(spool, names)
            place = f"{spool.place}/{mailboxes.FOLDER}"
        for name in there:
            yield codes.MAILBOX_THERE(name=name, folder=f"{place}/{name}")
