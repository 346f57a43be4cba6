"""On whose word a change is made: who asked for it, who approved it, who applied it, in which run.

Values only. Trailers of commits and reviews of pull requests become these, policy judges them, and
the journal of an apply keeps them.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from pydantic import TypeAdapter


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


NO_REQUEST = Request()
"""Nothing was asked, as far as is known."""


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

    request: Request = NO_REQUEST
    """What was asked."""
    approvals: tuple[Approval, ...] = ()
    """Who consented, each person once."""
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
    authors: tuple[str, ...] = ()
    """Authors of its commits, each as "name <email>": none of them approves it."""
    head: str = ""
    """Commit that reviewers saw last: the head of the pull request, or of the branch that was merged."""
    signed_by: str = ""
    """Person of the policy whose key signed the commit with the trailer `Emergency:`; "" where none."""
    agreed: str = ""
    """Digest of what the plan does, where a person agreed to it in the run because the reviewed plan did
    something else; "" where the review was of this plan."""
    declared_by: str = ""
    """Person or account that declares the emergency at the apply; "" where a trailer does, or none is."""
    overruled: tuple[str, ...] = ()
    """What the emergency went beyond: code and message of each problem that the policy has."""


NO_AUTHORITY = Authority()
"""Nothing is known of the word on which a change is made."""


def encodable(authority: Authority) -> Authority:
    """Replace halves of characters: names of accounts and hosts may hold what UTF-8 cannot say."""
    found: Authority = _encodable(authority)
    return found


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, tuple):
        return tuple(map(_encodable, value))
    return replace(
        value, **{each.name: _encodable(getattr(value, each.name)) for each in fields(value)}
    )


def parse_authority(said: object) -> Authority:
    """Read an authority as it stands in a file; empty where it says nothing, as in older files.

    Names that this release does not know are passed over. Raises ValueError where it is none.
    """
    return NO_AUTHORITY if said is None else _form().validate_json(orjson.dumps(said), strict=True)


@cache
def _form() -> "TypeAdapter[Authority]":
    from pydantic import TypeAdapter

    return TypeAdapter(Authority)
