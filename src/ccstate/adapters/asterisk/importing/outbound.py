"""Patterns that phones dial and that leave by a trunk → outbound routes, and what is blocked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.conf.patterns import is_open, openings, shown
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.destinations import Known
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import (
    CALLER,
    Hangs,
    Leaves,
    Outcome,
    Trail,
    below,
    claim,
    claim_trail,
)
from ccstate.adapters.asterisk.importing.resolving import Candidate
from ccstate.dialling.countries import country_of
from ccstate.dialling.international import international, region_of
from ccstate.dialling.routing import specificity
from ccstate.model import Address, Json

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
    def __init__(self, work: Work, known: Known) -> None:
        self.work = work
        self.known = known
        self.routes: dict[tuple[str, int, str, str, bool], _Route] = {}
        country = country_of(region_of(work.setting.prefix))
        self.emergency = frozenset(country.all_emergency) if country else frozenset[str]()
        """Numbers for help of the country that the setting's prefix names."""
        self.blocked: dict[str, list[Trail]] = {}

    def look(self, context: str) -> None:
        """Everything that phones of this context may dial."""
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
                    self._leaves(context, candidate, first, dialled, outcome)

    def _leaves(
        self,
        context: str,
        candidate: Candidate,
        first: Candidate | None,
        dialled: str,
        outcome: Leaves,
    ) -> None:
        line = self.work.follower.resolver.steps(candidate)[0].option
        sent = _sent(dialled, outcome.number)
        if sent is None or not _is_pattern(shown(dialled)):
            reason = "an outbound route cannot say how this number is sent"
            self.work.ledger.leave(line, f"{reason}: {shown(outcome.number)[:60]}")
            return
        if first and first[:2] != candidate[:2]:
            told = f"nobody gets here: {first.exten} of [{first.context}] takes these calls first"
            self._shadowed(candidate, dialled, outcome, told)
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
        """Tells where Asterisk tries another pattern first, and ccstate the narrower one."""
        resolver = self.work.follower.resolver
        own = specificity(shown(dialled))
        for part, other in resolver.carved(context, dialled):
            wide = openings(other.exten)
            if part and all(specificity(shown(way)) < own for way in wide):
                continue
            if not part or not _same(self.work.follower.follow(At(context, part)), outcome):
                line = resolver.steps(candidate)[0].option
                told = f"differs: {other.exten} of [{other.context}] takes {shown(part)} first; "
                self.work.ledger.leave(line, f"{told}with ccstate the narrower pattern does")

    def _shadowed(self, candidate: Candidate, dialled: str, outcome: Leaves, told: str) -> None:
        """A pattern that a wider one hides: the same is done, or nobody ever meets it."""
        own = self.work.follower.follow(At(candidate.context, dialled))
        steps = self.work.follower.resolver.steps(candidate)
        lines = [step.option for step in steps]
        if isinstance(own, Leaves) and own.number == outcome.number:
            self.work.ledger.take(lines, "the wider pattern that is tried first")
        else:
            self.work.ledger.leave_all(lines, told)

    def _carve(self, context: str, dialled: str, outcome: Leaves) -> None:
        """Numbers among these that meet something else on their way to the trunk."""
        resolver = self.work.follower.resolver
        first = resolver.answer(context, dialled)
        for place in sorted(outcome.places - {(context, dialled)}):
            for part, candidate in resolver.carved(*place):
                here = _dialled_for(part, dialled, place[1])
                if here and resolver.answer(context, here) != first:
                    continue  # another pattern takes these numbers before they come here
                line = resolver.steps(candidate)[0].option
                reached = self.work.follower.follow(At(place[0], part))
                if not part or here is None or not _is_pattern(shown(here)):
                    told = "an outbound route cannot say which dialled numbers come here"
                    self.work.ledger.leave(line, told)
                elif isinstance(reached, Hangs):
                    self.blocked.setdefault(shown(here), []).append(reached.trail)
                elif not _same(reached, outcome):
                    told = f"differs: {shown(part)} meets something else here"
                    self.work.ledger.leave(line, told)


def _same(one: Outcome, other: Leaves) -> bool:
    return isinstance(one, Leaves) and (one.endpoint, one.caller) == (other.endpoint, other.caller)


def _sent(dialled: str, number: str) -> tuple[int, str] | None:
    """How many digits are taken off, and which are put in front."""
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
    """What somebody dials whose call is sent as `part`, where `dialled` is sent as `sent`."""
    how = _sent(dialled, sent)
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


def outbound(work: Work, known: Known) -> None:
    """The routes, and what phones show to those whom they call."""
    out = _Outbound(work, known)
    everybody = {phone.context for phone in known.phones.values()}
    for context in sorted(everybody):
        out.look(context)
    made: list[tuple[Address, _Route]] = []
    for key in sorted(out.routes):
        route = out.routes[key]
        permission = _permission(work, route, everybody)
        if permission is None:
            continue
        made.append((_route(work, route, permission), route))
    if made:
        _blocked(work, out.blocked)
        _callers(work, known, made)


def _permission(work: Work, route: _Route, everybody: set[str]) -> str | None:
    """The permission that a route asks for; "" for none, None where nobody can tell."""
    if route.emergency and route.contexts != everybody:
        told = "differs: with ccstate every phone may call for help; here some cannot"
        for candidate, _ in route.found:
            work.ledger.leave(work.follower.resolver.steps(candidate)[0].option, told)
    if route.emergency or route.contexts == everybody:
        return ""
    words = name_of(route.context)
    for permission, signs in _CLASSES:
        if any(sign in words for sign in signs):
            return permission
    for candidate, _ in route.found:
        lines = [step.option for step in work.follower.resolver.steps(candidate)]
        reason = "some phones may dial this and some not, and nobody says what kind of call it is"
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
            work.ledger.leave(line, f"differs: ccstate dials without {outcome.options}")
        if any(not isinstance(e, Hangs) for after in outcome.after.values() for e in below(after)):
            work.ledger.leave(line, "differs: with ccstate the call ends where nobody answers")
    return address


def _allow(work: Work, contexts: set[str], permission: str) -> None:
    for address, fields in work.objects.items():
        context = work.contexts.get(address)
        if context in contexts:
            permissions = fields.setdefault("permissions", [])
            if isinstance(permissions, list) and permission not in permissions:
                permissions.append(permission)


def _blocked(work: Work, blocked: Mapping[str, list[Trail]]) -> None:
    """Numbers that nobody may call: a route without trunks, which is narrower and so goes first."""
    if not blocked:
        return
    name = work.names.free("outbound_route", "blocked")
    address = Address("outbound_route", name)
    work.objects[address] = {"patterns": [*sorted(blocked)], "trunks": []}
    for trails in blocked.values():
        for trail in trails:
            claim_trail(work.ledger, trail, address)


def _callers(work: Work, known: Known, routes: list[tuple[Address, _Route]]) -> None:
    """The number that calls show: of an extension where it has its own, of a route where it is one."""
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
        told = f"differs: the carrier is shown {caller} here; with ccstate {number}, unless the "
        _leave_callers(work, [o for _, o in route.found], f"{told}trunk has a number_format")


def _shown_by_phones(work: Work, known: Known, callers: Mapping[str, list[Leaves]]) -> None:
    """The number that each extension shows outside, where all these routes agree."""
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
