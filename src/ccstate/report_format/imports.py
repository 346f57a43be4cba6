"""The form of what `ccstate import` prints."""

from dataclasses import dataclass

from ccstate.report_format.objects import AddressText, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedObject:
    """One object that was made of hand-written configuration."""

    address: AddressText
    """The object."""
    file: str
    """File of the desired state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineListed:
    """A line that no object says, or not quite."""

    file: str
    """File of the configuration."""
    line: Whole
    """Its line."""
    text: str
    """What stands there."""
    differs: bool
    """Whether an object says it otherwise."""
    reasons: list[str]
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDiffers:
    """Callers of one number who meet something else than before."""

    call: str
    """What is dialled, and by whom."""
    did: list[str]
    """What callers do, and what comes of it, on the way."""
    file: str
    """File of the configuration that says what they met."""
    line: Whole
    """Its line."""
    about: str
    """What is different."""
    before: str
    """What they meet in the hand-written dialplan."""
    after: str
    """What they meet in the objects."""
    at: str | None
    """A moment at which it is so; null where it is so at any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNotFollowed:
    """Callers of one number whose way is not compared."""

    call: str
    """What is dialled, and by whom."""
    did: list[str]
    """What callers do, and what comes of it, on the way."""
    file: str
    """File of the configuration."""
    line: Whole
    """Its line."""
    reason: str
    """Why it is not followed; a bound of the comparison, too."""
    calls: Whole
    """How many calls that are, at the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsCompared:
    """Calls through the hand-written dialplan and through the objects."""

    numbers: Whole
    """What can be dialled: numbers, and codes inside."""
    samples: Whole
    """Numbers among them that stand for all that a pattern takes."""
    compared: Whole
    """Calls to all of them."""
    same: Whole
    """Calls that meet the same."""
    differ: Whole
    """Calls that meet something else."""
    not_followed: Whole
    """Calls that are not compared."""
    differences: list[CallDiffers]
    """What is different, and where."""
    unfollowed: list[CallNotFollowed]
    """What is not compared, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The report of `ccstate import`."""

    folder: str
    """Folder that was read."""
    written: bool
    """Whether YAML was written."""
    objects: list[ImportedObject]
    """The objects."""
    lines_said: Whole
    """Lines that objects say."""
    lines_listed: list[LineListed]
    """Lines that none says, or not quite."""
    secrets: list[str]
    """Names of the variables that secrets are referred to by; no value."""
    secrets_file: str | None
    """File with their values; null where none was written."""
    errors: list[str]
    """Codes of what `ccstate validate` calls errors now."""
    calls: CallsCompared | None
    """What callers meet before and after; null where nothing was made."""
    report: str | None
    """File that lists all of it; null where none was written."""
