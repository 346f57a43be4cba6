"""The form of what `ccstate measure` prints: queues as they are at this moment."""

from dataclasses import dataclass

from ccstate.measures.figures import Number
from ccstate.report_format.objects import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedAgents:
    """Agents who are paused for one reason."""

    reason: str
    """As the agent or a feature code gave it; may be empty."""
    agents: Whole
    """How many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredQueue:
    """One queue of one target."""

    queue: str
    """Name of the queue."""
    label: str
    """What the desired state calls it; may be empty."""
    figures: dict[str, Number | None]
    """Measures of this moment by name, as docs/measures.md defines them."""
    paused: list[PausedAgents]
    """Paused agents by reason, most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTarget:
    """The queues of one target."""

    target: str
    """Name of the target."""
    at: str
    """When it was read; ISO 8601 in UTC."""
    queues: list[MeasuredQueue]
    """Its queues by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The report of `ccstate measure`."""

    targets: list[MeasuredTarget]
    """The targets in the order of ccstate.yaml, or as they were named."""
