"""The numbers of an estate: those inside, those that carriers send, and the routes outside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.patterns import is_open, openings, pattern, shown
from ccstate.adapters.asterisk.importing.choices import KEYS
from ccstate.adapters.asterisk.importing.destinations import (
    KnownObjects,
    Nowhere,
    Ringing,
    claim_ringing,
    lose,
    ringing,
)
from ccstate.adapters.asterisk.importing.endpoints import Trunk
from ccstate.adapters.asterisk.importing.estate import Work, name_of
from ccstate.adapters.asterisk.importing.following import NAME_PREFIX
from ccstate.adapters.asterisk.importing.outcomes import (
    CALLER,
    At,
    Hangs,
    Leaves,
    Outcome,
    Rings,
    Trail,
    below,
    claim,
    claim_trail,
)
from ccstate.adapters.asterisk.importing.trees import TOP, Destinations
from ccstate.adapters.asterisk.importing.values import Candidate
from ccstate.dialling.countries import country_of
from ccstate.dialling.international import international, region_of
from ccstate.dialling.number_formats import INTERNATIONAL, NATIONAL, read_as_e164, rewritten
from ccstate.dialling.routing import specificity
from ccstate.kinds import DESTINATIONS, internal_number_field
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

MOST_NUMBERS = 1_000
"""Numbers that one pattern may stand for; others are listed as what they are."""


def inside(work: Work, known: KnownObjects, ways: Destinations, codes: set[str]) -> None:
    """Make the numbers that ring phones, then all others inside that lead to anything but codes."""
    contexts = sorted({phone.context for phone in known.phones.values()})
    dialled = [(c, number) for c in contexts for number in _phone_digits(work, known, c)]
    # A phone's own name comes first: another number that rings it as well is an alias.
    for context, number in sorted(dialled, key=lambda each: each[1] not in known.phones):
        _ring(work, known, context, number)
    for endpoint, phone in known.phones.items():
        if phone.name not in known.ringing:
            reason = f"no dialled number rings PJSIP/{endpoint}, or not in a plain way"
            work.ledger.leave_header(phone.endpoint, reason)
        elif not phone.number.isdigit() or phone.number != phone.name:
            work.objects[phone.address]["number"] = phone.number
    named = codes | {p.number for p in known.phones.values() if p.name in known.ringing}
    for context in contexts:
        for candidate in _digit_candidates(work):
            if work.follower.resolver.extension(At(context, candidate.exten)):
                _service(work, ways, context, candidate, named)


def _digit_candidates(work: Work) -> Iterator[Candidate]:
    """Return every extension of digits that is written down, in whichever context."""
    for context in work.plan.contexts.values():
        for exten, caller in context.extens():
            if exten.isdigit() and exten.isascii() and 2 <= len(exten) <= 15 and not caller:
                yield Candidate(context.name, exten, ())


def _phone_digits(work: Work, known: KnownObjects, context: str) -> Iterator[str]:
    """Return the digits that may ring a phone: its own name, and whatever is written down."""
    seen: set[str] = set()
    for candidate in _digit_candidates(work):
        if candidate.exten not in seen and work.follower.resolver.extension(
            At(context, candidate.exten)
        ):
            seen.add(candidate.exten)
            yield candidate.exten
    yield from (e for e in known.phones if e.isdigit() and 2 <= len(e) <= 15 and e not in seen)


def _ring(work: Work, known: KnownObjects, context: str, dialled: str) -> None:
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
        note = f"differs: {dialled} dialled from {context} rings {phone.name} otherwise"
        work.ledger.leave(found.trails[0].lines[-1], note)
        return
    claim_ringing(work, known, found, phone.address)


def _say(work: Work, known: KnownObjects, found: Ringing) -> None:
    """Say what the dialplan says about a phone, as fields of its extension."""
    phone = known.phones[found.endpoint]
    fields = work.objects[phone.address]
    if found.seconds is not None:
        fields["ring_for"] = duration(min(found.seconds, 999_999))
    if found.rights:
        fields["rights"] = [*found.rights]
    if found.follows:
        fields["follow_me"] = [*found.follows]
    if found.mailbox is None and "voicemail" in fields:
        note = f"differs: who rings {phone.name} in vain is cut off here, in ccstate he leaves a message"
        work.ledger.leave(found.trails[0].lines[-1], note)


def _service(
    work: Work, ways: Destinations, context: str, candidate: Candidate, named: set[str]
) -> None:
    """Give a number inside to the queue, tree or other object that it leads to."""
    dialled = candidate.exten
    if dialled in named:
        return
    outcome = work.follower.follow(At(context, dialled))
    begins = work.follower.resolver.line(candidate)
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
    is_numbered = kind in DESTINATIONS and internal_number_field(kind) == "extension"
    if is_numbered and fields.get("extension") in (None, dialled):
        fields["extension"] = dialled
        work.ledger.rename(mark, by, reached)
    else:
        work.ledger.rename(mark, by, _numbered(work, dialled, reached, near))


def _numbered(work: Work, dialled: str, to: str, near: str) -> Address:
    """Make a tree that has an internal number and does nothing but lead on."""
    address = Address("ivr", work.names.free("ivr", name_of(near)))
    node: dict[str, Json] = {"type": "hangup"}
    if to != "hangup":
        node = {"type": "goto", "to": to}
    work.objects[address] = {"extension": dialled, "start": TOP, "nodes": {TOP: node}}
    return address


# Inbound


def inbound(work: Work, known: KnownObjects, ways: Destinations) -> None:
    """Make the numbers that carriers dial, in the context of each trunk."""
    for trunk in known.trunks.values():
        arriving: list[_Arriving] = []
        for candidate in work.follower.resolver.candidates(trunk.context):
            said = pattern(candidate.exten)
            if len(said.places) > 4 and all(place <= set(KEYS + "+") for place in said.places):
                meant = _phone_numbers(work, known, trunk, candidate)
                made = (_number(work, ways, trunk, candidate, dialled) for dialled in meant)
                arriving += filter(None, made)
        _say_format(work, trunk, arriving)


def _phone_numbers(
    work: Work, known: KnownObjects, trunk: Trunk, candidate: Candidate
) -> Iterator[str]:
    """Return every number that a pattern stands for and that rings a phone."""
    said = pattern(candidate.exten)
    line = work.follower.resolver.line(candidate)
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
        note = f"differs: {others} other numbers of this pattern ring a phone that is not there; "
        work.ledger.leave(line, f"{note}with ccstate they are no numbers")


def _number(
    work: Work, ways: Destinations, trunk: Trunk, candidate: Candidate, dialled: str
) -> "_Arriving | None":
    """Make the number; None where that is not possible, or where it was made already."""
    outcome = work.follower.follow(At(trunk.context, dialled))
    name = international(dialled, work.setting.prefix)
    if not name:
        lose(work, outcome, _no_number(work, dialled))
        return None
    address = Address("number", name)
    if address in work.objects:
        answers = work.follower.resolver.answer(trunk.context, dialled)
        if answers and answers[:2] == candidate[:2]:
            note = f"{name} is there already, and this is another way of writing it"
            work.ledger.leave(work.follower.resolver.line(candidate), note)
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
    line = work.follower.resolver.line(candidate)
    return _Arriving(dialled, name, candidate.exten, line)


class _Arriving(NamedTuple):
    """A number as the carrier dials it, in E.164, and where it stands."""

    dialled: str
    number: str
    exten: str
    line: Option


def _say_format(work: Work, trunk: Trunk, arriving: list[_Arriving]) -> None:
    """Say how the carrier writes called and callers' numbers, so that both are known.

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
        note = f"differs: the carrier dials {each.exten.lstrip('_')}; ccstate waits for the number "
        work.ledger.leave(each.line, f"{note}as it is written internationally, with + or without")
    for written, (number, line) in callers.items():
        note = f"differs: callers are compared with {written} here; the list has {number}, and no "
        work.ledger.leave(line, f"{note}`inbound_number_format` of {trunk.address} reads both so")


_SHOWN_IN_E164 = (
    "differs: phones show the callers of this carrier in international form, with +, here as the "
    "carrier writes them; to call them back a route needs a pattern that begins with +"
)


def _no_number(work: Work, dialled: str) -> str:
    if not work.setting.prefix:
        return f"the international form of {dialled}, such as +61255501000, is not given"
    return f"{dialled} is no number that is known with the prefix {work.setting.prefix}"


_CLASSES = (
    ("premium", ("premium",)),
    ("international", ("international", "intl", "world")),
    ("national", ("national", "long-distance", "longdistance")),
    ("mobile", ("mobile", "cell")),
    ("emergency", ("emergency",)),
    ("local", ("local",)),
)
"""Words in the names of contexts, and the permission that they stand for."""
UNLIMITED = "differs: ccstate lets an outside number ring for two minutes at the most"


@dataclass(slots=True)
class _Route:
    """Patterns of one context that are sent alike."""

    context: str
    strip: int
    prepend: str
    trunk: str
    emergency: bool
    patterns: dict[str, None] = field(default_factory=dict)
    contexts: set[str] = field(default_factory=set)
    """Contexts of phones that may use it."""
    found: list[tuple[Candidate, Leaves]] = field(default_factory=list)


class _Outbound:
    def __init__(self, work: Work, known: KnownObjects) -> None:
        self.work = work
        self.known = known
        self.routes: dict[tuple[str, int, str, str, bool], _Route] = {}
        country = country_of(region_of(work.setting.prefix))
        self.emergency = frozenset(country.all_emergency) if country else frozenset[str]()
        """Numbers for help of the country that the setting's prefix names."""
        self.blocked: dict[str, list[Trail]] = {}

    def look(self, context: str) -> None:
        """Look at everything that phones of this context may dial."""
        seen: set[tuple[str, str]] = set()
        resolver = self.work.follower.resolver
        for candidate in resolver.candidates(context):
            if candidate[:2] in seen:
                continue
            seen.add(candidate[:2])
            for dialled in openings(candidate.exten):
                outcome = self.work.follower.follow(At(context, dialled))
                if isinstance(outcome, Leaves) and outcome.endpoint in self.known.trunks:
                    first = resolver.answer(context, dialled)
                    self._add_to_route(context, candidate, first, dialled, outcome)

    def _add_to_route(
        self,
        context: str,
        candidate: Candidate,
        first: Candidate | None,
        dialled: str,
        outcome: Leaves,
    ) -> None:
        line = self.work.follower.resolver.line(candidate)
        sent = _digit_change(dialled, outcome.number)
        if sent is None or not _is_pattern(shown(dialled)):
            reason = "an outbound route cannot say how this number is sent"
            self.work.ledger.leave(line, f"{reason}: {shown(outcome.number)[:60]}")
            return
        if first and first[:2] != candidate[:2]:
            note = f"no call gets here: {first.exten} of [{first.context}] takes these calls first"
            self._explain_hidden(candidate, dialled, outcome, note)
            return
        self._order(context, candidate, dialled, outcome)
        is_emergency = dialled in self.emergency
        trunk = self.known.trunks[outcome.endpoint].name
        key = (candidate.context, *sent, trunk, is_emergency)
        route = self.routes.setdefault(key, _Route(*key))
        route.patterns[shown(dialled)] = None
        route.contexts.add(context)
        route.found.append((candidate, outcome))
        self._carve(context, dialled, outcome)

    def _order(self, context: str, candidate: Candidate, dialled: str, outcome: Leaves) -> None:
        """Report where Asterisk tries another pattern first, and ccstate the narrower one."""
        resolver = self.work.follower.resolver
        own = specificity(shown(dialled))
        for part, other in resolver.carved(context, dialled):
            wide = openings(other.exten)
            if part and all(specificity(shown(way)) < own for way in wide):
                continue
            if not part or not _is_sent_alike(
                self.work.follower.follow(At(context, part)), outcome
            ):
                line = resolver.line(candidate)
                note = f"differs: {other.exten} of [{other.context}] takes {shown(part)} first; "
                self.work.ledger.leave(line, f"{note}with ccstate the narrower pattern does")

    def _explain_hidden(
        self, candidate: Candidate, dialled: str, outcome: Leaves, note: str
    ) -> None:
        """Explain a pattern that a wider one hides, where both do the same; else list it."""
        own = self.work.follower.follow(At(candidate.context, dialled))
        steps = self.work.follower.resolver.steps(candidate)
        lines = [step.option for step in steps]
        if isinstance(own, Leaves) and own.number == outcome.number:
            self.work.ledger.take(lines, "the wider pattern that is tried first")
        else:
            self.work.ledger.leave_all(lines, note)

    def _carve(self, context: str, dialled: str, outcome: Leaves) -> None:
        """Sort out the numbers among these that meet something else on their way to the trunk."""
        resolver = self.work.follower.resolver
        first = resolver.answer(context, dialled)
        for place in sorted(outcome.places - {(context, dialled)}):
            for part, candidate in resolver.carved(*place):
                here = _dialled_for(part, dialled, place[1])
                if here and resolver.answer(context, here) != first:
                    continue  # another pattern takes these numbers before they come here
                line = resolver.line(candidate)
                reached = self.work.follower.follow(At(place[0], part))
                if not part or here is None or not _is_pattern(shown(here)):
                    note = "an outbound route cannot say which dialled numbers come here"
                    self.work.ledger.leave(line, note)
                elif isinstance(reached, Hangs):
                    self.blocked.setdefault(shown(here), []).append(reached.trail)
                elif not _is_sent_alike(reached, outcome):
                    self.work.differs(line, f"{shown(part)} meets something else here")


def _is_sent_alike(one: Outcome, other: Leaves) -> bool:
    return isinstance(one, Leaves) and (one.endpoint, one.caller) == (other.endpoint, other.caller)


def _digit_change(dialled: str, number: str) -> tuple[int, str] | None:
    """Return how many digits are taken off, and which are put in front."""
    whole = not is_open(dialled)
    for strip in range(min(len(dialled) + whole, 16)):
        rest = dialled[strip:]
        if (rest or whole) and number.endswith(rest):
            prepend = number[: len(number) - len(rest)]
            digits = prepend.removeprefix("+")
            is_number = digits.isdigit() and digits.isascii() and len(digits) <= 15
            if is_number or prepend in {"", "+"}:
                return strip, prepend
    return None


def _dialled_for(part: str, dialled: str, sent: str) -> str | None:
    """Return what is dialled for a call sent as `part`, where `dialled` is sent as `sent`."""
    how = _digit_change(dialled, sent)
    if how is None or not part.startswith(how[1]):
        return None
    return dialled[: how[0]] + part[len(how[1]) :]


def _is_pattern(text: str) -> bool:
    body = text.rstrip(".!")
    if len(text) - len(body) > 1 or not 1 <= len(body) <= 30:
        return False
    if body == "+":
        return text != body
    return all(char in "0123456789XZN*#" for char in body.removeprefix("+"))


def outbound(work: Work, known: KnownObjects) -> None:
    """Make the routes, and say what phones show to those whom they call."""
    out = _Outbound(work, known)
    phone_contexts = {phone.context for phone in known.phones.values()}
    for context in sorted(phone_contexts):
        out.look(context)
    made: list[tuple[Address, _Route]] = []
    for key in sorted(out.routes):
        route = out.routes[key]
        permission = _permission(work, route, phone_contexts)
        if permission is None:
            continue
        made.append((_route(work, route, permission), route))
    if made:
        _blocked(work, out.blocked)
        _callers(work, known, made)


def _permission(work: Work, route: _Route, phone_contexts: set[str]) -> str | None:
    """Return the permission that a route asks for; "" for none, None where it is not known."""
    if route.emergency and route.contexts != phone_contexts:
        note = "differs: with ccstate every phone may call for help; here some cannot"
        for candidate, _ in route.found:
            work.ledger.leave(work.follower.resolver.line(candidate), note)
    if route.emergency or route.contexts == phone_contexts:
        return ""
    words = name_of(route.context)
    for permission, signs in _CLASSES:
        if any(sign in words for sign in signs):
            return permission
    for candidate, _ in route.found:
        lines = [step.option for step in work.follower.resolver.steps(candidate)]
        reason = "some phones may dial this and some not, and nothing says what kind of call it is"
        work.ledger.leave_all(lines, reason)
    return None


def _route(work: Work, route: _Route, permission: str) -> Address:
    more = "emergency" if route.emergency else route.prepend.lstrip("+")
    wanted = name_of("-".join(filter(None, (route.context, more))))
    address = Address("outbound_route", work.names.free("outbound_route", wanted))
    fields: dict[str, Json] = {"patterns": [*route.patterns], "trunks": [route.trunk]}
    if route.strip:
        fields["strip"] = route.strip
    if route.prepend:
        fields["prepend"] = route.prepend
    if route.emergency:
        fields["emergency"] = True
    if permission:
        fields["permission"] = permission
        _allow(work, route.contexts, permission)
    work.objects[address] = fields
    for _, outcome in route.found:
        claim(work.ledger, outcome, address)
        line = outcome.trail.lines[-1]
        if outcome.seconds != 120:
            work.ledger.leave(line, UNLIMITED)
        if outcome.options:
            work.differs(line, f"ccstate dials without {outcome.options}")
        if any(not isinstance(e, Hangs) for after in outcome.after.values() for e in below(after)):
            work.differs(line, "with ccstate the call ends where it is not answered")
    return address


def _allow(work: Work, contexts: set[str], permission: str) -> None:
    for address, fields in work.objects.items():
        context = work.contexts.get(address)
        if context in contexts:
            permissions = fields.setdefault("permissions", [])
            if isinstance(permissions, list) and permission not in permissions:
                permissions.append(permission)


def _blocked(work: Work, blocked: Mapping[str, list[Trail]]) -> None:
    """Make a route without trunks for numbers that phones may not call."""
    if not blocked:
        return
    name = work.names.free("outbound_route", "blocked")
    address = Address("outbound_route", name)
    work.objects[address] = {"patterns": [*sorted(blocked)], "trunks": []}
    for trails in blocked.values():
        for trail in trails:
            claim_trail(work.ledger, trail, address)


def _callers(work: Work, known: KnownObjects, routes: list[tuple[Address, _Route]]) -> None:
    """Say the number that calls show: of an extension where it has one, or of a route."""
    has_own = any(CALLER in outcome.caller for _, route in routes for _, outcome in route.found)
    rest: dict[str, list[Leaves]] = {}
    for address, route in routes:
        callers = {outcome.caller for _, outcome in route.found}
        (only,) = callers if len(callers) == 1 else ("",)
        number = international(only, work.setting.prefix)
        # An extension's own number goes before that of a route, but for emergency calls.
        if number and (route.emergency or not has_own):
            _shown_by_route(work, address, route, only)
            continue
        for _, outcome in route.found:
            rest.setdefault(outcome.caller, []).append(outcome)
    _shown_by_phones(work, known, rest)


def _shown_by_route(work: Work, address: Address, route: _Route, caller: str) -> None:
    number = international(caller, work.setting.prefix)
    work.objects[address]["caller_id"] = number
    if caller not in (number, number[1:]):
        note = f"differs: the carrier is shown {caller} here; with ccstate {number}, unless the "
        _leave_callers(work, [o for _, o in route.found], f"{note}trunk has a number_format")


def _shown_by_phones(work: Work, known: KnownObjects, callers: Mapping[str, list[Leaves]]) -> None:
    """Say the number that each extension shows outside, where all these routes agree."""
    said = [caller for caller in callers if caller]
    if not said:
        return
    one = said[0] if len(callers) == 1 else ""
    for phone in known.phones.values():
        number = one.replace(CALLER, phone.shown_number)
        digits = number.removeprefix("+")
        if one and digits.isdigit() and digits.isascii() and 2 <= len(digits) <= 15:
            work.objects[phone.address]["caller_id"] = {"number": number}
        else:
            one = ""
    if not one:
        leaves = [each for caller in said for each in callers[caller]]
        _leave_callers(work, leaves, "an extension shows one number, on every route")


def _leave_callers(work: Work, leaves: list[Leaves], reason: str) -> None:
    for option in (option for each in leaves for option in each.trail.lines):
        if "CALLERID" in option.value:
            work.ledger.leave(option, reason)
