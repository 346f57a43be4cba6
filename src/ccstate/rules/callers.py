"""Rules about caller lists: whether they are asked, and whom they send away."""

from collections.abc import Iterator

from ccstate.errors import Severity
from ccstate.journeys.enumeration import reached_in
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import WITHHELD, Phases
from ccstate.journeys.ways import CALLERS, End, Event, Place, Transition
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, some


def _list_questions(estate: Estate) -> Iterator[tuple[Place, tuple[Transition, ...]]]:
    """Yield the places that ask caller lists, and what they do with callers."""
    numbers = [Place("number", n) for n, f in estate.of("number").items() if f.get("callers")]
    nodes = [
        Place("ivr", tree, node)
        for tree, fields in estate.of("ivr").items()
        for node, each in fields["nodes"].items()
        if each["type"] == "callers"
    ]
    for place in (*numbers, *nodes):
        yield place, estate.flow.ways(place)


def _in_silence(estate: Estate) -> Iterator[Breach]:
    for place, ways in _list_questions(estate):
        for way in ways:
            if way.event is Event.LISTED and _says_nothing(estate, way):
                yield Breach(
                    place.address,
                    way.path,
                    f"callers in caller_list/{way.key} are sent away in silence",
                    "A caller who is in the list by mistake hears the line go dead, and never learns why.",
                    "send them to a tree that ends with a hangup node and a prompt, or to a mailbox",
                )


def _says_nothing(estate: Estate, way: Transition) -> bool:
    """Check whether the call ends at once, and the caller has heard nothing."""
    while way.to is not None and way.to.kind == "ivr":
        node = estate.of("ivr")[way.to.name]["nodes"].get(way.to.node, {})
        if node.get("type") not in {"hangup", "goto"} or node.get("prompt"):
            return False
        way = estate.flow.ways(way.to)[0]
    return way.to is None and way.end is End.HANGUP


def _not_asked(estate: Estate) -> Iterator[Breach]:
    asked = {
        way.key for _, ways in _list_questions(estate) for way in ways if way.event is Event.LISTED
    }
    for name in estate.of("caller_list"):
        if name not in asked:
            yield Breach(
                Address("caller_list", name),
                (),
                f"nothing asks caller_list/{name}",
                "Its callers are treated like all others.",
                "name it in callers: of a number, or in a node of type callers; else remove it",
            )


def _callback_refused(estate: Estate) -> Iterator[Breach]:
    sites: dict[str, list[str]] = {}
    for site, fields in estate.of("site").items():
        if number := fields.get("emergency_callback"):
            sites.setdefault(number, []).append(site)
    for number, names in sites.items():
        if number in estate.of("number") and _refuses_withheld(estate, Place("number", number)):
            yield Breach(
                Address("number", number),
                ("callers",) if estate.of("number")[number].get("callers") else (),
                f"no one answers callers who withhold their number at number/{number}",
                "Emergency services call back without showing one, and emergency calls from "
                f"{some([f'site/{name}' for name in names])} show this number.",
                "let it ask no list that has withheld: true, or give the site another "
                "emergency_callback:",
            )


def _refuses_withheld(estate: Estate, number: Place) -> bool:
    """Check whether agents answer other callers, and never those who withhold their number."""
    flow, year = estate.flow, estate.year
    names = flow.schedules(flow.reached(number))
    lists = [name for name in names if name.startswith(CALLERS)]
    if not lists:
        return False
    is_answered = False
    for phases, moments in year.states(names):
        if moments[0].caller:
            continue
        withheld = year.phases(lists, moments[0].at, caller=WITHHELD)
        if _answers(flow, number, {**phases, **withheld}):
            return False
        is_answered |= _answers(flow, number, phases)
    return is_answered


def _answers(flow: Flow, number: Place, phases: Phases) -> bool:
    return any(
        way.end is End.HUMAN
        for place in reached_in(flow, number, phases)
        for way in flow.possible(place, phases)
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC290",
        "callers-sent-away-in-silence",
        Severity.WARNING,
        "Callers in a list are cut off without a word",
        _in_silence,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC291",
        "caller-list-not-asked",
        Severity.WARNING,
        "A caller list that no number and no tree asks",
        _not_asked,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC292",
        "emergency-callback-refused",
        Severity.ERROR,
        "Emergency services that call back are sent away by a caller list",
        _callback_refused,
        Reach.UNLABELLED,
    ),
)
