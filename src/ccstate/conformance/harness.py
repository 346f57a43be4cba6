"""The harness that an adapter's author gives to the suite: the platform, and a way past ccstate."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from ccstate.adapter import Adapter
from ccstate.model import Address, Change, Fields


class Failed(AssertionError):
    """A breach of the contract by the adapter; the text says where, and what was expected."""


def expect(condition: object, message: str) -> None:
    """Raise Failed with this message where the condition does not hold."""
    if not condition:
        raise Failed(message)


class Harness(Protocol):
    """One platform for the suite alone: everything on it will be deleted."""

    def connect(self) -> Adapter:
        """Connect to the same platform anew."""

    def reset(self) -> None:
        """Make the platform empty, its ledger included, and whole again after `break_`."""

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """Replace one object as an administrator would, past ccstate; None removes it.

        Write on the platform what an administrator would write there, and nothing of what the
        adapter notes for itself: records and ledger stay as they are. Fields that the platform has
        no place for are left out. The fields are all of them, with the secrets themselves where
        desired state refers to them.
        """


@runtime_checkable
class CarriesOut(Protocol):
    """A harness of a platform that people change: somebody does what the adapter hands over."""

    def carry_out(self, changes: Sequence[Change], sheets: Sequence[str]) -> None:
        """Do on the platform what the sheets say, as somebody would who knows nothing else, and sign it off."""


@runtime_checkable
class Restorable(Protocol):
    """A harness that can also bring back a state in less time than it takes to make it.

    Most cases begin with objects that an earlier case has made, planned, applied and confirmed; the
    suite then restores what that case made.
    """

    def save(self) -> object:
        """Return the platform's whole state, ledger included, for `restore`."""

    def restore(self, saved: Any) -> None:
        """Make the platform, which `reset` made empty, as it was when `saved` was returned."""


@runtime_checkable
class Breakable(Protocol):
    """A harness that can also make the platform unreadable; the suite then tries that too."""

    def break_(self) -> None:
        """Let the platform stop answering, or answer nonsense, until `reset`."""
