"""Parking lots: a section of res_parking.conf, and what follows where a parked call is not taken.

res_parking makes a context for each lot, with the number that parks and those of the slots; the
context of all numbers inside includes it. So AMI shows which lots run, and which slots they have
(`ShowDialPlan`, 16.28 and 22.10); the action for lots, `Parkinglots`, would need the right `call`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ccstate.adapters.asterisk.entries import PARKING, Key, Values
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Unit, in_file
from ccstate.adapters.asterisk.places import INTERNAL, context, follow, shortened
from ccstate.adapters.asterisk.rows import SECONDS, SWITCH, Decoded, Row, constant, decode
from ccstate.journeys.centre import Filled
from ccstate.journeys.ways import Event, Place, Transition

SLOTS = "parked/"
"""How the names of the contexts begin that res_parking makes."""

# Defaults: res_parking.conf.sample, 16 and 22.
ROWS = (
    Row("context", "slots_context", default="parkedcalls", says=""),
    Row("parkext", "extension", header="parkext"),
    constant("parkext_exclusive", "yes", default="no"),
    Row("parkpos", "slots", default="701-750", header="parkpos"),
    Row("parkingtime", "timeout", SECONDS, default="45"),
    Row("parkedmusicclass", "music"),
    Row("comebacktoorigin", "comes_back", SWITCH, default="yes", says="on_timeout"),
    Row("comebackcontext", "gives_up", default="parkedcallstimeout", says="on_timeout"),
)


def compile_parking_lot(unit: Unit) -> None:
    """Compile one lot: its section, its numbers inside, and where calls go that are not taken."""
    lot, place = unit.fields, unit.place
    unit.section(PARKING, ROWS, _option_values(unit.name, lot))
    unit.context(INTERNAL).include(slots_context(unit.name))
    if target := lot.get("on_timeout"):
        where = unit.context(context(place))
        where.note(f"Nobody takes a call from {unit.label}")
        way = unit.flow.leads(target, "", ("on_timeout",), Transition(Event.NO_ANSWER, None))
        # res_parking looks for the phone that parked the call first, as an extension; here is none.
        where.add("s", follow(place, way))


def _option_values(name: str, lot: Filled) -> Mapping[str, Any]:
    """Return the fields as options say them."""
    sends_on = bool(lot.get("on_timeout"))
    return {
        **lot,
        "slots_context": slots_context(name),
        "comes_back": not sends_on,
        "gives_up": context(Place("parking_lot", name)) if sends_on else None,
    }


def slots_context(lot: str) -> str:
    """Return the context that res_parking makes for a lot."""
    return shortened(SLOTS + lot)


def decode_parking_lot(sections: Sections, name: str) -> Decoded:
    """Decode the fields that a section and the context behind its end say."""
    said = decode(ROWS, sections.parking_lot(name))
    steps = sections.context(context(Place("parking_lot", name))).get("s", ())
    sends_on = said["comes_back",] is False
    return {
        **{(field,): said[field,] for field in ("extension", "slots", "timeout", "music")},
        ("on_timeout",): sections.leads(steps) if sends_on else None,
    }


def running_lots(dialplan: Values) -> Iterator[tuple[Key, str]]:
    """Read running lots by the steps of their contexts: the number that parks, and the slots."""
    slots: dict[str, list[int]] = {}
    for (_, section, extension, _priority), step in dialplan.items():
        if not section.startswith(SLOTS):
            continue
        if found := re.fullmatch(r"Park\(([^,()]+)\)", step):
            yield Key(PARKING, found[1], "parkext", ""), extension
        elif found := re.fullmatch(r"ParkedCall\(([^,()]+),([0-9]+)\)", step):
            slots.setdefault(found[1], []).append(int(found[2]))
    for lot, numbers in slots.items():
        yield Key(PARKING, lot, "parkpos", ""), f"{min(numbers)}-{max(numbers)}"


PARKING_LOT = Kind(
    name="parking_lot",
    compile=compile_parking_lot,
    decode=decode_parking_lot,
    primary=(PARKING, ""),
    names=in_file(PARKING),
    rows=ROWS,
    kept={"label": COMMENT},
)
