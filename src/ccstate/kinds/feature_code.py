"""Feature code: digits that a phone dials to do something, such as to log in to queues."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import Expectation, KindFields, Name, Ref, SetOf, Text

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[*#]?[0-9*]{1,9}$"),
    Field(examples=["*45", "*8"]),
    Expectation("a code of 1 to 10 keys, in quotes, such as *45"),
]

NEEDS: Mapping[str, str] = {"switch": "switch", "park": "parking_lot"}
"""The field without which an action is none."""
TAKES: Mapping[str, frozenset[str]] = {
    "queue": frozenset({"log_in", "log_out"}),
    "reason": frozenset({"pause"}),
    "switch": frozenset({"switch"}),
    "parking_lot": frozenset({"park"}),
}
"""Fields that go with some actions only."""


class FeatureCode(KindFields):
    """A code that phones inside dial, and what it does for the extension that dials it."""

    code: Code
    """What is dialled; `#` only as the first key."""
    action: Literal[
        "log_in",
        "log_out",
        "pause",
        "unpause",
        "mailbox",
        "pick_up",
        "park",
        "do_not_disturb",
        "forward",
        "switch",
    ]
    """What it does: the caller logs in to, or out of, the queues that list them with `login: dynamic`; is paused in all their queues, or no longer; hears their mailbox, after its PIN; answers a call that rings in their `pickup_group`; parks the call that is transferred to the code; turns calls to their extension away, or no longer; sends them to a number that is asked for, or no longer; turns a switch, whose position a lamp key on the code shows."""
    queue: Annotated[Name, Ref("queue")] | None = None
    """With `log_in` and `log_out`: the only queue; all of them where left out."""
    reason: Text | None = None
    """With `pause`: why, for reports, such as `Lunch`."""
    switch: Annotated[Name, Ref("switch")] | None = None
    """With `switch`: the switch that is turned."""
    parking_lot: Annotated[Name, Ref("parking_lot")] | None = None
    """With `park`: the lot."""
    sites: SetOf[Annotated[Name, Ref("site")]] | None = None
    """Sites whose phones may dial it; all where left out."""
