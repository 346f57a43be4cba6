"""Outbound routes: who may use them, and the trunks in their order."""

import re
from collections.abc import Iterable

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Steps, Unit, in_contexts
from ccstate.adapters.asterisk.kinds.trunk import ANYTHING, dialplan_pattern
from ccstate.adapters.asterisk.places import enter_step, name_after, shortened
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded, Template
from ccstate.dialling.routing import Dialling
from ccstate.journeys.flow import Flow
from ccstate.model import Address

DIALLED = "${FILTER(0-9*#+,${EXTEN})}"
"""What was dialled, without anything that an application would take for more than a number."""
OUTSIDE_RINGS = 120
"""Seconds that an outside number may ring."""
LOCATES = Template("Set", "__CC_SENT=${CC_LOCATION}")
MAY = Template("GotoIf", '$["${CC_MAY}" =~ ",<permission>,"]?may')
SHOWS = Template("Set", "CC_ROUTE=<caller_id>")
LEAVES = Template(
    "Gosub",
    f"leaving/<trunk>,s,1(<digits>,{OUTSIDE_RINGS},<emergency>)",
    trunk=name_after("leaving/"),
)
TAKES = Template("Goto", f"route/<route>,{DIALLED},1", route=name_after("route/"))


def _route(name: str) -> str:
    return shortened(f"route/{name}")


def compile_route(unit: Unit) -> None:
    """Compile one route: who may use it, and the trunks in their order."""
    route, where = unit.fields, unit.context(_route(unit.name))
    where.note(unit.label)
    steps = [enter_step(unit.place)]
    if route["emergency"]:
        steps += [
            LOCATES.step("emergency"),
            Step("UserEvent", "CcstateEmergency,Extension: ${CC_EXTENSION},Dialled: ${EXTEN}"),
        ]
    elif permission := route.get("permission"):
        steps += [
            MAY.step("permission", permission=permission),
            Step("Hangup", _REJECTED),
            Step("NoOp", label="may"),
        ]
    if number := route.get("caller_id"):
        steps.append(SHOWS.step("caller_id", caller_id=number))
    strip, prepend = route["strip"], route.get("prepend") or ""
    digits = f"{prepend}${{EXTEN:{strip}}}" if strip else f"{prepend}${{EXTEN}}"
    is_emergency = "1" if route["emergency"] else ""
    says = "trunks strip prepend emergency"
    for trunk in route["trunks"]:
        steps.append(LEAVES.step(says, trunk=trunk, digits=digits, emergency=is_emergency))
    where.add(ANYTHING, [*steps, Step("Hangup", _ALL_BUSY if route["trunks"] else _REJECTED)])


_REJECTED, _ALL_BUSY = "21", "34"
"""Why a call ends, by ITU-T Q.850: it is rejected, or no circuit is free. Asterisk answers a phone with
403 and 503 (16.28, 22.10)."""


def compile_outbound(
    compiled: Compiled, flow: Flow, site: str, out: str, first: Iterable[Step]
) -> None:
    """Compile which route takes what is dialled at a site (`out`); `first` goes before emergencies."""
    dialling = Dialling(flow.centre)
    patterns: dict[str, str] = {}
    for place in (site, ""):
        found = dialling.patterns.get(place)
        for pattern, routes in (found.routes if found else {}).items():
            patterns.setdefault(pattern, routes[0])
    for pattern, route in sorted(patterns.items()):
        where = Context(compiled, out, Address("outbound_route", route))
        leave = TAKES.step("patterns site", route=route)
        is_emergency = dialling.routes[route]["emergency"]
        where.add(dialplan_pattern(pattern), [*first, leave] if is_emergency else [leave])


def decode_route(sections: Sections, name: str) -> Decoded:
    """Decode the fields that the context of a route, and those of what is dialled, say."""
    steps = sections.context(_route(name)).get(ANYTHING, ())
    recorded = sections.centre.of("outbound_route").get(name, {})
    is_emergency = LOCATES.is_in(steps)
    calls = [call for step in steps if (call := LEAVES.read(step))]
    digits = _DIGITS.fullmatch(calls[0]["digits"]) if calls else None
    found: Decoded = {
        ("emergency",): is_emergency,
        ("permission",): UNCLEAR if is_emergency else MAY.find(steps).get("permission"),
        ("caller_id",): SHOWS.find(steps).get("caller_id"),
        ("trunks",): [call["trunk"] for call in calls],
        ("strip",): int(digits["strip"] or 0) if digits else UNCLEAR,
        ("prepend",): (digits["prepend"] or None) if digits else UNCLEAR,
    }
    sites, patterns = _sites_and_patterns(sections, name)
    others = {p for p in recorded.get("patterns") or () if _is_taken_by_another(sections, sites, p)}
    found["patterns",] = [*sorted(patterns | others)] if patterns else UNCLEAR
    found["site",] = UNCLEAR if not sites else None if "" in sites else min(sites)
    return found


_DIGITS = re.compile(r"(?P<prepend>\+?[0-9]*)\$\{EXTEN(?::(?P<strip>[0-9]+))?\}")


def _dialled_at(sections: Sections, site: str) -> dict[str, Steps]:
    return dict(sections.context(shortened(f"outbound/{site}") if site else "outbound"))


def _sites_and_patterns(sections: Sections, name: str) -> tuple[set[str], set[str]]:
    """The sites at which a route takes calls, "" where phones of no site do, and its patterns."""
    sites, patterns = set(), set()
    for site in ("", *sections.contexts("outbound/")):
        for extension, steps in _dialled_at(sections, site).items():
            if TAKES.find(steps).get("route") == name:
                sites.add(site)
                patterns.add(extension.removeprefix("_"))
    return sites, patterns


def _is_taken_by_another(sections: Sections, sites: Iterable[str], pattern: str) -> bool:
    """Whether another route takes a pattern there, so that nothing can be seen of it."""
    taken = (_dialled_at(sections, site).get(dialplan_pattern(pattern), ()) for site in sites)
    return any(TAKES.is_in(steps) for steps in taken)


OUTBOUND_ROUTE = Kind(
    name="outbound_route",
    compile=compile_route,
    decode=decode_route,
    names=in_contexts("route/"),
    mapped="caller_id site patterns strip prepend permission trunks emergency",
    kept={"label": COMMENT},
)
