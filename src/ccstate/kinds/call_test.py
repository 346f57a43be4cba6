"""Call test: a call, and how it must end."""

from datetime import datetime, tzinfo
from typing import Annotated

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    E164,
    CallDestination,
    CallerNumber,
    Expectation,
    KindFields,
    Name,
    ObjectFields,
    Ref,
    SetOf,
)
from ccstate.kinds.switch import Position

Moment = Annotated[
    str,
    StringConstraints(
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$"
    ),
    Field(examples=["2026-12-25T10:00"]),
    Expectation("a moment from 2000 to 2099, such as 2026-12-25T10:00"),
]

YEARS = range(2000, 2100)
"""Years for which hours and holidays can be computed; a walk of a year begins on any day of them."""


def moment_named(text: str, zone: tzinfo) -> datetime | None:
    """Parse a moment such as `2026-12-25T10:00` in a timezone; one with an offset stays as it is.

    None where there is no such moment, as on 30 February, or its year is not in `YEARS`.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


class SwitchPosition(ObjectFields):
    """A switch, and the position in which the call finds it."""

    switch: Annotated[Name, Ref("switch")]
    """The switch."""
    position: Position
    """`on` or `off`."""


class CallTest(KindFields):
    """A promise to callers: this call, at this moment, ends there."""

    to: Annotated[E164, Ref("number")]
    """Number that is called."""
    caller: CallerNumber | None = None
    """Number the call comes from, in international form where caller lists are asked, or `withheld`."""
    at: Moment
    """Moment of the call, in the timezone of the number's schedule."""
    keys: (
        list[
            Annotated[
                str,
                StringConstraints(pattern=r"^[0-9*#]{0,30}$"),
                Expectation("keys: 0 to 9, * and #, in quotes"),
            ]
        ]
        | None
    ) = None
    """Keys pressed, one entry for each question; `""` says nothing once, until it gives up."""
    switches: SetOf[SwitchPosition] | None = None
    """Positions of switches during the call; others are in their `default` position."""
    expect: Annotated[SetOf[CallDestination], Field(min_length=1)]
    """Where the call may end; one of these must hold."""
