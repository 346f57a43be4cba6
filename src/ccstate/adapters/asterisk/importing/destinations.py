"""The address where a call goes: what becomes of it in the dialplan, matched with objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.endpoints import Mailbox, Phone, Trunk
from ccstate.adapters.asterisk.importing.estate import SPOKEN, Work, fits, lines_of, prompt_of
from ccstate.adapters.asterisk.importing.outcomes import (
    STATUSES,
    At,
    Follows,
    Forks,
    Hangs,
    Leaves,
    Message,
    Outcome,
    Plays,
    Queues,
    Rings,
    RingsAll,
    Switched,
    Trail,
    below,
    claim_trail,
    legible,
    same,
    unclear,
)
from ccstate.adapters.asterisk.importing.values import family_of
from ccstate.adapters.asterisk.interpreter.applications import QUEUE_OTHERS
from ccstate.adapters.asterisk.interpreter.call import NotFollowed
from ccstate.adapters.asterisk.interpreter.text import letters, queue_wait_of
from ccstate.adapters.asterisk.rows import SECONDS, UNCLEAR, decoded
from ccstate.dialling.international import international
from ccstate.model import Address, Json

UNSAID = (
    "ccstate records the conversations of a queue or an extension, by its field `recording`; "
    "no call that is recorded here reaches one, or not in one way alone"
)
"""The note on a line that records a call and that no field says."""
BOTH_WAYS = "differs: with ccstate the calls that this phone makes are recorded as well"
_TELLS = re.compile(r"record", re.IGNORECASE)


def with_notice(work: Work, outcome: Outcome) -> Outcome:
    """Return a call that is recorded, together with the announcement before it that says so."""
    if not isinstance(outcome, Plays) or not isinstance(outcome.then, Queues | Rings):
        return outcome
    then, recorded = outcome.then, outcome.then.recorded
    prompt = (
        prompt_of(work, (outcome.sound,))
        if recorded and _is_announcement(work, outcome.sound)
        else ""
    )
    if not recorded or not prompt:
        return outcome
    trail = outcome.trail + Trail(notes=((outcome.trail.lines[-1], SPOKEN),)) + then.trail
    return replace(then, recorded=recorded._replace(notice=prompt), trail=trail)


def _is_announcement(work: Work, sound: str) -> bool:
    """Check whether a recording says that calls are recorded, by its words or by its name."""
    name = sound.partition(",")[0].strip()
    return bool(_TELLS.search(f"{name} {work.setting.words.get(name, '')}"))


def say_recording(work: Work, address: Address, outcome: Queues | Rings, *, by_key: bool) -> None:
    """Say whether conversations at an address are recorded; the first way that leads there counts.

    `by_key`: the phone that answers can start and stop it.
    """
    if not work.setting.holds(address.kind, "recording.when"):
        return
    recorded = outcome.recorded
    fields: dict[str, Json] = {"when": "on_demand"} if by_key else {}
    if recorded:
        fields = {"when": "always", "folder": recorded.folder, "notice": recorded.notice}
        fields = {name: value for name, value in fields.items() if value}
    first = work.recordings.setdefault(address, fields)
    if first != fields:
        reason = f"differs: from here calls are {_recording_words(fields)}; {address} says {_recording_words(first)}"
        work.ledger.leave(outcome.trail.lines[-1], reason)
    elif recorded:
        work.ledger.take([recorded.line], address)
        for note in recorded.notes:
            work.ledger.leave(recorded.line, note)
        if address.kind == "extension":
            work.ledger.leave(recorded.line, BOTH_WAYS)


def _recording_words(fields: dict[str, Json]) -> str:
    when = {"always": "recorded", "on_demand": "recorded on demand", "": "not recorded"}
    more = [f"{name} {fields[name]}" for name in ("folder", "notice") if name in fields]
    return ", ".join([when[str(fields.get("when", ""))], *more])


def fill_recordings(work: Work) -> None:
    """Fill in `recording` of the queues and extensions whose calls are recorded."""
    for address, fields in work.recordings.items():
        if fields:
            work.objects[address]["recording"] = fields


def on_demand(work: Work, kind: str, options: str) -> tuple[bool, str]:
    """Return whether Dial() or Queue() lets those who answer record; and the other options."""
    flags = letters(options)
    if "x" not in flags or not work.setting.holds(kind, "recording.when"):
        return False, options
    return True, "".join(flag for flag in flags if flag not in ("x", "X"))


RINGS_FOR = "25"
"""Seconds that a number is called where it does not say how long (app_followme.c, 16 and 22)."""
ASKED = "differs: here callers hear music meanwhile, and the person who answers is asked to take the call by a key"


def followed(work: Work, phones: Mapping[str, Phone], outcome: Follows) -> tuple[list[Json], Trail]:
    """Return what `follow_me` of an extension says of a FollowMe(), and the lines that it says.

    Nothing where it cannot say all of it.
    """
    nothing: tuple[list[Json], Trail] = [], Trail()
    section = _sections(work).get(outcome.name)
    if section is None or not work.setting.holds("extension", "follow_me"):
        return nothing
    lines = sorted(lines_of(section, "number"), key=_order)
    found = [_follow(work, phones, section, line) for line in lines]
    follows: list[Json] = [follow for follow in found if follow]
    if not follows or len(follows) < len(lines) or not fits("extension", ("follow_me",), follows):
        return nothing
    said = (*lines, *lines_of(section, "context"))
    return follows, Trail(said, ((outcome.trail.lines[-1], ASKED),))


def _sections(work: Work) -> dict[str, Section]:
    sections = work.sections("followme.conf")
    return {section.name: section for section in sections if section.name.lower() != "general"}


def _order(line: Option) -> int:
    """Return the `order` of a line `number,seconds,order`; 0 where it has none."""
    order = [*line.value.split(","), "", ""][2].strip()
    return int(order) if order.isascii() and order.isdigit() else 0


def _follow(
    work: Work, phones: Mapping[str, Phone], section: Section, line: Option
) -> dict[str, Json]:
    """Return the step of `follow_me` for a called number: a phone of the house, or one outside."""
    number, rings, *_ = (part.strip() for part in f"{line.value},".split(","))
    ring_for = decoded(SECONDS, rings or RINGS_FOR)
    if ring_for is UNCLEAR or not number.isalnum():
        return {}
    reached = work.follower.follow(At(section.get("context") or "default", number))
    if isinstance(reached, Rings) and reached.device in phones:
        return {"extension": phones[reached.device].name, "ring_for": ring_for}
    outside = international(number, work.setting.prefix)
    return {"number": outside, "ring_for": ring_for} if outside else {}


def report_follow_me(work: Work) -> None:
    """List the lines of followme.conf that no extension says."""
    for section in work.sections("followme.conf"):
        is_said = section.name in _sections(work)
        reason = "no extension goes on to this FollowMe(), or to numbers that it can call"
        if not is_said:
            reason = "stays by hand: ccstate writes nothing into [general]"
        for option in section.written:
            if work.ledger.is_open(option):
                is_prompt = option.key.lower() not in ("number", "context")
                note = "ccstate does not ask whether to take a call" if is_prompt else reason
                work.ledger.leave(option, note if is_said else reason)


DEFAULT_RING = "20s"


FORWARDS = "with ccstate a feature code with `action: forward` does"


class Nowhere(Exception):
    """The reason why no object says what becomes of this call."""


@dataclass(slots=True)
class Ringing:
    """The treatment of a call to a phone, said as an extension says it."""

    endpoint: str
    seconds: int | None
    mailbox: tuple[str, str] | None
    trails: list[Trail] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)
    """Rights of the phone that answers, during the call, by key codes."""
    outcome: Rings | None = None
    """The call that rings."""
    is_recorded_by_key: bool = False
    follows: list[Json] = field(default_factory=list)
    """The phones that ring after it."""

    def same(self, other: "Ringing") -> bool:
        own, others = (self.seconds, self.mailbox), (other.seconds, other.mailbox)
        return own == others and self.follows == other.follows


@dataclass(slots=True)
class KnownObjects:
    """The objects that a destination can be."""

    phones: Mapping[str, Phone]
    """By endpoint."""
    mailboxes: Mapping[tuple[str, str], Mailbox]
    queues: Mapping[str, Address]
    trunks: Mapping[str, Trunk]
    """By endpoint."""
    ringing: dict[str, Ringing] = field(default_factory=dict)
    """How each phone rings, by extension."""
    onwards: dict[Address, tuple[int | None, dict[str, str]]] = field(default_factory=dict)
    """How long callers wait in a queue, and where they go on to, as it was said first.

    By fields of `overflow`: `to`, `full` and, where callers do not stay in it, `empty`.
    """
    emptied: set[Address] = field(default_factory=set)
    """Queues that callers do not join, or leave, where no agent is there."""

    def is_left_when_empty(self, queue: Address) -> bool:
        return queue in self.emptied


def ringing(work: Work, known: KnownObjects, outcome: Outcome) -> Ringing | None:
    """Return what an extension would say of this, with notes on the rest; None if nothing."""
    outcome = with_notice(work, outcome)
    if isinstance(outcome, Forks) and "DEVICE_STATE" in outcome.condition:
        inner = ringing(work, known, outcome.no)
        if inner:
            note = (outcome.trail.lines[-1], "differs: ccstate rings a phone that is busy as well")
            inner.trails.append(outcome.trail + Trail(notes=(note,)))
            inner.trails += [each.trail for each in below(outcome.yes)]
        return inner
    if isinstance(outcome, Switched):
        return _ringing_by_default(work, known, outcome)
    if not isinstance(outcome, Rings) or outcome.device not in known.phones:
        return None
    own = known.phones[outcome.device].name
    found = Ringing(outcome.device, outcome.seconds, None, [outcome.trail], outcome=outcome)
    unanswered = _after_follow_me(work, known, found, outcome.after["NOANSWER"])
    if isinstance(unanswered, Message):
        found.mailbox = (unanswered.mailbox, unanswered.context)
        box = known.mailboxes.get(found.mailbox)
        if box is None or box.owner != own or not isinstance(unanswered.then, Hangs):
            return None
    elif not isinstance(unanswered, Hangs):
        return None
    _say_options(work, outcome, found)
    if outcome.seconds is None:
        reason = (
            f"differs: here it rings until the caller gives up; with ccstate for {DEFAULT_RING}"
        )
        found.trails.append(Trail(notes=((outcome.line, reason),)))
    found.trails += statuses(outcome)
    return found


def _after_follow_me(
    work: Work, known: KnownObjects, found: Ringing, unanswered: Outcome
) -> Outcome:
    """Return what follows the phones after the own one, which are noted, if all can be said."""
    if not isinstance(unanswered, Follows):
        return unanswered
    found.follows, trail = followed(work, known.phones, unanswered)
    found.trails.append(trail)
    return unanswered.then if found.follows else unanswered


def _ringing_by_default(work: Work, known: KnownObjects, outcome: Switched) -> Ringing | None:
    """Return a phone that rings unless the database has something else: `DB(DND/2001)`."""
    inner = ringing(work, known, outcome.ways[outcome.initial])
    if inner is None:
        return None
    phone = known.phones[inner.endpoint]
    if outcome.name.rstrip(")").rpartition("/")[2] not in (inner.endpoint, phone.name):
        return None
    family = family_of(outcome.name)
    others = unusual(outcome)
    reason = f"DB({legible(family)}/…) sends calls of phones elsewhere"
    then = FORWARDS
    if all(map(turns_away, others)):
        reason = f"DB({legible(family)}/…) turns calls of phones away"
        then = "with ccstate a feature code `do_not_disturb` does"
    else:
        work.forwarding.add(family)
    note = Trail(notes=((outcome.line, f"differs: here {reason}; {then}"),))
    inner.trails.append(outcome.trail + note)
    work.unsaid += [(way, f"{reason}, and no object says so") for way in others]
    return inner


def unusual(outcome: Switched) -> list[Outcome]:
    """Return the ways of a call that differ from that after a start."""
    usual = outcome.ways[outcome.initial]
    return [way for way in outcome.ways.values() if not same(way, usual)]


def turns_away(outcome: Outcome) -> bool:
    """Check whether callers are turned away: to the end of the call, or to a mailbox."""
    if isinstance(outcome, Plays):
        return turns_away(outcome.then)
    return isinstance(outcome, Hangs | Message)


def _say_options(work: Work, outcome: Rings, found: Ringing) -> None:
    """Say the options of Dial(), as rights where the platform has them, or as what differs."""
    found.is_recorded_by_key, options = on_demand(work, "extension", outcome.options)
    rights, rest = dial_rights(options)
    notes: list[str] = []
    if rights and work.setting.holds("extension", "rights"):
        found.rights = rights
        if "T" not in outcome.options:
            notes.append("differs: with ccstate the phone can also pass on the calls that it makes")
    else:
        rest = options
    if rest:
        notes.append(f"differs: ccstate rings without the options {rest}")
    found.trails += [Trail(notes=((outcome.line, note),)) for note in notes]


_RIGHTS = {"t": "transfer", "k": "park"}
"""Options of Dial() and Queue() for the called party; in capitals they are for the caller."""


def dial_rights(options: str) -> tuple[list[str], str]:
    """Return what the called party can do during a call, and the options about something else.

    What callers can do counts as said with it: they do it by their own rights, if they are phones.
    """
    flags = letters(options)
    rights = [_RIGHTS[flag] for flag in flags if flag in _RIGHTS]
    said = {flag for flag in "tkTK" if _RIGHTS[flag.lower()] in rights}
    return sorted(dict.fromkeys(rights)), "".join(flag for flag in flags if flag not in said)


_WORDS = {"BUSY": "is busy", "CHANUNAVAIL": "is not there", "CONGESTION": "cannot be reached"}


def statuses(outcome: Rings | RingsAll | Leaves) -> list[Trail]:
    """Return the lines for each DIALSTATUS, with what differs from a call without an answer."""
    usual = outcome.after["NOANSWER"]
    line = outcome.trail.lines[-1]
    trails: list[Trail] = []
    for status in STATUSES:
        after = outcome.after[status]
        if after is usual and status != "NOANSWER":
            continue
        here = [each.trail for each in below(after)]
        if not same(after, usual):
            note = f"differs: where the phone {_WORDS[status]} callers {_end_words(after)}; "
            note += f"with ccstate they {_end_words(usual)}"
            here.append(Trail(notes=((_own_line(after, line), note),)))
        elif isinstance(after, Message) and after.flags != "u":
            reason = "differs: ccstate plays the greeting for absence, and then the tone"
            here.append(Trail(notes=((after.trail.lines[-1], reason),)))
        trails += here
    return trails


def _own_line(outcome: Outcome, otherwise: Option) -> Option:
    return outcome.trail.lines[-1] if outcome.trail.lines else otherwise


def _end_words(outcome: Outcome) -> str:
    match outcome:
        case Message():
            return "can leave a message"
        case Hangs():
            return "are cut off"
        case _:
            return "hear something, or go elsewhere"


def claim_ringing(work: Work, known: KnownObjects, found: Ringing, by: object) -> None:
    for trail in found.trails:
        claim_trail(work.ledger, trail, by)
    if found.outcome:
        address = Address("extension", known.phones[found.endpoint].name)
        say_recording(work, address, found.outcome, by_key=found.is_recorded_by_key)


def extension_of(work: Work, known: KnownObjects, outcome: Outcome, by: object) -> str | None:
    """Return the extension that does just this, where there is one."""
    found = ringing(work, known, outcome)
    if found is None:
        return None
    name = known.phones[found.endpoint].name
    usual = known.ringing.get(name)
    if usual is None or (isinstance(outcome, Rings) and not usual.same(found)):
        return None
    claim_ringing(work, known, found, by)
    if not usual.same(found):
        line = found.trails[0].lines[-1]
        work.differs(line, f"extension/{name} rings, and ends, as it does inside")
    return f"extension/{name}"


def message_at(known: KnownObjects, outcome: Message) -> str | None:
    """Return the mailbox in which the caller may leave a message."""
    box = known.mailboxes.get((outcome.mailbox, outcome.context))
    return f"voicemail/{box.owner}" if box else None


def waits(outcome: Queues, options: str) -> tuple[int | None, str]:
    """Return the longest wait in seconds, None for no end; and why the rest of it says nothing.

    `options` are those of Queue() that no field says.
    """
    said = outcome.arguments
    passed = [word for word in (options, *(said[name] for name in QUEUE_OTHERS)) if word.strip()]
    why = f"differs: ccstate queues callers without {', '.join(passed)}" if passed else ""
    try:
        return queue_wait_of(said["seconds"]), why
    except NotFollowed as wrong:
        raise Nowhere(wrong.reason) from None


def lose(work: Work, outcome: Outcome, reason: str) -> None:
    """List the lines that a call runs through which no object says, where no other call does."""
    for option in outcome.trail.lines:
        if option.key.lower() != "include" and work.ledger.is_open(option):
            work.ledger.leave(option, reason)
    found = unclear(outcome)
    if found and found.line:
        work.ledger.leave(found.line, found.reason)
