"""IVR: a tree of named nodes that a caller walks by keys and hours."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from ccstate.kinds.caller_list import ListedNodeDestination
from ccstate.kinds.fields import (
    E164,
    WHOLE,
    Digits,
    Expectation,
    Key,
    KindFields,
    Language,
    Name,
    NodeDestination,
    ObjectFields,
    PositiveDuration,
    Ref,
    SetOf,
    Text,
    WithAlternatives,
)

EnteredDigits = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,30}$"),
    Field(examples=["1234"]),
    Expectation("digits, in quotes"),
]
Retries = Annotated[int, Field(ge=0, le=9), WHOLE]
PromptRef = Annotated[Name, Ref("prompt")]


class NodeFields(ObjectFields):
    """Fields that every node has."""

    type: str
    """Kind of node."""
    label: Text | None = None
    """Name shown in drawings and reports."""


class Play(NodeFields):
    """Plays a prompt, then goes on."""

    type: Literal["play"]
    """Kind of node."""
    prompt: PromptRef
    """What is played."""
    then: NodeDestination
    """Where the call goes afterwards."""


class Menu(NodeFields):
    """Plays a prompt and waits for one key."""

    type: Literal["menu"]
    """Kind of node."""
    prompt: PromptRef
    """What is played; callers may press a key before it ends."""
    choices: Annotated[dict[Key, NodeDestination], Field(min_length=1)]
    """Where each key leads."""
    dial_extensions: bool = False
    """True to let callers dial the number of an extension here, too."""
    dial_sites: SetOf[Annotated[Name, Ref("site")]] | None = None
    """Sites whose extensions can be dialled here; those of every site where left out."""
    timeout: PositiveDuration = "5s"
    """How long to wait for a key after the prompt."""
    retries: Retries = 2
    """How often the menu repeats before the timeout or invalid branch is taken."""
    on_timeout: NodeDestination | None = None
    """Where a caller goes who presses nothing; the call ends where left out."""
    on_invalid: NodeDestination | None = None
    """Where a caller goes who presses other keys; as `on_timeout` where left out."""


class Hours(NodeFields):
    """Branches by a schedule."""

    type: Literal["hours"]
    """Kind of node."""
    schedule: Annotated[Name, Ref("schedule")]
    """Schedule that decides."""
    open: NodeDestination
    """Where calls go during the hours."""
    closed: NodeDestination
    """Where calls go outside them."""
    holiday: NodeDestination | None = None
    """Where calls go on holidays; `closed` where left out."""


class AskSwitch(NodeFields):
    """Branches by the position of a switch."""

    type: Literal["switch"]
    """Kind of node."""
    switch: Annotated[Name, Ref("switch")]
    """Switch that decides."""
    on: NodeDestination
    """Where calls go while it is on."""
    off: NodeDestination
    """Where calls go while it is off."""


class Collect(NodeFields):
    """Plays a prompt and collects digits, such as an account number."""

    type: Literal["collect"]
    """Kind of node."""
    prompt: PromptRef
    """What is played."""
    save_as: Name
    """Name under which agents see the digits."""
    min_digits: Annotated[int, Field(ge=1, le=30), WHOLE] = 1
    """Fewest digits that count as an answer."""
    max_digits: Annotated[int, Field(ge=1, le=30), WHOLE] = 20
    """Digits after which the node goes on by itself."""
    timeout: PositiveDuration = "5s"
    """How long to wait for the next digit."""
    retries: Retries = 2
    """How often it asks again before the timeout branch is taken."""
    choices: dict[EnteredDigits, NodeDestination] | None = None
    """Where these digits lead; all others lead to `then`."""
    then: NodeDestination
    """Where the call goes with the digits."""
    on_timeout: NodeDestination | None = None
    """Where a caller goes who gives none; the call ends where left out."""


class Goto(NodeFields):
    """Goes on somewhere else at once."""

    type: Literal["goto"]
    """Kind of node."""
    to: NodeDestination
    """Where the call goes."""


class ToQueue(NodeFields):
    """Puts the caller into a queue."""

    type: Literal["queue"]
    """Kind of node."""
    queue: Annotated[Name, Ref("queue")]
    """Queue that the caller joins."""
    priority: Annotated[int, Field(ge=0, le=20), WHOLE] = 0
    """Higher is answered first."""


class Dial(NodeFields, WithAlternatives):
    """Rings one extension or one outside number."""

    exactly_one = ("extension", "number")

    type: Literal["dial"]
    """Kind of node."""
    extension: Annotated[Name, Ref("extension")] | None = None
    """Extension that rings."""
    number: E164 | None = None
    """Outside number that is called."""
    ring_for: PositiveDuration = "20s"
    """How long it rings."""
    on_no_answer: NodeDestination | None = None
    """Where the call goes when it is not answered; the call ends where left out."""


class ToVoicemail(NodeFields):
    """Lets the caller leave a message."""

    type: Literal["voicemail"]
    """Kind of node."""
    mailbox: Annotated[Name, Ref("voicemail")]
    """Extension whose mailbox it is."""


class Hangup(NodeFields):
    """Ends the call, on purpose."""

    type: Literal["hangup"]
    """Kind of node."""
    prompt: PromptRef | None = None
    """Played before the call ends."""


class Callers(NodeFields):
    """Branches by who calls."""

    type: Literal["callers"]
    """Kind of node."""
    callers: Annotated[list[ListedNodeDestination], Field(min_length=1)]
    """Lists in the order in which they are asked; a caller goes where the first list leads that holds the number."""
    others: NodeDestination
    """Where all others go."""


Node: TypeAlias = Annotated[
    Play
    | Menu
    | Hours
    | Callers
    | AskSwitch
    | Collect
    | Goto
    | ToQueue
    | Dial
    | ToVoicemail
    | Hangup,
    Field(discriminator="type"),
]


class Ivr(KindFields):
    """A tree: calls enter at `start` and follow the nodes."""

    extension: Digits | None = None
    """Internal number that reaches the tree."""
    language: Language | None = None
    """Language of its prompts."""
    start: Name
    """Node where calls enter."""
    nodes: dict[Name, Node]
    """Nodes by name."""
