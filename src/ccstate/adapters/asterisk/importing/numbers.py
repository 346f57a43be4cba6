"""What is dialled inside, and what carriers dial: extensions' numbers, inbound numbers."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.patterns import pattern
from ccstate.adapters.asterisk.importing.applications import NAME_PREFIX
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.destinations import (
    Known,
    Nowhere,
    Ringing,
    claim_ringing,
    lose,
    ringing,
)
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.menus import KEYS
from ccstate.adapters.asterisk.importing.outcomes import Leaves, Rings, below
from ccstate.adapters.asterisk.importing.resolving import Candidate
from ccstate.adapters.asterisk.importing.trees import Ways
from ccstate.adapters.asterisk.importing.trunks import Trunk
from ccstate.dialling.international import international, region_of
from ccstate.dialling.number_formats import INTERNATIONAL, NATIONAL, read_as_e164, rewritten
from ccstate.kinds.fields import duration
from ccstate.model import Address

MOST_NUMBERS = 1_000
"""Numbers that one pattern may stand for; others are listed as what they are."""


def inside(work: Work, known: Known, ways: Ways, codes: set[str]) -> None:
    """Numbers that phones dial to reach phones, then all others that lead anywhere but codes."""
    contexts = sorted({phone.context for phone in known.phones.values()})
    dialled = [(c, number) for c in contexts for number in _dialled(work, known, c)]
    # A phone's own name comes first: another number that rings it as well is an alias.
    for context, number in sorted(dialled, key=lambda each: each[1] not in known.phones):
        _ring(work, known, context, number)
    for endpoint, phone in known.phones.items():
        if phone.name not in known.ringing:
            reason = f"nobody who dials a number rings PJSIP/{endpoint}, or not in a plain way"
            work.ledger.leave_header(phone.endpoint, reason)
        elif not phone.number.isdigit() or phone.number != phone.name:
            work.objects[phone.address]["number"] = phone.number
    named = codes | {p.number for p in known.phones.values() if p.name in known.ringing}
    for context in contexts:
        for candidate in _written(work):
            if work.follower.resolver.extension(At(context, candidate.exten)):
                _service(work, ways, context, candidate, named)


def _written(work: Work) -> Iterator[Candidate]:
    """Every extension of digits that is written down, in whichever context."""
    for context in work.plan.contexts.values():
        for exten, caller in context.extens():
            if exten.isdigit() and exten.isascii() and 2 <= len(exten) <= 15 and not caller:
                yield Candidate(context.name, exten, ())


def _dialled(work: Work, known: Known, context: str) -> Iterator[str]:
    """Digits that may ring a phone: its own name, and whatever is written down."""
    seen: set[str] = set()
    for candidate in _written(work):
        if candidate.exten not in seen and work.follower.resolver.extension(
            At(context, candidate.exten)
        ):
            seen.add(candidate.exten)
            yield candidate.exten
    yield from (e for e in known.phones if e.isdigit() and 2 <= len(e) <= 15 and e not in seen)


def _ring(work: Work, known: Known, context: str, dialled: str) -> None:
    outcome = work.follower.follow(At(context, dialled))
    found = ringing(work, known, outcome)
    if found is None:
        return
    phone = known.phones[found.endpoint]
    first = known.ringing.get(phone.name)
    if first is None:
        if not 2 <= len(dialled) <= 15:
            return
        known.ringing[phone.name] = found
        phone.number = dialled
        _say(work, known, found)
    elif phone.number != dialled:
        return
    elif not first.same(found):
        told = f"differs: {dialled} dialled from {context} rings {phone.name} otherwise"
        work.ledger.leave(found.trails[0].lines[-1], told)
        return
    claim_ringing(work, known, found, phone.address)


def _say(work: Work, known: Known, found: Ringing) -> None:
    """What the dialplan says about a phone, as fields of its extension."""
    phone = known.phones[found.endpoint]
    fields = work.objects[phone.address]
    if found.seconds is not None:
        fields["ring_for"] = duration(min(found.seconds, 999_999))
    if found.rights:
        fields["rights"] = [*found.rights]
    if found.follows:
        fields["follow_me"] = [*found.follows]
    if found.mailbox is None and "voicemail" in fields:
        told = f"differs: who rings {phone.name} in vain is cut off here, in ccstate he leaves a message"
        work.ledger.leave(found.trails[0].lines[-1], told)


def _service(work: Work, ways: Ways, context: str, candidate: Candidate, named: set[str]) -> None:
    """A number inside that leads to a queue, a tree, or anything else that has another number."""
    dialled = candidate.exten
    if dialled in named:
        return
    outcome = work.follower.follow(At(context, dialled))
    begins = work.follower.resolver.steps(candidate)[0].option
    if isinstance(outcome, Leaves) or begins not in outcome.trail.lines:
        return  # an outbound route, or another extension that is tried first
    mark = work.ledger.mark()
    by = f"{dialled} dialled inside"
    near = f"{candidate.context}-{dialled}"
    try:
        reached = ways.destination(outcome, by, near)
    except Nowhere as why:
        lose(work, outcome, f"{dialled}, dialled inside: {why}")
        return
    named.add(dialled)
    kind, _, name = reached.partition("/")
    fields = work.objects.get(Address(kind, name), {})
    if kind in ("queue", "ivr", "ring_group", "conference_room") and fields.get("extension") in (
        None,
        dialled,
    ):
        fields["extension"] = dialled
        work.ledger.rename(mark, by, reached)
    else:
        work.ledger.rename(mark, by, ways.numbered(dialled, reached, near))


# Inbound


def inbound(work: Work, known: Known, ways: Ways) -> None:
    """The numbers that carriers dial, in the context of each trunk."""
    for trunk in known.trunks.values():
        arriving: list[_Arriving] = []
        for candidate in work.follower.resolver.candidates(trunk.context):
            said = pattern(candidate.exten)
            if len(said.places) > 4 and all(place <= set(KEYS + "+") for place in said.places):
                meant = _meant(work, known, trunk, candidate)
                made = (_number(work, ways, trunk, candidate, dialled) for dialled in meant)
                arriving += filter(None, made)
        _say_format(work, trunk, arriving)


def _meant(work: Work, known: Known, trunk: Trunk, candidate: Candidate) -> Iterator[str]:
    """Every number that a pattern stands for and that rings a phone."""
    said = pattern(candidate.exten)
    line = work.follower.resolver.steps(candidate)[0].option
    if not candidate.exten.startswith("_"):
        yield candidate.exten
        return
    count = 1
    for place in said.places:
        count *= len(place)
    if said.end or count > MOST_NUMBERS:
        work.ledger.leave(line, "a number is one number; this pattern stands for too many")
        return
    others = 0
    for digits in product(*(sorted(place) for place in said.places)):
        dialled = "".join(digits)
        outcome = work.follower.follow(At(trunk.context, dialled))
        if any(isinstance(e, Rings) and e.device not in known.phones for e in below(outcome)):
            others += 1
        else:
            yield dialled
    if others:
        told = f"differs: {others} other numbers of this pattern ring a phone that is not there; "
        work.ledger.leave(line, f"{told}to ccstate nobody has them")


def _number(
    work: Work, ways: Ways, trunk: Trunk, candidate: Candidate, dialled: str
) -> "_Arriving | None":
    """A number that became an object; None where it did not, or was one already."""
    outcome = work.follower.follow(At(trunk.context, dialled))
    name = international(dialled, work.setting.prefix)
    if not name:
        lose(work, outcome, _no_number(work, dialled))
        return None
    address = Address("number", name)
    if address in work.objects:
        answers = work.follower.resolver.answer(trunk.context, dialled)
        if answers and answers[:2] == candidate[:2]:
            told = f"{name} is there already, and this is another way of writing it"
            work.ledger.leave(work.follower.resolver.steps(candidate)[0].option, told)
        return None
    prefixes = [n[len(NAME_PREFIX) :] for _, n in outcome.trail.notes if n.startswith(NAME_PREFIX)]
    if prefixes:
        outcome = replace(outcome, trail=outcome.trail.without(NAME_PREFIX))
    try:
        to = ways.destination(outcome, address, f"{candidate.context}-{dialled}")
    except Nowhere as why:
        lose(work, outcome, f"{dialled}, dialled by the carrier: {why}")
        return None
    work.objects[address] = {"trunk": trunk.name, "to": to}
    if prefixes:
        work.objects[address]["caller_name_prefix"] = prefixes[-1]
    line = work.follower.resolver.steps(candidate)[0].option
    return _Arriving(dialled, name, candidate.exten, line)


class _Arriving(NamedTuple):
    """A number as the carrier dials it, in E.164, and where it stands."""

    dialled: str
    number: str
    exten: str
    line: Option


def _say_format(work: Work, trunk: Trunk, arriving: list[_Arriving]) -> None:
    """How the carrier writes the numbers that it dials and those of callers, so that both are known.

    Numbers are dialled in international form with or without plus; lists hold callers with it.
    """
    unusual = [each for each in arriving if each.dialled not in (each.number, each.number[1:])]
    callers = {written: each for written, each in work.callers.items() if written != each[0]}
    country = region_of(work.setting.prefix)
    for form in (INTERNATIONAL, NATIONAL) if unusual or callers else ():
        read = read_as_e164(form, country)
        dialled = ((rewritten(read, each.dialled), each.number) for each in arriving)
        shown = (rewritten(read, written) == number for written, (number, _) in callers.items())
        if all(text in (number, number[1:]) for text, number in dialled) and all(shown):
            work.objects[trunk.address]["inbound_number_format"] = form
            if form == NATIONAL:
                work.objects[trunk.address]["country"] = country
            for each in (unusual or arriving)[:1]:
                work.ledger.leave(each.line, _SHOWN_IN_E164)
            return
    for each in unusual:
        told = f"differs: the carrier dials {each.exten.lstrip('_')}; ccstate waits for the number "
        work.ledger.leave(each.line, f"{told}as it is written internationally, with + or without")
    for written, (number, line) in callers.items():
        told = f"differs: callers are compared with {written} here; the list has {number}, and no "
        work.ledger.leave(line, f"{told}`inbound_number_format` of {trunk.address} reads both so")


_SHOWN_IN_E164 = (
    "differs: phones show the callers of this carrier in international form, with +, here as the "
    "carrier writes them; to call them back a route needs a pattern that begins with +"
)


def _no_number(work: Work, dialled: str) -> str:
    if not work.setting.prefix:
        return f"nobody says what {dialled} is in international form, such as +61255501000"
    return f"{dialled} is no number that is known with the prefix {work.setting.prefix}"
