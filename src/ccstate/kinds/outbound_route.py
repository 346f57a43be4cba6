"""Outbound route: which calls leave by which trunks."""

from typing import Annotated

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import E164, WHOLE, Expectation, KindFields, Name, Permission, Ref, SetOf

Pattern = Annotated[
    str,
    StringConstraints(pattern=r"^(\+?[0-9XZN*#]{1,30}[.!]?|\+[.!])$"),
    Field(examples=["000", "04XXXXXXXX", "0011.", "+."]),
    Expectation('a dialled pattern of digits, X, Z, N and a last "."'),
]
"""Digits; X is 0-9, Z is 1-9, N is 2-9, a last `.` is one or more of anything."""


class OutboundRoute(KindFields):
    """Dialled patterns and the trunks that carry them."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site whose extensions use the route; every site where left out."""
    patterns: SetOf[Pattern]
    """What is dialled: digits, X (0-9), Z (1-9), N (2-9), a last `.` for the rest."""
    strip: Annotated[int, Field(ge=0, le=15), WHOLE] = 0
    """Digits taken off the front of the dialled number before it is sent."""
    prepend: (
        Annotated[
            str,
            StringConstraints(pattern=r"^(\+?[0-9]{1,15}|\+)$"),
            Field(examples=["02", "+61", "+"]),
            Expectation('digits, or a "+" and digits, in quotes'),
        ]
        | None
    ) = None
    """Digits put in front of the number before it is sent; a lone `+` where its country is dialled."""
    permission: Permission | None = None
    """Class of call: only extensions with this permission may use the route."""
    trunks: list[Annotated[Name, Ref("trunk")]]
    """Trunks in the order in which they are tried."""
    caller_id: E164 | None = None
    """Number shown on calls by this route where the extension gives none."""
    emergency: bool = False
    """True for emergency numbers: every extension may call them."""
