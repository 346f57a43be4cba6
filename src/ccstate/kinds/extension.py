"""Extension: an internal number and the device that rings for it."""

from typing import Annotated, Literal

from ccstate.kinds.fields import (
    Common,
    Declared,
    Dialled,
    Digits,
    Email,
    Lasting,
    Name,
    Permission,
    Ref,
    SecretReference,
    SetOf,
    Text,
)


class CallerId(Declared):
    """What the called party sees."""

    name: Text | None = None
    """Name shown."""
    number: Dialled | None = None
    """Number shown: E.164, or digits inside the house."""


class Voicemail(Declared):
    """The mailbox of an extension."""

    pin: SecretReference | None = None
    """Reference to the PIN."""
    email: Email | None = None
    """Address that new messages are sent to."""
    greeting: Annotated[Name, Ref("prompt")] | None = None
    """Prompt played before the tone."""
    delete_after_email: bool = False
    """True when a message leaves the mailbox once it has been sent by e-mail."""


class Extension(Common):
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
    ring_for: Lasting = "20s"
    """How long it rings before voicemail answers, or the call fails."""
    voicemail: Voicemail | None = None
    """Mailbox; an extension without this field has none."""
    permissions: SetOf[Permission] | None = None
    """Classes of calls that may be made from here."""
    pickup_group: Name | None = None
    """Extensions of one group may pick up each other's ringing calls."""
    secret: SecretReference | None = None
    """Reference to the SIP password of the device."""
