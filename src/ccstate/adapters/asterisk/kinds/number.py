"""Inbound numbers: how carriers dial them, and where their calls lead."""

from collections.abc import Iterator, Mapping

from ccstate.adapters.asterisk.kind import (
    COMMENT,
    NO_SITES,
    Kind,
    Sections,
    Steps,
    Unit,
    in_contexts,
)
from ccstate.adapters.asterisk.kinds.ivr import decoded_branches, decoded_callers
from ccstate.adapters.asterisk.kinds.schedule import DECIDED, decoded_schedule, schedule_steps
from ccstate.adapters.asterisk.kinds.trunk import NUMBERS, trunk_context, trunk_id
from ccstate.adapters.asterisk.places import (
    ASKS,
    NAME_CALLER,
    POSITION,
    add_branches,
    add_caller_lists,
    context,
    enter_step,
    follow,
    goto,
    name_step,
    switch_steps,
)
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded, Template
from ccstate.journeys.centre import Filled
from ccstate.journeys.ways import HOURS, TURNED, Place

COUNTED = Template("Set", f"GROUP(ccstate)={trunk_id('<trunk>')}")


def compile_number(unit: Unit) -> None:
    """Compile one inbound number: how carriers dial it, and where it leads."""
    number, place, trunk = unit.fields, unit.place, unit.fields.get("trunk")
    arriving = unit.context(trunk_context(trunk) if trunk else NUMBERS)
    for dialled in (unit.name, unit.name.removeprefix("+")):
        arriving.add(dialled, [goto(place, "trunk")])
    where = unit.entrance()
    steps = [enter_step(place)]
    if trunk:
        steps.append(COUNTED.step("trunk", trunk=trunk))
    if prefix := number.get("caller_name_prefix"):
        steps.append(name_step(prefix))
    for node, field in _questions(number):
        if node:
            place = place._replace(node=node)
            where = unit.context(context(place))
            steps = [enter_step(place)]
        ways = unit.flow.ways(place)
        match field:
            case "callers":
                add_caller_lists(where, place, steps, ways)
            case "switch":
                where.add("s", [*steps, *switch_steps(number["switch"], "switch")])
                add_branches(where, place, ways)
            case "hours":
                where.add("s", [*steps, *schedule_steps(number["hours"], "hours")])
                add_branches(where, place, ways)
            case _:
                where.add("s", [*steps, *follow(place, ways[0])])


def _questions(number: Filled) -> Iterator[tuple[str, str]]:
    """List what a number asks, in order: the node of the place where it does, and the field."""
    asked = [field for field in ("callers", "switch", "hours") if number.get(field)]
    for field in asked or ("to",):
        node = {"switch": TURNED, "hours": HOURS}.get(field, "")
        yield ("" if field == (asked or ["to"])[0] else node), field


def decode_number(sections: Sections, name: str) -> Decoded:
    """Decode the fields that the contexts of a number say."""
    place = Place("number", name)
    start = sections.context(context(place)).get("s", ())
    parts = [sections.context(context(place._replace(node=node))) for node in ("", TURNED, HOURS)]

    def asking(template: Template) -> Mapping[str, Steps]:
        return next((part for part in parts if template.is_in(part.get("s", ()))), {})

    listed, turned, timed = asking(ASKS), asking(POSITION), asking(DECIDED)
    last = timed or turned or listed or parts[0]
    by_phase = decoded_branches(sections, timed)
    to = by_phase["open"] if timed else sections.leads(last.get("off" if turned else "s", ()))
    closed = by_phase["closed"]
    return {
        ("trunk",): COUNTED.find(start).get("trunk"),
        ("caller_name_prefix",): NAME_CALLER.values(start)["prefix"],
        ("callers",): decoded_callers(sections, listed) if listed else None,
        ("switch",): POSITION.find(turned.get("s", ())).get("switch"),
        ("on",): sections.leads(turned.get("on", ())) if turned else UNCLEAR,
        ("hours",): decoded_schedule(timed.get("s", ())),
        ("to",): to,
        ("closed",): UNCLEAR if not timed else None if closed == to else closed,
        ("holiday",): by_phase["holiday"] if timed else UNCLEAR,
    }


NUMBER = Kind(
    name="number",
    compile=compile_number,
    decode=decode_number,
    names=in_contexts("number/"),
    mapped="caller_name_prefix to hours closed holiday switch on trunk callers.*.list callers.*.to",
    kept={"label": COMMENT, "site": NO_SITES},
)
