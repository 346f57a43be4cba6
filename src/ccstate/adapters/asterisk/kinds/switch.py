"""Switches: a subroutine that tells the position, which AstDB keeps.

The position is no part of any file: a reload and an apply leave AstDB alone, and a restart reads
it again (seen on 16.28 and 22.10).
"""

from ccstate.adapters.asterisk.entries import Step
from ccstate.adapters.asterisk.kind import COMMENT, NO_SITES, Kind, Sections, Unit, in_contexts
from ccstate.adapters.asterisk.places import SWITCHES, shortened
from ccstate.adapters.asterisk.rows import Codec, Decoded, Template, Unclear, decoded
from ccstate.journeys.hours import Position
from ccstate.model import Json

HEADER = "X-Ccstate-On"
"""The header in which a call of a test brings the switches that are on: `/night/`."""
POSITION_OF = Template("Return", "<position>")


def key_of(name: str) -> str:
    """Family and key under which AstDB keeps the position: `on` or `off`, nothing before."""
    return f"ccstate/switch/{name}"


def device_of(name: str) -> str:
    """Return the device whose state is the position; lamps show it."""
    return f"Custom:ccstate-{name}"


def compile_switch(unit: Unit) -> None:
    """Compile the subroutine of one switch."""
    name, where = unit.name, unit.entrance()
    where.add(
        "s",
        [
            *(_brought(name) if unit.setting.is_test_site else ()),
            Step("Set", f"LOCAL(position)=${{DB({key_of(name)})}}", label="kept"),
            Step("GotoIf", '$["${position}" = "on"]?on,1'),
            Step("GotoIf", '$["${position}" = "off"]?off,1'),
            POSITION_OF.step("default", position=unit.fields["default"]),
        ],
    )
    for word in Position:
        where.add(word, [POSITION_OF.step(position=word)])


def _brought(name: str) -> list[Step]:
    """Steps that take the position from the call where it is one of a test."""
    # The text comes from outside, so only what names of switches are made of is taken.
    brought = f"${{FILTER(-a-z0-9._/,${{PJSIP_HEADER(read,{HEADER})}})}}"
    return [
        Step("GotoIf", '$["${CC_AT}" = ""]?kept'),
        Step("Set", f"LOCAL(on)={brought}"),
        Step("GotoIf", f"$[${{FIELDNUM(on,/,{name})}} > 0]?on,1:off,1"),
    ]


def _position(text: str) -> Json:
    if text not in set(Position):
        raise Unclear
    return text


def decode_switch(sections: Sections, name: str) -> Decoded:
    """Decode the default position that a subroutine says."""
    steps = sections.context(shortened(SWITCHES + name)).get("s", ())
    codec = Codec(str, _position)
    return {("default",): decoded(codec, POSITION_OF.find(steps).get("position"))}


SWITCH = Kind(
    name="switch",
    compile=compile_switch,
    decode=decode_switch,
    names=in_contexts(SWITCHES),
    mapped="default",
    kept={"label": COMMENT, "site": NO_SITES},
)
