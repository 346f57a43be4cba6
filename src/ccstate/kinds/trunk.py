"""Trunk: the line to a carrier."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    E164,
    WHOLE,
    Country,
    Expectation,
    KindFields,
    Name,
    Ref,
    SecretReference,
    SetOf,
    Text,
)

Host = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$"),
    Expectation("a host name or address"),
]
Source = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2})$"
    ),
    Field(examples=["sip2.carrier.example", "198.51.100.7", "198.51.100.0/24"]),
    Expectation("a host name, an address, or a network such as 198.51.100.0/24"),
]
SipUser = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9+._~-]{1,64}$"),
    Field(examples=["61255501000", "trunk-7"]),
    Expectation("the user part of a SIP address: letters, digits, +, ., _, ~ and -"),
]
NumberFormat = Literal["e164", "international", "national"]
"""How a carrier writes +61 2 5550 1234: `+61255501234`, `61255501234` or `0255501234`."""


class Trunk(KindFields):
    """A SIP trunk to a carrier or another exchange."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site whose exchange holds the trunk."""
    host: Host
    """Host name or address of the carrier's SIP server."""
    addresses: SetOf[Source] | None = None
    """Further hosts, addresses or networks from which the carrier's calls arrive."""
    port: Annotated[int, Field(ge=1, le=65535), WHOLE] | None = None
    """SIP port of the carrier; 5060 where left out, 5061 with `tls`."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """How SIP messages travel."""
    username: Text | None = None
    """Account name, where the carrier asks for a password or for registration."""
    secret: SecretReference | None = None
    """Reference to the account's password."""
    registers: bool = True
    """False where the carrier asks for the password of calls, and takes no registration; without `username` there is none."""
    from_user: SipUser | None = None
    """User part of the From address, where the carrier knows the account by it; the number shown is sent beside it."""
    from_domain: Host | None = None
    """Domain of the From address, where the carrier asks for its own."""
    number_format: NumberFormat | None = None
    """How the carrier writes numbers: `e164` (+61255501234), `international` (61255501234) or `national` (0255501234); as routes write them where left out."""
    inbound_number_format: NumberFormat | None = None
    """The same for calls that arrive, where they differ; as `number_format` where left out."""
    country: Country | None = None
    """Country whose national numbers the carrier writes; that of the trunk's site where left out."""
    max_calls: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    """Most calls at the same time, as the carrier allows; no limit where left out."""
    codecs: list[Literal["alaw", "ulaw", "g722", "g729", "opus"]] | None = None
    """Codecs, best first."""
    caller_id: E164 | None = None
    """Number shown where extension and route give none."""
