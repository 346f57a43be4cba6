"""Git's memory: who changed an object, when, on whose word, and what became of it."""

from ccstate.history.changes import CommitAction, FieldChange
from ccstate.history.commits import head_commit, would_be_committed
from ccstate.history.entries import Entry, history

__all__ = ["CommitAction", "Entry", "FieldChange", "head_commit", "history", "would_be_committed"]
