"""Code hosts: comments, checks, approvals, issues and change requests, on whichever host a team uses.

A change request is what GitHub and Gitea call a pull request, and GitLab a merge request. What
ccstate wrote itself is found again by its marker, and only where the account of its token wrote it:
a text of another account that bears the marker is neither changed nor believed.

Environment variables of continuous integration are read here and in `ci` only; tokens come from
nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ccstate.authority import Approval
from ccstate.errors import Diagnostic

__all__ = ["ChangeRequest", "Check", "Conclusion", "Forge", "from_environment"]

Conclusion: TypeAlias = Literal["success", "failure", "neutral", "action_required"]
"""Result of a check; hosts that know fewer of them show the nearest."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull request or merge request, as its host shows it now."""

    number: int
    """Number within the repository, as people write it: #12, !12."""
    address: str
    """URL of its page."""
    author: str
    """Login of who opened it."""
    title: str
    body: str
    base_commit: str
    """Commit on the base branch that the host compares with."""
    head_commit: str
    """Last commit of what is proposed."""
    base_branch: str = ""
    head_branch: str = ""
    merged_commit: str = ""
    """Commit on the base branch that brought it in; "" while it is not merged."""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of looking at a commit, such as its plan: shown beside it, and by its name required."""

    name: str
    conclusion: Conclusion
    title: str
    """What came out, in a few words."""
    summary: str
    """The same at length, as Markdown."""
    annotations: Sequence[Diagnostic] = ()
    """Problems at their lines; files are named from the top of the repository."""


class Forge(Protocol):
    """The calls that ccstate makes of a code host.

    `marker` is a word of small letters, digits and hyphens that names one text, such as `plan` or
    `drift`. Bodies are Markdown, given and returned without the line of the marker. Every method
    raises InvalidInput where the host refuses, and Unreadable where it does not answer.
    """

    @property
    def name(self) -> str:
        """Name of the host for people: `GitHub`."""

    @property
    def longest_body(self) -> int:
        """Characters that a body may have; a longer one raises InvalidInput before it is sent."""

    def change(self, number: int) -> ChangeRequest:
        """Read a change request."""

    def change_of(self, commit: str) -> ChangeRequest | None:
        """Find the merged change request that a commit of the base branch came from."""

    def approvals(self, change: int) -> tuple[Approval, ...]:
        """Read who approves of the last commit of a change request, by login.

        Of each person the latest review counts; dismissed ones, and those of an earlier commit, do
        not.
        """

    def read_comment(self, change: int, marker: str) -> str | None:
        """Read the body of our comment with the marker; None where there is none."""

    def write_comment(self, change: int, marker: str, body: str) -> str:
        """Make our comment with the marker say this; returns its address."""

    def write_check(self, commit: str, check: Check) -> str:
        """Report a check of a commit, in place of an earlier one of its name; returns its address."""

    def open_issue(self, marker: str, title: str, body: str) -> str:
        """Make our open issue with the marker say this, opened if there is none; returns its address."""

    def close_issue(self, marker: str, comment: str) -> str:
        """Close our open issue with the marker, with a comment; returns its address, "" where none."""

    def open_markers(self) -> tuple[str, ...]:
        """Read the markers of our open issues."""

    def page_of_commit(self, commit: str) -> str:
        """Build the address of a commit's page; "" where the host has none."""

    def page_of_file(self, branch: str, path: str) -> str:
        """Build the address of a file on a branch, as the host shows it; "" where it does not."""

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        """Propose a branch that was pushed for the base; returns the address of the change request.

        Where there is an open one from this branch to this base already, it is that.
        """


def from_environment(environment: Mapping[str, str]) -> Forge | None:
    """Return the code host that the environment names; None where it names none.

    Raises InvalidInput where a variable is missing or cannot be used.
    """
    from ccstate.forge.environment import connect  # with urllib3, which no other command needs

    return connect(environment)
