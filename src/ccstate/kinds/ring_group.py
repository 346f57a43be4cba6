"""Ring group: phones that ring together, or one after another, without a queue."""

from typing import Annotated, Literal

from pydantic import Field

from ccstate.kinds.fields import (
    CallDestination,
    Digits,
    KindFields,
    Name,
    OrderCounts,
    PositiveDuration,
    Ref,
)


class RingGroup(KindFields):
    """Phones that ring for one call; callers do not wait here, and nothing is counted."""

    extension: Digits | None = None
    """Internal number that reaches the group."""
    strategy: Literal["ring_all", "in_order"] = "ring_all"
    """All phones at once, or one after another as they stand in `members`."""
    members: Annotated[
        list[Annotated[Name, Ref("extension")]],
        Field(min_length=1, max_length=50),
        OrderCounts("strategy", "in_order"),
    ]
    """Extensions that ring. Their mailboxes take no call of the group, and they ring for `ring_for` of the group."""
    ring_for: PositiveDuration = "20s"
    """How long the phones ring: together with `ring_all`, each of them with `in_order`."""
    no_answer: CallDestination | None = None
    """Where the call goes when it is not answered; the call ends where left out."""
