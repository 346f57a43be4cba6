"""On whose word a change was made, as commit messages tell it."""

import re

_TRAILER = re.compile(r"^(?:Request|Change|Ticket|Refs|Closes|Fixes)\s*:\s*(\S.*)$", re.I | re.M)
_MERGED = re.compile(
    r"^Merge(?:d)? (?:pull request|PR) (#[0-9]+)|See merge request \S*(![0-9]+)", re.M
)
_IN_SUBJECT = re.compile(r"\((?:[\w.-]+/[\w.-]+)?([#!][0-9]+)\)\s*$")
_LONGEST = 100


def request_in(message: str) -> str:
    """The request that a message names, `CHG-123` or `#12`; "" where it names none."""
    subject, _, _ = message.partition("\n")
    if found := _TRAILER.search(message):
        return found[1].strip()[:_LONGEST]
    if found := _MERGED.search(message):
        return found[1] or found[2]
    if found := _IN_SUBJECT.search(subject):
        return found[1]
    return ""
