"""Caller list: numbers of callers who are treated alike, such as VIPs or blocked callers."""

from typing import Annotated

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    E164,
    CallDestination,
    Expectation,
    KindFields,
    Name,
    NodeDestination,
    ObjectFields,
    Ref,
    SetOf,
)

Prefix = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{0,13}$"),
    Field(examples=["+6149", "+44"]),
    Expectation('the beginning of numbers in international form, in quotes, such as "+6149"'),
]


class CallerList(KindFields):
    """Callers by their numbers; numbers and nodes of trees ask whether a caller is in it."""

    numbers: SetOf[E164] | None = None
    """Numbers of callers, in international form."""
    prefixes: SetOf[Prefix] | None = None
    """Beginnings of numbers, in international form: every caller whose number begins so."""
    withheld: bool = False
    """True for callers who show no number."""


class ListedDestination(ObjectFields):
    """Where callers go who are in a list, from a number."""

    list: Annotated[Name, Ref("caller_list")]
    """List that is asked."""
    to: CallDestination
    """Where its callers go."""


class ListedNodeDestination(ObjectFields):
    """Where callers go who are in a list, inside of a tree."""

    list: Annotated[Name, Ref("caller_list")]
    """List that is asked."""
    to: NodeDestination
    """Where its callers go."""
