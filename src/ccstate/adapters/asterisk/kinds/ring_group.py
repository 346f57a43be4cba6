"""Ring groups: phones that ring at once or in turn, and what follows without an answer."""

from ccstate.adapters.asterisk.entries import DIALPLAN
from ccstate.adapters.asterisk.kind import COMMENT, Kind, Sections, Unit, in_contexts
from ccstate.adapters.asterisk.places import context, enter_step, follow
from ccstate.adapters.asterisk.rows import SECONDS, UNCLEAR, Decoded, Template, decoded
from ccstate.journeys.staffing import ringing_members
from ccstate.journeys.ways import Event, Place
from ccstate.kinds.fields import canonical_order
from ccstate.model import Json

DIAL = Template("Dial", "<devices>,<ring_for>", ring_for=SECONDS)
_CONTEXT = "ring_group/"
_DEVICE = "PJSIP/"


def compile_ring_group(unit: Unit) -> None:
    """Compile one ring group: its context, its number inside."""
    group, place = unit.fields, unit.place
    devices = [f"{_DEVICE}{extension}" for extension in ringing_members(unit.flow.centre, group)]
    turns = devices if group["strategy"] == "in_order" else ["&".join(devices)] * bool(devices)
    missed = next(way for way in unit.flow.ways(place) if way.event is not Event.ANSWERED)
    unit.entrance().add(
        "s",
        [
            enter_step(place),
            *(DIAL.step("members", devices=turn, ring_for=group["ring_for"]) for turn in turns),
            *follow(place, missed),
        ],
    )
    unit.inside(group.get("extension"), place)


def decode_ring_group(sections: Sections, name: str) -> Decoded:
    """Decode the fields that a ring group's context and number inside say."""
    place = Place("ring_group", name)
    steps = sections.context(context(place)).get("s", ())
    turns = [found for step in steps if (found := DIAL.read(step))]
    lengths = {turn["ring_for"] for turn in turns}
    devices = [turn["devices"].split("&") for turn in turns]
    strategy: Json = "in_order" if len(devices) > 1 else "ring_all"
    return {
        ("extension",): sections.number(place),
        # One phone that rings by itself rings as it would in its turn.
        ("strategy",): strategy if [len(turn) for turn in devices] != [1] else UNCLEAR,
        ("members",): _members(sections, name, [phone for turn in devices for phone in turn]),
        ("ring_for",): decoded(SECONDS, lengths.pop()) if len(lengths) == 1 else UNCLEAR,
        ("no_answer",): sections.leads(steps),
    }


def _members(sections: Sections, name: str, devices: list[str]) -> Json:
    """The extensions behind the devices; members of the record without a device stay behind them."""
    phones = [device.removeprefix(_DEVICE) for device in devices]
    if any(not device.startswith(_DEVICE) for device in devices):
        unclear: Json = UNCLEAR
        return unclear
    recorded = sections.centre.of("ring_group").get(name)
    if recorded is None:
        return list[Json](phones)
    written: list[str] = list(recorded["members"])
    known = ringing_members(sections.centre, recorded)
    if phones == known:
        return list[Json](written)
    members: list[Json] = [*phones, *(member for member in written if member not in known)]
    is_ordered = recorded["strategy"] == "in_order"
    return members if is_ordered else [members[place] for place in canonical_order(members)]


RING_GROUP = Kind(
    name="ring_group",
    compile=compile_ring_group,
    decode=decode_ring_group,
    primary=(DIALPLAN, _CONTEXT),
    names=in_contexts(_CONTEXT),
    mapped="extension strategy members ring_for no_answer",
    kept={"label": COMMENT},
)
