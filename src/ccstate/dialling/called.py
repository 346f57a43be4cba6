"""Which phone or object a text means: a number in any spelling, an internal number, an address."""

import re
from collections.abc import Iterator

from ccstate.dialling.routing import Dialling
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.kinds import DESTINATIONS, PLURALS
from ccstate.model import Address

CALLED = ("number", *DESTINATIONS, "voicemail")
"""What can be called."""

_SPACING = re.compile(r"[\s().\-/\u00a0]")
_FEWEST = 6
"""Digits without the country's from which a number is known by its end."""


def called(flow: Flow, text: str) -> Place | None:
    """Return the place where such a call comes in; None where none, or several, could be meant."""
    kind, slash, name = text.strip().partition("/")
    kind = PLURALS[kind].name if kind in PLURALS else kind
    if slash and kind in CALLED:
        if (
            kind == "voicemail"
            and flow.centre.of("extension").get(name, {}).get("voicemail") is None
        ):
            return None
        return flow.entrance(Address(kind, name))
    digits = _SPACING.sub("", text)
    return _numbered(flow, digits) if re.fullmatch(r"\+?[0-9]+", digits) else None


def _numbered(flow: Flow, digits: str) -> Place | None:
    numbers = flow.centre.of("number")
    for number in (digits, f"+{digits}"):
        if number in numbers:
            return Place("number", number)
    if inside := Dialling(flow.centre).inside.get(digits):
        return flow.entrance(inside)
    near = ending_alike(flow, digits)
    return Place("number", near[0]) if len(near) == 1 else None


def ending_alike(flow: Flow, text: str) -> list[str]:
    """List the numbers that a number written without its country, or its area, could mean."""
    digits = _SPACING.sub("", text)
    national = digits.removeprefix("0")
    if not national.isdigit() or len(national) < _FEWEST:
        return []
    return [
        number
        for number in sorted(flow.centre.of("number"))
        if number.endswith(national) and 1 <= len(number) - len(national) - 1 <= _LONGEST_CODE
    ]


_LONGEST_CODE = 3
"""Digits of a country's calling code (ITU-T E.164); as many as a short one with an area's."""


def callable_names(flow: Flow) -> Iterator[str]:
    """List what can be written to place a call, numbers first."""
    centre = flow.centre
    yield from sorted(centre.of("number"))
    yield from sorted(Dialling(centre).inside)
    for kind in DESTINATIONS:
        yield from (f"{kind}/{name}" for name in sorted(centre.of(kind)))
    extensions = sorted(centre.of("extension").items())
    yield from (f"voicemail/{n}" for n, e in extensions if e.get("voicemail") is not None)
