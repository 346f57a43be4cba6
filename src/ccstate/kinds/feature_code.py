"""Feature code: digits that a phone dials to do something, such as to log in to queues."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import Common, Declared, Means, Name, Ref, SetOf, Text

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[*#]?[0-9*]{1,9}$"),
    Field(examples=["*45", "*8"]),
    Means("a code of 2 to 10 keys, in quotes, such as *45"),
]
QueueRef = Annotated[Name, Ref("queue")]


class LogIn(Declared):
    """Makes the caller a member of the queues that list them with `login: dynamic`."""

    type: Literal["log_in"]
    """What the code does."""
    queue: QueueRef | None = None
    """The only queue; every such queue where left out."""


class LogOut(Declared):
    """Takes the caller out of the queues that list them with `login: dynamic`."""

    type: Literal["log_out"]
    """What the code does."""
    queue: QueueRef | None = None
    """The only queue; every such queue where left out."""


class Pause(Declared):
    """Pauses the caller in every queue in which they are a member."""

    type: Literal["pause"]
    """What the code does."""
    reason: Text | None = None
    """Why, for reports: `Lunch`."""


class Unpause(Declared):
    """Ends the pause of the caller in every queue."""

    type: Literal["unpause"]
    """What the code does."""


class Mailbox(Declared):
    """Lets the caller hear the messages in their own mailbox, after its PIN."""

    type: Literal["mailbox"]
    """What the code does."""


class PickUp(Declared):
    """Answers a call that rings at another phone of the caller's `pickup_group`."""

    type: Literal["pick_up"]
    """What the code does."""


class DoNotDisturb(Declared):
    """Turns do not disturb on or off for the caller's extension: calls find nobody there."""

    type: Literal["do_not_disturb"]
    """What the code does; dialled again, the opposite."""


class TurnSwitch(Declared):
    """Turns a switch to its other position; a lamp key on the code shows the position."""

    type: Literal["switch"]
    """What the code does."""
    switch: Annotated[Name, Ref("switch")]
    """Switch that is turned."""


Action: TypeAlias = Annotated[
    LogIn | LogOut | Pause | Unpause | Mailbox | PickUp | DoNotDisturb | TurnSwitch,
    Field(discriminator="type"),
]


class FeatureCode(Common):
    """A code that phones inside dial, and what it does for the extension that dials it."""

    code: Code
    """What is dialled: 2 to 10 keys; `#` only as the first."""
    action: Action
    """What it does, by its `type`."""
    sites: SetOf[Annotated[Name, Ref("site")]] | None = None
    """Sites whose phones may dial it; all where left out."""
