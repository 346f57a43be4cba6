"""Rules about inbound numbers and their trunks: whether calls arrive, once, and when."""

from collections.abc import Iterator

from ccstate.dialling.countries import without_national_prefix
from ccstate.dialling.number_formats import NATIONAL, carrier_formats, is_known
from ccstate.errors import Severity
from ccstate.journeys.centre import Centre
from ccstate.journeys.hours import Phase
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule


def _without_way_in(estate: Estate) -> Iterator[Breach]:
    numbers, trunks = estate.of("number"), estate.of("trunk")
    for name, number in numbers.items():
        real = without_national_prefix(name)
        if real and real not in numbers:
            yield _with_prefix(name, real)
        trunk = number.get("trunk")
        if not trunk:
            if trunks:
                yield Breach(
                    Address("number", name),
                    (),
                    f"number/{name} names no trunk",
                    "Nothing says on which line its calls arrive, so the exchange may refuse them.",
                    "give it the trunk: on which the carrier delivers it",
                )
            continue
        stands, site = trunks.get(trunk, {}).get("site"), number.get("site")
        if stands and site and stands != site:
            yield Breach(
                Address("number", name),
                ("trunk",),
                f'trunk/{trunk} stands at site "{stands}", the number at "{site}"',
                f"Its calls arrive at {stands}, where the exchange does not know the number.",
                f"name a trunk of site/{site}, or move the number to site/{stands}",
            )


def _with_prefix(name: str, real: str) -> Breach:
    return Breach(
        Address("number", name),
        (),
        f'"{name}" is written with the zero, or trunk prefix, of national dialling',
        f"Callers and carriers know this line as {real}: no call arrives under the other name.",
        f'write "{real}"',
    )


def _routed_twice(estate: Estate) -> Iterator[Breach]:
    numbers = estate.of("number")
    for name in numbers:
        real = without_national_prefix(name)
        if real in numbers:
            yield Breach(
                Address("number", name),
                (),
                f'"{name}" and "{real}" are the same line',
                f"Its calls always go where number/{real} sends them; this entry is never used.",
                f"remove number/{name}, and see that number/{real} leads to the right place",
            )


def _hours_without_effect(estate: Estate) -> Iterator[Breach]:
    schedules = estate.of("schedule")
    for name, number in estate.of("number").items():
        hours = number.get("hours")
        if not hours or hours not in schedules or number.get("closed") or number.get("holiday"):
            continue
        if _closes(estate, hours) and not _knows_hours(estate.centre, number["to"]):
            yield Breach(
                Address("number", name),
                ("hours",),
                f'number/{name} opens by "{hours}", and nothing happens when that is closed',
                f"Without closed: and holiday: callers go to {number['to']} at any hour.",
                f"say where callers go then, with closed:, or closed: {number['to']} if it is meant",
            )


def _knows_hours(centre: Centre, target: str) -> bool:
    """Check whether calls go to a tree that asks a schedule itself, and so serves its callers."""
    kind, _, name = target.partition("/")
    tree = centre.of("ivr").get(name) if kind == "ivr" else None
    nodes = tree["nodes"] if tree else {}
    return any(node["type"] == "hours" for node in nodes.values())


def _closes(estate: Estate, schedule: str) -> bool:
    """Check whether the schedule is ever closed, in the twelve months from today."""
    return estate.year.phases_of(schedule) != {Phase.OPEN}


def _without_country(estate: Estate) -> Iterator[Breach]:
    for name, trunk in estate.of("trunk").items():
        inbound, outbound, country = carrier_formats(estate.centre, name)
        if NATIONAL not in (inbound, outbound) or is_known(country):
            continue
        field = "number_format" if trunk.get("number_format") == NATIONAL else _INBOUND
        yield Breach(
            Address("trunk", name),
            ("country",) if trunk.get("country") else (field,),
            f"trunk/{name} has national numbers, and no country is known for them",
            "Calls to numbers in national form reach no one, and numbers leave as they are dialled.",
            "write the country: of the carrier, two letters such as AU, or that of the trunk's site",
        )


_INBOUND = "inbound_number_format"


RULES: tuple[Rule, ...] = (
    Rule(
        "CC233",
        "number-without-way-in",
        Severity.WARNING,
        "A number on which calls cannot arrive",
        _without_way_in,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC234",
        "number-routed-twice",
        Severity.WARNING,
        "Two numbers that are the same line",
        _routed_twice,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC235",
        "hours-without-effect",
        Severity.WARNING,
        "A number's hours change nothing",
        _hours_without_effect,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC255",
        "national-numbers-without-country",
        Severity.ERROR,
        "A carrier writes national numbers, and nothing says of which country",
        _without_country,
        Reach.UNLABELLED,
    ),
)
