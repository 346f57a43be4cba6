"""Trunk: the line to a carrier."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    E164,
    WHOLE,
    Common,
    Means,
    Name,
    Ref,
    SecretReference,
    Text,
)

Host = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$"),
    Means("a host name or address"),
]


class Trunk(Common):
    """A SIP trunk to a carrier or another exchange."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site whose exchange holds the trunk."""
    host: Host
    """Host name or address of the carrier's SIP server."""
    port: Annotated[int, Field(ge=1, le=65535), WHOLE] = 5060
    """SIP port of the carrier."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """How SIP messages travel."""
    username: Text | None = None
    """Account name, where the carrier asks for registration."""
    secret: SecretReference | None = None
    """Reference to the account's password."""
    max_calls: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    """Most calls at the same time, as the carrier allows; no limit where left out."""
    codecs: list[Literal["alaw", "ulaw", "g722", "g729", "opus"]] | None = None
    """Codecs, best first."""
    caller_id: E164 | None = None
    """Number shown where an extension gives none."""
