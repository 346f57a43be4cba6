"""The objects that an adapter makes of a hand-written configuration, and what they leave out.

An adapter that can read one has a function `read_estate` in the module of its entry point, beside
`connect`; see `ReadsEstates`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from ccstate.model import Address, Fields


class ImportOptions(NamedTuple):
    """What the configuration does not say itself.

    `prefix` makes numbers international, `+61`; `timezone` is an IANA name; `language` a tag such
    as `en`; `words` a file with the words of recordings, None for the usual one. Calls are compared
    for a year from `today` on.
    """

    prefix: str
    timezone: str
    language: str
    words: Path | None
    today: date


class UnsaidLine(Protocol):
    """A line of the configuration that objects do not say, or not wholly, and why."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...


class Differs(Protocol):
    """A difference that callers of one number meet; `did` is what they did on the way."""

    @property
    def entry_point(self) -> object: ...
    @property
    def did(self) -> Sequence[str]: ...
    @property
    def about(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def at(self) -> datetime | None: ...


class NotFollowed(Protocol):
    """Callers of one number whose calls are not compared, and why; `calls` says how many at least."""

    @property
    def calls(self) -> int: ...
    @property
    def entry_point(self) -> object: ...
    @property
    def did(self) -> Sequence[str]: ...
    @property
    def reason(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls that were compared before and after, to how many numbers, and what came of them."""

    numbers: int
    samples: int = 0
    """Numbers among them that stand for all that a pattern takes."""
    same: int
    differ: int
    differences: Sequence[Differs] = ()
    unfollowed: Sequence[NotFollowed] = ()

    @property
    def not_followed(self) -> int:
        return sum(lost.calls for lost in self.unfollowed)

    @property
    def compared(self) -> int:
        return self.same + self.differ + self.not_followed


@dataclass(frozen=True, slots=True)
class Estate:
    """The objects of a configuration; secrets in them are references such as `env:SIP_1101`."""

    objects: Mapping[Address, Fields]
    files: Mapping[Address, str]
    """The file of the desired state that each object should go to."""
    said: int
    """Lines that objects say wholly."""
    unsaid: Sequence[UnsaidLine]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the references stand for, by the name behind `env:`. To be kept secret."""
    calls: Calls | None = None
    """What was compared of calls; None where there are no objects."""


Stage = Callable[[str], AbstractContextManager[None]]
"""Reports a stage, such as `Comparing calls`, for as long as its block runs."""


class ReadsEstates(Protocol):
    """The function `read_estate` of an adapter's module."""

    def __call__(self, folder: Path, options: ImportOptions, during: Stage) -> Estate:
        """Read a folder of configuration, and compare every call before and after.

        Raises InvalidInput where the folder holds none, Unreadable where it may not be read.
        """
