"""What the adapter knows of one kind: how an object is compiled, decoded, and known to be there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ccstate.adapters.asterisk.entries import Compiled, Key
from ccstate.adapters.asterisk.rows import Decoded, Row
from ccstate.adapters.asterisk.sections import Sections
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow


@dataclass(frozen=True, slots=True)
class Setting:
    """What objects are compiled for.

    `key` is the platform's own, from which passwords come that nobody shall know; on a test site
    calls may be tested at any moment.
    """

    key: bytes
    is_test_site: bool = False


Compile: TypeAlias = Callable[[Compiled, Flow, Setting, str, Filled], None]
Decode: TypeAlias = Callable[[Sections, str], Decoded]


Shared: TypeAlias = Callable[[Compiled, Flow, Setting], None]


def _nothing(_compiled: Compiled, _flow: Flow, _setting: Setting) -> None:
    """For kinds whose objects share nothing."""


def _no_names(_: Sections) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object on this platform.

    `compile` adds the entries of one object. `decode` reads all mapped fields of one object; what
    it says is a proposal, which compiling proves. `is_primary` says of an entry whether the object
    is not there at all without such entries. `names` finds the objects of the kind in sections,
    also those that ccstate did not write. `shared` adds what all of them use, such as subroutines.
    """

    name: str
    compile: Compile
    decode: Decode
    is_primary: Callable[[Key], bool]
    names: Callable[[Sections], Iterable[str]] = _no_names
    rows: tuple[Row, ...] = ()
    shared: Shared = _nothing
