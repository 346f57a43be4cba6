"""Extension: an internal number and the device that rings for it."""

from typing import Annotated, Literal

from pydantic import Field

from ccstate.kinds.fields import (
    E164,
    CallRight,
    DialledNumber,
    Digits,
    Email,
    ForwardDestination,
    KindFields,
    Name,
    ObjectFields,
    Permission,
    PositiveDuration,
    Recording,
    Ref,
    SecretReference,
    SetOf,
    Text,
    WithAlternatives,
)


class CallerId(ObjectFields):
    """What the called party sees."""

    name: Text | None = None
    """Name shown."""
    number: DialledNumber | None = None
    """Number shown: E.164, or digits inside the house."""


class Voicemail(ObjectFields):
    """The mailbox of an extension."""

    pin: SecretReference | None = None
    """Reference to the PIN."""
    email: Email | None = None
    """Address that new messages are sent to."""
    greeting: Annotated[Name, Ref("prompt")] | None = None
    """Prompt played before the tone."""
    delete_after_email: bool = False
    """True when a message leaves the mailbox once it has been sent by e-mail."""


class Forwarding(ObjectFields):
    """Where calls are forwarded; a forwarded call comes back only to the mailbox."""

    always: ForwardDestination | None = None
    """Where every call goes; nothing rings."""
    busy: ForwardDestination | None = None
    """Where calls go while the phone is busy; as `no_answer` where left out."""
    no_answer: ForwardDestination | None = None
    """Where calls go that are not answered; to the mailbox where left out."""
    unavailable: ForwardDestination | None = None
    """Where calls go while no phone is registered; as `no_answer` where left out."""


class Follow(WithAlternatives):
    """One more phone of the same person: an extension or an outside number."""

    exactly_one = ("extension", "number")

    extension: Annotated[Name, Ref("extension")] | None = None
    """Extension whose device rings."""
    number: E164 | None = None
    """Outside number that is called."""
    ring_for: PositiveDuration = "20s"
    """How long it rings."""


class Extension(KindFields):
    """An internal number, its device, mailbox and rights."""

    number: Digits | None = None
    """Digits dialled to reach it; the resource's own name where left out."""
    site: Annotated[Name, Ref("site")] | None = None
    """Site where the device stands; that of its user where left out."""
    area: Name | None = None
    """Area of the site where the device stands; that of its user where left out."""
    desk: Name | None = None
    """Desk in that area; that of its user where left out."""
    device: Literal["deskphone", "softphone", "webrtc", "none"] = "deskphone"
    """Kind of device; `none` for a mailbox without a phone."""
    caller_id: CallerId | None = None
    """Caller identity on outgoing calls."""
    ring_for: PositiveDuration = "20s"
    """How long it rings before voicemail answers, or the call fails."""
    voicemail: Voicemail | None = None
    """Mailbox; an extension without this field has none."""
    permissions: SetOf[Permission] | None = None
    """Classes of calls that may be made from here."""
    rights: SetOf[CallRight] | None = None
    """What can be done by key codes during a call from or to this extension, by its phone alone."""
    recording: Recording | None = None
    """Recording of the calls to and from this extension; not of those from a queue or a ring group."""
    forward: Forwarding | None = None
    """Where calls to this extension go instead; queues, ring groups and trees ring its device itself."""
    follow_me: Annotated[list[Follow], Field(max_length=10)] | None = None
    """Phones that ring one after another once the device has; then the call is as unanswered."""
    pickup_group: Name | None = None
    """Extensions of one group may pick up each other's ringing calls."""
    secret: SecretReference | None = None
    """Reference to the SIP password of the device."""
