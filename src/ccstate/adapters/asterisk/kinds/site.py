"""Sites: what their phones may dial, and what their emergency calls show."""

from ccstate.adapters.asterisk.entries import MAILBOXES, Compiled, Context, Step
from ccstate.adapters.asterisk.kind import (
    COMMENT,
    LOCATION,
    NO_SITES,
    Kind,
    Sections,
    Setting,
    Unit,
)
from ccstate.adapters.asterisk.kinds.extension import HINTS
from ccstate.adapters.asterisk.kinds.outbound_route import compile_outbound
from ccstate.adapters.asterisk.places import INTERNAL, compile_names, shortened, site_context
from ccstate.adapters.asterisk.rows import Decoded, Template
from ccstate.journeys.flow import Flow

CALLBACK = Template("Set", "CC_CALLBACK=<number>")


def compile_site(unit: Unit) -> None:
    """Compile what phones of a site may dial, and which number an emergency call shows."""
    where = unit.context(site_context(unit.name))
    where.note(f"Phones at {unit.label}")
    first = []
    if number := unit.fields.get("emergency_callback"):
        emergency = unit.context(shortened(f"emergency/{unit.name}"))
        shows = CALLBACK.step("emergency_callback", number=number)
        emergency.add("s", [shows, Step("Return")])
        first = [Step("Gosub", f"{emergency.name},s,1")]
    out = unit.context(shortened(f"outbound/{unit.name}"))
    _include_dialling(where, out)
    compile_outbound(unit.compiled, unit.flow, unit.name, out.name, first)


def _include_dialling(where: Context, out: Context) -> None:
    for included in (INTERNAL, out.name, HINTS):
        where.include(included)
    out.add("h", [Step("NoOp")])  # so that the context is there where no route is


def compile_all_sites(compiled: Compiled, flow: Flow, _setting: Setting) -> None:
    """Numbers inside, what phones that stand nowhere in particular may dial, names of callers."""
    inside = Context(compiled, INTERNAL)
    inside.note("Internal numbers")
    inside.include("extension")
    own_mailbox = Step("VoiceMailMain", f"${{CC_EXTENSION}}@{MAILBOXES}")
    codes = flow.centre.of("feature_code").values()
    if all(code["code"] != "*97" for code in codes):
        inside.add("*97", [Step("Answer"), own_mailbox, Step("Hangup")])
    where, out = Context(compiled, site_context("")), Context(compiled, "outbound")
    where.note("Phones that stand nowhere in particular")
    _include_dialling(where, out)
    compile_outbound(compiled, flow, "", out.name, ())
    compile_names(compiled)


def decode_site(sections: Sections, name: str) -> Decoded:
    """The number that emergency calls show; of the rest of a site nothing is written apart."""
    steps = sections.context(shortened(f"emergency/{name}")).get("s", ())
    return {("emergency_callback",): CALLBACK.find(steps).get("number")}


SITE = Kind(
    name="site",
    compile=compile_site,
    decode=decode_site,
    primary=None,
    shared=compile_all_sites,
    mapped="emergency_callback",
    unseen="no file says its timezone, and its contexts hold the routes, codes and rooms of others",
    kept={
        "label": COMMENT,
        "address.street": LOCATION,
        "address.city": LOCATION,
        "address.state": LOCATION,
        "address.postcode": LOCATION,
        "address.country": LOCATION,
        "timezone": "each schedule has a timezone of its own, and no other time is asked for",
        "role": NO_SITES,
        "areas.*.label": LOCATION,
        "areas.*.desks": "the location of a phone has its own desk; no others are listed",
    },
)
