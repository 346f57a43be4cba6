"""On whose word the commit of a plan is: its trailers, its authors, and approvals that are signed.

A trailer is text, and anyone writes any: an approval by trailer counts only in a commit that is
signed by an SSH key of the person whom it names, as the policy before the change lists keys.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

from ccstate.authority import Approval, Authority, Request
from ccstate.desired.policy import PolicyForm
from ccstate.git import GitFailed, Repository, repository
from ccstate.history.commit_before import parents_of
from ccstate.history.trailers import request_of, trailers
from ccstate.policy.people import by_words

MOST_COMMITS = 1_000
"""Commits of one change that are read."""


class _Commit(NamedTuple):
    sha: str
    date: str
    author: str
    message: str


def authority_of(root: Path, commit: str, base: str, form: PolicyForm) -> Authority:
    """Read what git says of a commit that is applied, and of the commits since its base.

    What files say that are not committed (`+`) is on no one's word: nothing is known of it.
    """
    if not commit or commit.endswith("+"):
        return Authority()
    try:
        found = repository(root)
        return Authority() if found is None else _authority(found, commit, base, form)
    except GitFailed:
        return Authority()


def _authority(found: Repository, commit: str, base: str, form: PolicyForm) -> Authority:
    parents = parents_of(found, commit)
    head = parents[1] if len(parents) > 1 else commit
    since = [f"^{base}"] if base else []
    limit = f"--max-count={MOST_COMMITS}" if base else "--max-count=1"
    change = _commits(found, limit, commit, *since)
    # Without the commits that change no file: those only carry an approval.
    writers = _commits(found, limit, "--no-merges", "--full-history", commit, *since, "--", ".")
    authors = tuple(dict.fromkeys(one.author for one in writers))
    named = [one for sha in dict.fromkeys((commit, head)) for one in change if one.sha == sha]
    keys = form.keys()
    request = _request(change, named)
    signed_by = ""
    for one in named:
        if request.emergency and request_of(one.message).emergency == request.emergency:
            signed_by = signed_by or found.signer(one.sha, keys)
    return Authority(
        request=request,
        approvals=tuple(_approvals(found, named, form)),
        author=authors[0] if authors else (change[0].author if change else ""),
        authors=authors,
        head=head,
        signed_by=signed_by,
    )


def _request(change: Sequence[_Commit], named: Sequence[_Commit]) -> Request:
    """Join what the commits of a change say, the newest first; an emergency is said by the last one."""
    said = Request()
    for one in (*named, *change):
        more = request_of(one.message)
        said = Request(
            **{
                field.name: getattr(said, field.name) or getattr(more, field.name)
                for field in fields(Request)
            }
        )
    last = (request_of(one.message).emergency for one in named)
    return replace(said, emergency=next((words for words in last if words), ""))


def _approvals(found: Repository, named: Sequence[_Commit], form: PolicyForm) -> Iterator[Approval]:
    for one in named:
        approved = [value for key, value in trailers(one.message) if key == "approved-by"]
        if not approved:
            continue
        signer = found.signer(one.sha, form.keys())
        for words in approved:
            if signer and by_words(form, words) == signer:
                yield Approval(by=words, at=one.date, source="trailer", commit=one.sha)
                break


def _commits(found: Repository, *arguments: str) -> list[_Commit]:
    """Read commits of the log, newest first."""
    # As the commit has them: %aN and %aE obey a file .mailmap, by which a branch renames authors.
    form = "--format=%H%x00%cI%x00%an <%ae>%x00%B%x00"
    said = found.output("log", "--topo-order", "--no-show-signature", form, *arguments)
    parts = said.decode(errors="replace").split("\0")
    return [
        _Commit(parts[start].strip("\n"), *parts[start + 1 : start + 4])
        for start in range(0, len(parts) - 4, 4)
    ]
