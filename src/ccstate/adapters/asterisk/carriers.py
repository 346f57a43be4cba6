"""How carriers write numbers: contexts that make E.164 of theirs, and theirs of E.164."""

import re
from collections.abc import Callable, Iterable

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.kind import Sections
from ccstate.adapters.asterisk.places import shortened
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded
from ccstate.dialling.number_formats import (
    E164,
    INTERNATIONAL,
    NATIONAL,
    Rewrite,
    carrier_formats,
    countries_with,
    read_as_e164,
    written_for,
)
from ccstate.dialling.routing import specificity
from ccstate.journeys.centre import Centre
from ccstate.model import Address, Json

NUMBERS = "numbers"
"""The context of numbers that may arrive on any trunk."""
ANYTHING = "_[0-9*#+]!"
CALLER = "${FILTER(0-9+,${CALLERID(num)})}"
"""The number of the caller, without anything that is no part of a number."""


def trunk_id(name: str) -> str:
    """Name the endpoint of a trunk."""
    return f"trunk-{name}"


def dialplan_pattern(pattern: str) -> str:
    """A pattern of a route as Asterisk writes it."""
    return f"_{pattern}" if set(pattern) & set("XZN.!") else pattern


def arrival_context(centre: Centre, trunk: str) -> str:
    """The context in which calls of a trunk come in."""
    return shortened(f"arriving/{trunk}") if _reading(centre, trunk) else trunk_context(trunk)


def trunk_context(trunk: str) -> str:
    """The context that knows the numbers of a trunk, in E.164 with and without its plus."""
    return shortened(f"trunk/{trunk}")


def writing_context(centre: Centre, trunk: str) -> str:
    """The context that writes numbers as the carrier of a trunk does; "" where none is needed."""
    return shortened(f"written/{trunk}") if _writing(centre, trunk) else ""


def _reading(centre: Centre, trunk: str) -> tuple[Rewrite, ...]:
    formats = carrier_formats(centre, trunk)
    return read_as_e164(formats.inbound, formats.country) if formats.inbound else ()


def _writing(centre: Centre, trunk: str) -> tuple[Rewrite, ...]:
    formats = carrier_formats(centre, trunk)
    return written_for(formats.outbound, formats.country) if formats.outbound else ()


def compile_formats(compiled: Compiled, centre: Centre, trunk: str) -> None:
    """The contexts in which numbers of a trunk change their form, where they do."""
    owner = Address("trunk", trunk)
    label = centre.label(f"trunk/{trunk}") or trunk
    if reading := _reading(centre, trunk):
        read = shortened(f"read/{trunk}")
        where = Context(compiled, arrival_context(centre, trunk), owner)
        where.note(f"Calls that arrive by {label}: their numbers are made E.164")
        known = f"${{DIALPLAN_EXISTS({trunk_context(trunk)},${{CC_DIALLED}},1)}}"
        where.add(
            "_[0-9+]!",
            [
                Step("Gosub", f"{read},${{FILTER(0-9+,${{EXTEN}})}},1"),
                Step("Set", "CC_DIALLED=${GOSUB_RETVAL}"),
                Step("GotoIf", f'$["${{LEN({CALLER})}}" = "0"]?called'),
                Step("Gosub", f"{read},{CALLER},1"),
                Step("Set", "CALLERID(num)=${GOSUB_RETVAL}"),
                Step("GotoIf", f"{known}?{trunk_context(trunk)},${{CC_DIALLED}},1", label="called"),
                Step("Hangup", "1"),  # ITU-T Q.850: unallocated number
            ],
        )
        _rewrites(Context(compiled, read, owner), reading, "number_format")
    if writing := _writing(centre, trunk):
        where = Context(compiled, writing_context(centre, trunk), owner)
        where.note(f"Numbers as {label} writes them")
        _rewrites(where, writing, "number_format")


_RETURN = re.compile(r"Return\((\+?[0-9*#]*)\$\{EXTEN(?::([0-9]+))?\}\)")


def decode_formats(sections: Sections, trunk: str) -> Decoded:
    """Decode how the carrier of a trunk writes numbers, and the country, by the contexts that do it."""
    recorded = carrier_formats(sections.centre, trunk)
    fields = sections.centre.of("trunk").get(trunk, {})
    leaving = _rewrites_in(sections, f"written/{trunk}")
    outbound, country = _format(leaving, written_for, recorded.outbound, recorded.country)
    arrives = _rewrites_in(sections, f"read/{trunk}")
    inbound, other = _format(arrives, read_as_e164, recorded.inbound, country)
    if inbound is None and outbound is not None:
        inbound = E164
    if inbound == outbound and not fields.get("inbound_number_format"):
        inbound = None
    country = country if country != recorded.country else other
    return {
        ("number_format",): outbound,
        ("inbound_number_format",): inbound,
        ("country",): UNCLEAR if country == recorded.country else country,
    }


def _rewrites_in(sections: Sections, context: str) -> frozenset[Rewrite]:
    found = set()
    for extension, steps in sections.context(shortened(context)).items():
        writing_context = _RETURN.fullmatch(steps[0])
        if extension != ANYTHING and writing_context:
            pattern = extension.removeprefix("_")
            found.add(Rewrite(pattern, int(writing_context[2] or 0), writing_context[1]))
    return frozenset(found)


def _format(
    found: frozenset[Rewrite],
    rewrites: Callable[[str, str], tuple[Rewrite, ...]],
    recorded: str,
    country: str,
) -> tuple[Json, str]:
    """The format, and the country, that make these rewrites; the recorded ones if they do."""
    if recorded and frozenset(rewrites(recorded, country)) == found:
        return recorded, country
    if not found:
        return None, country
    codes = {code for r in found for text in (r.prepend, r.pattern) for code in _CODE.findall(text)}
    others = sorted({other for code in codes for other in countries_with(code)})
    for place in (country, *others):
        for name in dict.fromkeys((recorded, E164, INTERNATIONAL, NATIONAL)):
            if name and frozenset(rewrites(name, place)) == found:
                return name, place
    unclear: Json = UNCLEAR
    return unclear, country


_CODE = re.compile(r"^\+?([1-9][0-9]{0,2})\.?$")


def _rewrites(where: Context, rewrites: Iterable[Rewrite], field: str) -> None:
    """Compile an extension for each pattern; a number that none of them knows stays as it is."""
    for pattern, strip, prepend in sorted(rewrites, key=lambda r: specificity(r.pattern)):
        rest = f"${{EXTEN:{strip}}}" if strip else "${EXTEN}"
        where.add(dialplan_pattern(pattern), [Step("Return", f"{prepend}{rest}", field)])
    where.add(ANYTHING, [Step("Return", "${EXTEN}")])
