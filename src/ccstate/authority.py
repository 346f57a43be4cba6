"""On whose word a change is made: who asked for it, who approved it, who applied it, in which run.

Values only. Trailers of commits and reviews of pull requests become these, policy judges them, and
the journal of an apply keeps them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, as the trailers of a commit say it; each is "" where none does."""

    request: str = ""
    """Number of the request, such as CHG-123: `Request:`."""
    requested_by: str = ""
    """Person who asked: `Requested-by:`."""
    reason: str = ""
    """Purpose in a sentence: `Reason:`."""
    window: str = ""
    """When it may be applied, as written: `Window:`."""
    emergency: str = ""
    """Why the rules of the policy do not wait this time: `Emergency:`."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's consent to a change."""

    by: str
    """Login on the code host, or "name <email>" of a signed trailer."""
    at: str
    """ISO 8601 with offset; "" where it is not known."""
    source: str
    """`review` or `trailer`."""
    commit: str = ""
    """Commit that was approved."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Everything that is known of the word on which a plan is applied."""

    request: Request = Request()
    approvals: tuple[Approval, ...] = ()
    author: str = ""
    """Person who proposed the change: login on the code host, or "name <email>" of the commit."""
    applied_by: str = ""
    """Person, or account of a run, who started the apply."""
    host: str = ""
    """Machine on which it ran."""
    run: str = ""
    """Address of the run on the code host."""
    change: str = ""
    """Address of the pull request or merge request."""
