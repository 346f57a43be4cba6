"""What git says of the word on which a change is made: the commit's author, and its trailers."""

from pathlib import Path

from ccstate.authority import NO_AUTHORITY, Authority
from ccstate.errors import InvalidInput
from ccstate.history.commits import Log
from ccstate.history.trailers import request_of


def authority_of_commit(root: Path, commit: str) -> Authority:
    """Find who wrote a commit and what it was asked by; empty where git does not have that commit.

    Of files that differ from their commit nothing is known.
    """
    if not commit or commit.endswith("+"):
        return NO_AUTHORITY
    try:
        said = Log(root).words([commit]).get(commit)
    except InvalidInput:
        return NO_AUTHORITY
    return Authority(request_of(said.message), author=said.author) if said else NO_AUTHORITY
