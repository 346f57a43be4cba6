"""The form of what commands print about records: change sets, and what a check of records finds."""

from dataclasses import dataclass

from ccstate.authority import Authority
from ccstate.report_format.objects import Problem, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One object, or the project file, of a change set."""

    action: str
    """create, update, delete, adopt, release; or unreadable, where a file was no valid YAML."""
    name: str
    """The object, such as queue/sales."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """One change from its request to its outcome."""

    at: str
    """When it came to the main line, or its apply began; ISO 8601 in UTC."""
    commit: str
    """Commit of the main line, or that the plan was made from; may be empty."""
    subject: str
    """First line of that commit's message; empty where an apply brought no commit."""
    authority: Authority
    """Who asked, approved, wrote and applied it, as far as that is known."""
    objects: list[Touched]
    """What was done to which object."""
    methods: list[str]
    """How it came to each platform, such as api, asterisk on sydney."""
    plan: str
    """Plan that brought it to platforms; may be empty."""
    started: str
    """When its apply began, ISO 8601 in UTC; may be empty."""
    finished: str
    """When everything had been read back; may be empty."""
    outcome: str
    """confirmed, not confirmed, not attempted, interrupted, taken back, waits to be confirmed, nothing to
    do, never applied, or no platform concerned."""
    confirmed: Whole
    """Planned changes of these objects that were confirmed."""
    planned: Whole
    """Planned changes of these objects."""
    reason: str
    """Why it is not confirmed; may be empty."""
    by_hand: list[str]
    """Fields that had been changed by hand, and which the plan undid."""
    corrects: str
    """Plan or commit that it is a corrective action of; may be empty."""
    corrective: list[str]
    """Corrective actions that followed."""
    gaps: list[str]
    """What is missing between request and outcome, such as applied without review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The report of `ccstate audit`."""

    since: str
    """Begin of the span, ISO 8601."""
    until: str
    """End of the span, not included."""
    sources: list[str]
    """Where plans and records were found: plans/, and branches; empty where there are none."""
    is_cut_off: bool
    """Whether the clone is shallow, so that older commits are not known."""
    gaps: dict[str, Whole]
    """How many change sets lack each thing."""
    change_sets: list[ChangeSet]
    """The change sets, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The report of `ccstate audit --check`."""

    records: Whole
    """Records that were checked."""
    sources: list[str]
    """Where they were found."""
    problems: list[Problem]
    """What was changed, is missing, or does not hang together."""
