"""Calls that leave: what phones may dial, routes, trunks, emergencies."""

from ccstate.adapters.asterisk.compile.phones import HINTS, site_context
from ccstate.adapters.asterisk.compile.trees import OUTSIDE
from ccstate.adapters.asterisk.entries import MAILBOXES, Compiled, Context, Step
from ccstate.adapters.asterisk.places import INTERNAL, entered, goto, shortened
from ccstate.dialling.routing import Dialling
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.model import Address

TRUNK = "ccstate-trunk"
SENT = "ccstate-sent"
RUNG = "rung"
"""What the subroutine of a trunk returns where the other side was reached, and did not answer."""
DIALLED = "${FILTER(0-9*#+,${EXTEN})}"
"""What was dialled, without anything that an application would take for more than a number."""

ANYTHING = "_[0-9*#+]!"
OUTSIDE_RINGS = 120
"""Seconds that an outside number may ring."""


def trunk_id(name: str) -> str:
    """What the endpoint of a trunk is called."""
    return f"trunk-{name}"


def compile_sites(compiled: Compiled, centre: Centre) -> None:
    """What phones may dial, at each site and where nobody says which."""
    dialling = Dialling(centre)
    for site in ("", *sorted(centre.of("site"))):
        owner = Address("site", site) if site else None
        where = Context(compiled, site_context(site), owner)
        label = centre.label(f"site/{site}") or site
        where.note(f"Phones at {label}" if site else "Phones that stand nowhere in particular")
        where.include(INTERNAL)
        out = Context(compiled, shortened(f"outbound/{site}") if site else "outbound", owner)
        where.include(out.name)
        where.include(HINTS)
        out.add("h", [Step("NoOp")])  # so that the context is there where no route is
        patterns: dict[str, str] = {}
        for place in (site, ""):
            found = dialling.patterns.get(place)
            for pattern, routes in (found.routes if found else {}).items():
                patterns.setdefault(pattern, routes[0])
        callback = _callback(compiled, centre, site)
        for pattern, route in sorted(patterns.items()):
            by_route = Context(compiled, out.name, Address("outbound_route", route))
            leave = Step("Goto", f"{_route(route)},{DIALLED},1", "patterns")
            is_emergency = dialling.routes[route]["emergency"]
            by_route.add(spelled(pattern), [*callback, leave] if is_emergency else [leave])


def _callback(compiled: Compiled, centre: Centre, site: str) -> list[Step]:
    """What an emergency call from the site does first: it gets the number to be called back."""
    number = centre.of("site").get(site, {}).get("emergency_callback")
    if not number:
        return []
    where = Context(compiled, shortened(f"emergency/{site}"), Address("site", site))
    shown = Step("Set", f"CC_CALLBACK={number}", "emergency_callback")
    where.add("s", [shown, Step("Return")])
    return [Step("Gosub", f"{where.name},s,1")]


def spelled(pattern: str) -> str:
    """A pattern of a route as Asterisk writes it."""
    return f"_{pattern}" if set(pattern) & set("XZN.!") else pattern


def _route(name: str) -> str:
    return shortened(f"route/{name}")


def compile_route(compiled: Compiled, centre: Centre, name: str, route: Filled) -> None:
    """One route: who may use it, and the trunks in their order."""
    where = Context(compiled, _route(name), Address("outbound_route", name))
    where.note(route.get("label") or name)
    steps = [entered(Place("outbound_route", name))]
    if route["emergency"]:
        steps += [
            Step("Set", "__CC_SENT=${CC_LOCATION}", "emergency"),
            Step("UserEvent", "CcstateEmergency,Extension: ${CC_EXTENSION},Dialled: ${EXTEN}"),
        ]
    elif permission := route.get("permission"):
        steps += [
            Step("GotoIf", f'$["${{CC_MAY}}" =~ ",{permission},"]?may', "permission"),
            Step("Hangup", "21"),  # ITU-T Q.850: call rejected
            Step("NoOp", label="may"),
        ]
    strip, prepend = route["strip"], route.get("prepend") or ""
    digits = f"{prepend}${{EXTEN:{strip}}}" if strip else f"{prepend}${{EXTEN}}"
    for trunk in route["trunks"]:
        call, is_limited = f"{digits},{OUTSIDE_RINGS}", not route["emergency"]
        steps.append(_by(centre, trunk, call, field="trunks", is_limited=is_limited))
    where.add(ANYTHING, [*steps, Step("Hangup", "34")])  # no circuit is free


def _by(centre: Centre, trunk: str, call: str, *, field: str, is_limited: bool = True) -> Step:
    """A call by a trunk; `call` is what is sent and how long it rings, with a comma between."""
    carrier = centre.of("trunk").get(trunk, {})
    most = (carrier.get("max_calls") or "") if is_limited else ""
    shown = carrier.get("caller_id") or ""
    return Step("Gosub", f"{TRUNK},s,1({trunk_id(trunk)},{call},{most},{shown})", field)


def compile_leaving(compiled: Compiled, centre: Centre) -> None:
    """The subroutines by which calls leave."""
    Context(compiled, TRUNK).add(
        "s",
        [
            Step("Set", "GROUP(ccstate)=${ARG1}"),
            Step("GotoIf", '$["${ARG4}" = ""]?free'),
            Step("GotoIf", "$[${GROUP_COUNT(${ARG1}@ccstate)} > ${ARG4}]?next"),
            Step("GotoIf", '$["${CC_CALLBACK}" != ""]?callback', label="free"),
            Step("GotoIf", '$["${CC_CALLER}" != ""]?own'),
            Step("GotoIf", '$["${ARG5}" = ""]?dial'),
            Step("Set", "CALLERID(num)=${ARG5}"),
            Step("Goto", "dial"),
            Step("Set", "CALLERID(num)=${CC_CALLBACK}", label="callback"),
            Step("Goto", "named"),
            Step("Set", "CALLERID(num)=${CC_CALLER}", label="own"),
            Step("GotoIf", f'$["{_begins("CC_CALLER_NAME")}" = "0"]?dial', label="named"),
            Step("Set", "CALLERID(name)=${CC_CALLER_NAME}"),
            Step("Dial", f"PJSIP/${{ARG2}}@${{ARG1}},${{ARG3}},b({SENT}^s^1)", label="dial"),
            # The next trunk is for lines that are down or full, not for people who are busy.
            Step("GotoIf", '$["${DIALSTATUS}" = "CHANUNAVAIL"]?next'),
            Step("GotoIf", '$["${DIALSTATUS}" = "CONGESTION"]?next'),
            Step("GotoIf", '$["${CC_RETURNS}" = "1"]?rung'),
            Step("Hangup"),
            Step("Return", RUNG, label="rung"),
            Step("Return", label="next"),
        ],
    )
    Context(compiled, SENT).add(
        "s",
        [
            Step("GotoIf", f'$["{_begins("CC_SENT")}" = "0"]?back'),
            Step("Set", "PJSIP_HEADER(add,X-Dispatchable-Location)=${CC_SENT}"),
            Step("Return", label="back"),
        ],
    )
    Context(compiled, OUTSIDE).add(
        "s",
        [
            Step("Set", "CC_RETURNS=1"),
            *(step for name in sorted(centre.of("trunk")) for step in _rings_by(centre, name)),
            Step("Set", "CC_RETURNS=", label="done"),
            Step("Return"),
        ],
    )


def _rings_by(centre: Centre, trunk: str) -> list[Step]:
    """Rings an outside number by a trunk; whoever has been rung is not rung by the next."""
    ring = _by(centre, trunk, "${ARG1},${ARG2}", field="")
    return [ring, Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{RUNG}"]?done')]


def _begins(variable: str) -> str:
    """0 where the variable is empty, else 1.

    Only its first character is looked at: Asterisk counts a whole text such as `a): 0` as 0
    (seen on 16.28 and 22.10), for a colon behind a bracket means an offset to it.
    """
    return f"${{LEN(${{{variable}:0:1}})}}"


def compile_inside(compiled: Compiled, flow: Flow) -> None:
    """Internal numbers of queues and trees, and of the mailboxes' owners."""
    inside = Context(compiled, INTERNAL)
    inside.note("Internal numbers")
    inside.include("extension")
    inside.add(
        "*97",
        [
            Step("Answer"),
            Step("VoiceMailMain", f"${{CC_EXTENSION}}@{MAILBOXES}"),
            Step("Hangup"),
        ],
    )
    for name, fields in flow.centre.of("ivr").items():
        address = Address("ivr", name)
        entrance = flow.entrance(address)
        if (number := fields.get("extension")) and entrance:
            Context(compiled, INTERNAL, address).add(number, [goto(entrance, "extension")])
