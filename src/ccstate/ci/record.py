"""Put what applies left on record: plan, journal and receipt on a branch of their own.

By git's objects alone: the branch is not checked out, the working copy and its index stay as they are,
and no hook runs. Where the branch moved meanwhile, the same is put on top of what is there now.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccstate import codes
from ccstate.checkout import refuse_links
from ccstate.ci.job import Job
from ccstate.ci.trees import with_files
from ccstate.errors import InvalidInput
from ccstate.git import GitFailed, Remote, Repository, repository
from ccstate.history.records import FILE, read_record
from ccstate.history.stored_plans import BRANCH
from ccstate.plan_file import FILE as PLAN
from ccstate.plan_file import FOLDER
from ccstate.render.text import safe

LOCAL = f"refs/heads/{BRANCH}"
KNOWN = f"refs/remotes/origin/{BRANCH}"
FILES = (PLAN, "plan.md", "journal.jsonl", "receipt.md", FILE)
TRIES = 6
WAIT = 0.5
"""Seconds before the second try; each later one waits twice as long."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Commit of the branch with everything on it, and the plans that this run has added."""

    commit: str
    plans: tuple[str, ...]


def record(root: Path, job: Job, remote: Remote | None, names: Sequence[str] = ()) -> Recorded:
    """Put the named plans, or all that were begun here, on the branch of records.

    With a remote, the branch there grows by a commit, never by force; without one, the branch of
    this repository. Raises InvalidInput where there is no such plan, or git refuses.
    """
    found = _repository(root)
    folders = {plan_id: root / FOLDER / plan_id for plan_id in names or _begun(root)}
    files = dict(_files(root, found, folders))
    try:
        for attempt in range(TRIES):
            tip = _tip(found, remote)
            recorded = _commit(found, tip, files, job)
            if recorded.commit == tip or _moved(found, remote, tip, recorded.commit):
                return recorded
            time.sleep(WAIT * 2**attempt)
    except GitFailed as failed:
        raise InvalidInput(codes.RECORD_REFUSED(branch=BRANCH, reason=_line(failed))) from None
    raise InvalidInput(
        codes.RECORD_REFUSED(branch=BRANCH, reason="others write to it all the time")
    )


def fetch_records(root: Path, remote: Remote) -> None:
    """Fetch the branch of records, on which the next record names those before it.

    A runner's clone need not have it. Raises InvalidInput where the remote does not answer.
    """
    found = _repository(root)
    try:
        _tip(found, remote)
    except GitFailed as failed:
        raise InvalidInput(codes.RECORDS_UNKNOWN(branch=BRANCH, reason=_line(failed))) from None


def _repository(root: Path) -> Repository:
    try:
        found = repository(root)
    except GitFailed as failed:
        raise InvalidInput(codes.RECORD_REFUSED(branch=BRANCH, reason=_line(failed))) from None
    if found is None:
        reason = "the project is in no git repository"
        raise InvalidInput(codes.RECORD_REFUSED(branch=BRANCH, reason=reason))
    return found


def _begun(root: Path) -> list[str]:
    """List the plans whose apply was begun: they have a journal."""
    return sorted(path.parent.name for path in (root / FOLDER).glob("*/journal.jsonl"))


def _files(
    root: Path, found: Repository, folders: Mapping[str, Path]
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Read the files of plans, each by the parts of its path from the top of the repository."""
    for plan_id, folder in folders.items():
        refuse_links(root, folder, *(folder / name for name in FILES))
        if not plan_id.isalnum() or not (folder / PLAN).is_file():
            raise InvalidInput(codes.RECORD_OF_NOTHING(plan_id=plan_id))
        for name in FILES:
            path = folder / name
            if path.is_file():
                yield tuple(found.inside(path).split("/")), path.read_bytes()


def _tip(found: Repository, remote: Remote | None) -> str:
    """Find the last commit of the branch; "" where there is no branch yet."""
    if remote is None:
        return _commit_of(found, LOCAL) or _commit_of(found, KNOWN)
    listed = found.reach(remote, "ls-remote", "--quiet", remote.address, LOCAL).decode().split()
    if not listed:
        return ""
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
    found.reach(remote, "fetch", *options, remote.address, f"+{LOCAL}:{KNOWN}")
    return _commit_of(found, KNOWN)


def _commit_of(found: Repository, name: str) -> str:
    try:
        return found.write("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except GitFailed:
        return ""


def _moved(found: Repository, remote: Remote | None, tip: str, commit: str) -> bool:
    """Move the branch from its tip to a commit; return whether it was still there."""
    try:
        if remote is None:
            # All zeros: it must not be there yet.
            old = _commit_of(found, LOCAL) or "0" * len(commit)
            if old.strip("0") and old != tip:
                return False
            found.write("update-ref", LOCAL, commit, old)
            return True
        found.reach(remote, "push", "--porcelain", "--quiet", remote.address, f"{commit}:{LOCAL}")
    except GitFailed as failed:
        said = str(failed)
        # A hook that declined, as of a protected branch, declines the next try, too.
        if "hook declined" not in said and ("rejected" in said or "cannot lock ref" in said):
            return False
        raise
    found.write("update-ref", KNOWN, commit)
    return True


def _commit(
    found: Repository, tip: str, files: Mapping[tuple[str, ...], bytes], job: Job
) -> Recorded:
    """Make a commit with the files on top of the tip; the tip itself where it has them all."""
    before = _tree_of(found, f"{tip}^{{tree}}") if tip else ""
    tree = with_files(found, before, files)
    if tip and tree == before:
        return Recorded(tip, ())
    plans = tuple(dict.fromkeys(parts[-2] for parts in files))
    message = "\n".join(_message(plans, files, job))
    return Recorded(found.commit_tree(tree, [tip] if tip else [], message), plans)


def _tree_of(found: Repository, name: str) -> str:
    return found.write("rev-parse", "--verify", "--quiet", name)


def _message(
    plans: Sequence[str], files: Mapping[tuple[str, ...], bytes], job: Job
) -> Iterator[str]:
    yield f"Records of {len(plans)} plans" if len(plans) > 1 else f"Plan {plans[0]}"
    yield ""
    for parts, content in files.items():
        if parts[-1] == FILE and (said := read_record(content)):
            yield (
                f"{parts[-2]}: {said.outcome}, {said.confirmed} of {said.changes} changes, "
                f"from commit {safe(said.commit)}, by {safe(said.authority.applied_by)}"
            )
    if job.address:
        yield f"Run: {job.address}"


def _line(failed: GitFailed) -> str:
    """Say on one line why: what became of the branch, and what the host says of it, or git's first line."""
    lines = str(failed).splitlines()
    # Source: git-push(1), --porcelain: a flag, from:to, and a summary (reason), with tabs between.
    refused = [line.rpartition("\t")[2] for line in lines if line.startswith("!\t")]
    words = [line.removeprefix("remote: ").strip() for line in lines if line.startswith("remote: ")]
    if refused:
        return ": ".join([refused[0], *words[:1]])
    return next(iter(lines), "git does not answer")
