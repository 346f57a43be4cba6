"""The codes that phones dial, parking lots, and where waiting callers go on to."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Section
from ccstate.adapters.asterisk.conf.dialplan import DialplanStep
from ccstate.adapters.asterisk.conf.patterns import openings
from ccstate.adapters.asterisk.importing.choices import KEYS
from ccstate.adapters.asterisk.importing.destinations import (
    KnownObjects,
    Nowhere,
    lose,
    turns_away,
    unusual,
)
from ccstate.adapters.asterisk.importing.estate import (
    Work,
    fits,
    lines_of,
    name_of,
    read_section,
    table,
)
from ccstate.adapters.asterisk.importing.following import RECORDING
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.outcomes import CALLER, At, Call, Switched, Unclear, below
from ccstate.adapters.asterisk.importing.queues import member_of
from ccstate.adapters.asterisk.importing.trees import Destinations
from ccstate.adapters.asterisk.importing.values import Candidate, Undecided
from ccstate.adapters.asterisk.interpreter.applications import Effect, arguments_of, effect
from ccstate.adapters.asterisk.kinds.parking_lot import ROWS
from ccstate.adapters.asterisk.rows import SWITCH, decoded, unwritten
from ccstate.kinds.fields import duration
from ccstate.model import Address, Fields, Json

_CODE = re.compile(r"[*#]?[0-9*]{1,9}")
BUILT_IN = "*97"
"""The code of the own mailbox, which ccstate's phones have without a feature code."""
_HEARD = frozenset({"playback", "hangup", "wait", "saydigits", "background", "goto"})


class _Action(NamedTuple):
    """The action of a code: fields of a feature code, and what differs; a queue whose agents log in."""

    fields: dict[str, Json]
    differs: str = ""
    queue: Address | None = None
    penalty: int = 0


@dataclass(frozen=True, slots=True)
class _Code:
    """A code that phones can dial, with the steps behind it."""

    code: str
    context: str
    contexts: frozenset[str]
    """Contexts of the phones that can dial it."""
    steps: list[DialplanStep] = field(default_factory=list)


def feature_codes(work: Work, known: KnownObjects) -> set[str]:
    """Make the feature codes that run an application; the codes are the result."""
    if not work.setting.holds("feature_code"):
        return set()
    made: set[str] = set()
    logins: dict[Address, int] = {}
    silencing = ""
    for code in _dialled_codes(work, known):
        actions = _actions(work, known, code)
        if not actions:
            continue
        made.add(code.code)
        logins |= {
            a.queue: a.penalty for a in actions if a.queue and a.fields["action"] == "log_in"
        }
        if code.code == BUILT_IN and actions[0].fields["action"] == "mailbox":
            work.ledger.take([step.option for step in code.steps], "what phones can dial anyway")
            continue
        fields = actions[0].fields
        if len(actions) > 1:
            fields = {"action": fields["action"]}
        elif fields["action"] == "do_not_disturb":
            if silencing:
                note = f"{silencing} turns this in both directions, so {code.code} is no code"
                work.ledger.leave_all([step.option for step in code.steps], note)
                continue
            note = f"differs: here {code.code} sets one position; with ccstate it turns calls away, or no longer"
            actions = [actions[0]._replace(differs=note)]
            silencing = code.code
        _make(work, known, code, fields, [a.differs for a in actions if a.differs])
    for queue, penalty in logins.items():
        _let_log_in(work, known, queue, penalty)
    return made


def switch_codes(work: Work, known: KnownObjects) -> None:
    """Make the feature codes that turn a switch."""
    if not work.setting.holds("feature_code"):
        return
    codes = {code.code: code for code in _dialled_codes(work, known)}
    for name, switch in work.switches.items():
        turned: dict[str, set[str]] = {}
        for step, value in work.follower.values.changed.get(name, ()):
            code = codes.get(step.exten)
            if code is not None and any(own.option == step.option for own in code.steps):
                ends = {"on"} if value in switch.on else {"off"}
                is_known = value in switch.on | switch.off
                turned.setdefault(code.code, set()).update(ends if is_known else {"on", "off"})
        fields: dict[str, Json] = {"action": "switch", "switch": switch.address.name}
        both = [code for code, ends in turned.items() if len(ends) > 1]
        first = next(iter([*both, *turned]), "")
        for number in turned:
            if number in both:
                _make(work, known, codes[number], fields, [])
            elif number == first:
                note = f"differs: here {number} sets one position; with ccstate it turns the "
                _make(work, known, codes[number], fields, [f"{note}switch to the other position"])
            else:
                note = f"{first} turns this switch in both directions, so {number} is no code"
                work.ledger.leave_all([step.option for step in codes[number].steps], note)


def forward_codes(work: Work, known: KnownObjects) -> None:
    """Make the code that sends the calls of a phone elsewhere: `_*72.` and `*73` are one."""
    if not work.setting.holds("feature_code"):
        return
    first = ""
    seen: set[tuple[str, str]] = set()
    for family in sorted(work.forwarding):
        steps = work.follower.values.of_any_key.get(family, ())
        for step, value in sorted(steps, key=lambda each: not each[1]):
            code = _forwarding(work, known, step) if step[:2] not in seen else None
            seen.add(step[:2])
            if code is None:
                continue
            if not first and value:
                note = (
                    f"differs: here the number is dialled behind {code.code}; with ccstate it is "
                )
                _make(work, known, code, {"action": "forward"}, [f"{note}asked for"])
                first = code.code
            elif first:
                note = f"{first} forwards calls, and no longer, so {code.code} is no code"
                work.ledger.leave_all([own.option for own in code.steps], note)


def _forwarding(work: Work, known: KnownObjects, step: DialplanStep) -> _Code | None:
    """Return the code that keeps a number for a phone; None where phones cannot dial it."""
    written = _BEHIND.sub("", step.exten.removeprefix("_"))
    ways = openings(step.exten)
    if not _CODE.fullmatch(written) or len(written) < 2 or not ways:
        return None
    place = (step.context, step.exten)
    contexts = {phone.context for phone in known.phones.values()}
    answers = {c: work.follower.resolver.answer(c, ways[0]) for c in contexts}
    able = frozenset(c for c, found in answers.items() if found and found[:2] == place)
    steps = work.follower.resolver.steps(Candidate(*place, ()))
    apps = {own.app.strip().lower() for own in steps}
    if not able or any(not _is_aside(app) for app in apps - _HEARD - _KEEPING):
        return None
    return _Code(written, step.context, able, steps)


_BEHIND = re.compile(r"[XNZ.!\[].*", re.IGNORECASE)


def _dialled_codes(work: Work, known: KnownObjects) -> Iterator[_Code]:
    """Return the codes that phones can dial, each once."""
    contexts = sorted({phone.context for phone in known.phones.values()})
    seen: set[str] = set()
    for context in work.plan.contexts.values():
        for code, caller in context.extens():
            if code in seen or caller or not _CODE.fullmatch(code) or len(code) < 2:
                continue
            candidate = Candidate(context.name, code, ())
            able = frozenset(c for c in contexts if _leads_to(work, c, candidate))
            if able:
                seen.add(code)
                steps = work.follower.resolver.steps(candidate)
                yield _Code(code, context.name, able, steps)


def _leads_to(work: Work, context: str, candidate: Candidate) -> bool:
    """Check whether phones that dial a code come to this extension, perhaps by way of another."""
    answer = work.follower.resolver.answer(context, candidate.exten)
    if answer is None or answer[:2] == candidate[:2]:
        return answer is not None
    begins = work.follower.resolver.line(candidate)
    outcome = work.follower.follow(At(context, candidate.exten))
    ends = outcome.line if isinstance(outcome, Unclear) else None
    return begins in outcome.trail.lines or begins == ends


def _make(work: Work, known: KnownObjects, code: _Code, fields: Fields, differs: list[str]) -> None:
    wanted = name_of(
        "-".join(str(fields[key]) for key in ("action", "queue", "switch") if key in fields)
    )
    address = Address("feature_code", work.names.free("feature_code", wanted))
    work.objects[address] = {"code": code.code, **fields}
    work.ledger.take([step.option for step in code.steps], address)
    line = code.steps[0].option
    for note in differs:
        work.ledger.leave(line, note)
    phone_contexts = {phone.context for phone in known.phones.values()}
    if code.contexts != phone_contexts:
        work.differs(line, "with ccstate every phone may dial this code")
    for step in code.steps:
        app = step.app.strip().lower()
        if app in ("playback", "background", "saydigits"):
            work.differs(step.option, "ccstate plays its own sounds for a code")


def _actions(work: Work, known: KnownObjects, code: _Code) -> list[_Action]:
    """Return what the steps of a code do; nothing where any of them is not known."""
    found: list[_Action] = []
    for step in code.steps:
        app = step.app.strip().lower()
        if _is_aside(app) or app in RECORDING or app in _HEARD:
            continue
        handle = _ACTIONS.get(app)
        if handle is None and app not in _KEEPING:
            return []
        try:
            data, _ = work.follower.values.fill(step.data, Call(code.context, code.code))
        except Undecided as asked:
            if app == "gotoif" and _is_silenced(work, known, asked.name):
                continue
            return []
        if handle is None:
            action = _keep(work, known, app, data)
        else:
            action = handle(
                known, {name: text.strip() for name, text in arguments_of(app, data).items()}
            )
        if action is None:
            return []
        found.append(action)
    return found if len({str(action.fields["action"]) for action in found}) == 1 else []


_KEEPING = frozenset({"set", "dbdel", "gotoif"})
_OWN = re.compile(rf"DB\(([^/]+)/{CALLER}\)")
"""What is kept in the database for the phone that dials."""


def _keep(work: Work, known: KnownObjects, app: str, data: str) -> _Action | None:
    """Return what a code does that keeps a value in the database for the phone that dials it."""
    name = f"DB({data.strip()})" if app == "dbdel" else data.partition("=")[0].strip()
    if app == "gotoif" or not _is_silenced(work, known, name):
        return None
    return _Action({"action": "do_not_disturb"})


def _is_silenced(work: Work, known: KnownObjects, name: str) -> bool:
    """Check whether a value that is kept for a phone turns its calls away."""
    own = _OWN.fullmatch(name)
    if own is None:
        return False
    for phone in known.phones.values():
        for each in below(work.follower.follow(At(phone.context, phone.name))):
            if isinstance(each, Switched) and each.name == f"DB({own[1]}/{phone.name})":
                return all(map(turns_away, unusual(each)))
    return False


def _mailbox(_: KnownObjects, said: Mapping[str, str]) -> _Action | None:
    note = "differs: ccstate asks for the PIN of the mailbox" if "s" in said["options"] else ""
    if CALLER not in said["box"]:
        note = "differs: here any mailbox can be heard; with ccstate the caller's own"
    return _Action({"action": "mailbox"}, note)


def _pick_up(_: KnownObjects, said: Mapping[str, str]) -> _Action | None:
    return None if said["target"] else _Action({"action": "pick_up"})


def _is_own(said: Mapping[str, str]) -> bool:
    """Check whether the phone that dials is meant."""
    return said["device"] in ("", f"PJSIP/{CALLER}")


def _log(action: str, known: KnownObjects, said: Mapping[str, str]) -> _Action | None:
    queue, penalty = known.queues.get(said["queue"]), said.get("penalty", "")
    if queue is None or not _is_own(said):
        return None
    weight = int(penalty) if penalty.isascii() and penalty.isdigit() and len(penalty) < 3 else 0
    return _Action({"action": action, "queue": queue.name}, queue=queue, penalty=weight)


def _pause(action: str, _: KnownObjects, said: Mapping[str, str]) -> _Action | None:
    does = "pauses" if action == "pause" else "ends the pause"
    note = f"differs: ccstate {does} in every queue" if said["queue"] else ""
    fields: dict[str, Json] = {"action": action}
    reason = said.get("reason", "")
    if reason and reason.isprintable() and "$" not in reason and CALLER not in reason:
        fields["reason"] = reason[:200]
    return _Action(fields, note) if _is_own(said) else None


_ACTIONS: Mapping[str, Callable[[KnownObjects, Mapping[str, str]], _Action | None]] = {
    "voicemailmain": _mailbox,
    "pickup": _pick_up,
    "addqueuemember": partial(_log, "log_in"),
    "removequeuemember": partial(_log, "log_out"),
    "pausequeuemember": partial(_pause, "pause"),
    "unpausequeuemember": partial(_pause, "unpause"),
}


def _is_aside(app: str) -> bool:
    """Check whether nothing of an application has to be said for a code."""
    return effect(app) in (Effect.NOTHING, Effect.ASIDE)


def _let_log_in(work: Work, known: KnownObjects, queue: Address, penalty: int) -> None:
    """Let every phone log in where a code lets it: members who are not always there."""
    fields = work.objects[queue]
    members = fields.setdefault("members", [])
    if not isinstance(members, list):
        return
    there = [_member_key(member) for member in members]
    for phone in known.phones.values():
        member = member_of(phone)
        if _member_key(member) not in there:
            more: dict[str, Json] = {"penalty": penalty} if penalty else {}
            members.append({**member, **more, "login": "dynamic"})


def _member_key(member: Json) -> tuple[object, object]:
    return (member.get("user"), member.get("extension")) if isinstance(member, dict) else ("", "")


# Defaults: res_parking.c, `load_module`, of Asterisk 13 and later.
_LOT = table(
    "parking lot",
    (
        *unwritten(
            {
                "comebackdialtime": "30",
                "courtesytone": "",
                "findslot": "first",
                "parkedcallhangup": "no",
                "parkedcallrecording": "no",
                "parkedcallreparking": "no",
                "parkedcalltransfers": "no",
                "parkedplay": "caller",
                "parkinghints": "no",
            }
        ),
        *ROWS,
    ),
)
_COMES_BACK = ("comebacktoorigin", "comebackcontext")


class Lot(NamedTuple):
    """A parking lot, its section, and the context in which Asterisk makes its numbers."""

    address: Address
    section: Section
    context: str


def parking_lots(work: Work) -> list[Lot]:
    """Return the lots that a number parks calls in."""
    found: list[Lot] = []
    for section in work.sections("res_parking.conf"):
        if section.name.lower() == "general":
            reason = "stays by hand: ccstate writes nothing into [general]"
        elif not work.setting.holds("parking_lot"):
            reason = "parking is not imported: the platform has no parking lots"
        elif not fits("parking_lot", ("extension",), section.get("parkext") or ""):
            reason = "a parking lot has a number that parks calls (parkext); this one has none"
        else:
            found.append(Lot(_lot(work, section), section, _option_value(section, "context")))
            continue
        work.ledger.leave_all(section.options, reason)
    return found


def _option_value(section: Section, option: str) -> str:
    """Return the value of an option, or what holds where it is not written."""
    return section.get(option) or _LOT.rows[option].default


def _lot(work: Work, section: Section) -> Address:
    address = Address("parking_lot", work.names.free("parking_lot", name_of(section.name)))
    # Said although it is a default of Asterisk: without slots there is no lot.
    work.objects[address] = {"slots": _LOT.rows["parkpos"].default}
    work.ledger.take_header(section, address)
    if address.name != section.name:
        note = f"differs: Park() and phones have to call the lot {address.name}"
        work.ledger.leave_header(section, note)
    read_section(work, _LOT, address, section, said=("context",), judged=_COMES_BACK)
    return address


def timeouts(work: Work, ways: Destinations, lots: list[Lot]) -> None:
    """Say where calls of each lot go that are not picked up, if not back to the phone.

    The extension that is called by that phone, such as `PJSIP_2001`, is not asked for.
    """
    for lot, section, _ in lots:
        lines = lines_of(section, *_COMES_BACK)
        if decoded(SWITCH, _option_value(section, "comebacktoorigin")) is not False:
            work.ledger.take(lines, DEFAULT)
            continue
        reached = work.follower.follow(At(_option_value(section, "comebackcontext"), "s"))
        try:
            work.objects[lot]["on_timeout"] = ways.destination(reached, lot, f"{lot.name}-timeout")
            work.ledger.take(lines, lot)
        except Nowhere as why:
            note = f"differs: a call that is not picked up goes back to the phone that parked it: {why}"
            lose(work, reached, f"{lot}, where the call is not picked up: {why}")
            work.ledger.leave_all(lines, note)


def include_lots(work: Work, lots: list[Lot]) -> None:
    """Explain the lines by which phones may dial the numbers of a lot; all may, with ccstate."""
    contexts: dict[str, list[Address]] = {}
    for lot in lots:
        contexts.setdefault(lot.context, []).append(lot.address)
    for context in work.plan.contexts.values():
        for option in context.includes:
            for address in contexts.get(option.value.partition(",")[0].strip(), ()):
                work.ledger.take([option], address)


def exits(work: Work, known: KnownObjects, ways: Destinations) -> None:
    """Say the keys by which waiting callers leave each queue: single digits of its context."""
    if not work.setting.holds("queue", "keys"):
        return
    for section in work.sections("queues.conf"):
        option = next((o for o in section.options if o.key.lower() == "context"), None)
        queue = known.queues.get(section.name)
        if option is None or queue is None:
            continue
        keys: dict[str, Json] = {}
        for key in KEYS:
            at = At(option.value, key)
            if not work.follower.resolver.extension(at):
                continue
            reached = work.follower.follow(at)
            try:
                keys[key] = ways.destination(reached, queue, f"{queue.name}-{key}")
            except Nowhere as why:
                lose(work, reached, f"key {key} of {queue} is left out: {why}")
        if keys:
            work.objects[queue]["keys"] = keys
            work.ledger.take([option], queue)
        else:
            work.ledger.leave(option, f"no key of [{option.value[:60]}] leads anywhere")


def overflow(work: Work, known: KnownObjects) -> None:
    """Fill in `overflow` of every queue that a call reaches."""
    for address, (after, ends) in known.onwards.items():
        fields = work.objects[address]
        said: dict[str, Json] = {}
        if after is not None:
            said["after"] = duration(min(after, 999_999))
        is_asked = {"to": after is not None, "full": bool(fields.get("max_waiting")), "empty": True}
        known_ends = {end: to for end, to in ends.items() if "/" in to or to == "hangup"}
        said |= {end: to for end, to in known_ends.items() if is_asked[end]}
        if said:
            fields["overflow"] = said
