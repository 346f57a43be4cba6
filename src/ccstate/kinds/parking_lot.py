"""Parking lot: where calls are parked, to be taken from any phone."""

from typing import Annotated

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    CallDestination,
    Digits,
    Expectation,
    KindFields,
    Name,
    PositiveDuration,
)

Slots = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{1,5}-[1-9][0-9]{1,5}$"),
    Field(examples=["701-720"]),
    Expectation("the first and the last number of the slots, such as 701-720"),
]


class ParkingLot(KindFields):
    """Numbers at which parked calls wait; dialling one takes the call that is there."""

    extension: Digits
    """Internal number to which a call is transferred to park it."""
    slots: Slots
    """Internal numbers of the slots, first and last."""
    timeout: PositiveDuration = "45s"
    """How long a call stays parked."""
    on_timeout: CallDestination | None = None
    """Where the call goes then; back to the phone that parked it where left out."""
    music: Name = "default"
    """Music that parked callers hear."""


MOST_SLOTS = 200


def slot_numbers(slots: str) -> list[str]:
    """List the numbers of the slots, in order; none where there are more than `MOST_SLOTS`."""
    first, last = map(int, slots.split("-"))
    return [str(number) for number in range(first, last + 1)] if last - first < MOST_SLOTS else []
