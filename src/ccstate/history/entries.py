"""The history of one object: commits that changed it, newest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ccstate import codes
from ccstate.desired.documents import parse
from ccstate.desired.findings import did_you_mean
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.history.applied import applied, of_commit
from ccstate.history.changes import (
    FieldChange,
    Happened,
    Version,
    compared,
    together,
    version_in,
)
from ccstate.history.commits import Log
from ccstate.history.requests import request_in
from ccstate.kinds import KINDS
from ccstate.model import Address, Outcome, parse_address


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit that changed the object.

    `date` is ISO 8601 with its offset, `author` is "name <email>". `request` is what the commit,
    or the merge that brought it in, names as its reason: `CHG-123`, `#12`. `outcome` is None
    where no plan was made from the commit or that merge.
    """

    commit: str
    date: str
    author: str
    subject: str
    action: Happened
    edits: tuple[FieldChange, ...] = ()
    request: str = ""
    plan_id: str = ""
    outcome: Outcome | None = None
    reason: str = ""


def history(root: Path, desired_folder: str, address: Address, limit: int) -> list[Entry]:
    """The newest commits that changed the object, from git, and what plans/ says of them.

    Raises InvalidInput where git has no history here, or the object was never in it.
    """
    if address.kind not in KINDS:
        raise InvalidInput([_unknown_kind(address)])
    log = Log(root)
    with log.versions() as content:
        found = list(islice(_differences(log, content, desired_folder, address), limit))
    if not found and limit > 0:
        raise InvalidInput([_unknown(root, desired_folder, address)])
    merges = log.merges() if found else {}
    shas = [difference.commit for difference in found]
    brought = sorted({merges[sha] for sha in shas if sha in merges})
    words = log.words([*shas, *(sha for sha in brought if sha not in shas)])
    plans = applied(root, address)
    entries = []
    for commit, action, edits in found:
        date, author, subject, message = words[commit]
        merge = merges.get(commit, "")
        plan = of_commit(plans, commit, merge)
        entries.append(
            Entry(
                commit=commit,
                date=date,
                author=author,
                subject=subject,
                action=action,
                edits=edits,
                request=request_in(message) or (request_in(words[merge].message) if merge else ""),
                plan_id=plan.plan_id if plan else "",
                outcome=plan.outcome if plan else None,
                reason=plan.reason if plan else "",
            )
        )
    return entries


class _Difference(NamedTuple):
    commit: str
    action: Happened
    edits: tuple[FieldChange, ...]


def _differences(
    log: Log, content: Callable[[str], bytes], folder: str, address: Address
) -> Iterator[_Difference]:
    versions: dict[str, Version] = {"": Version(None)}

    def version(blob: str) -> Version:
        # What a commit found is what the one before it left: each is read once.
        if blob not in versions:
            versions[blob] = version_in(content(blob), address)
        return versions[blob]

    for commit in log.commits(folder):
        after = together(version(file.after) for file in commit.files)
        parents = zip(*(file.before for file in commit.files), strict=True)
        befores = [together(map(version, blobs)) for blobs in parents]
        if commit.sha in log.cut_off:
            if after.fields is not None:
                yield _Difference(commit.sha, Happened.CUT_OFF, ())
            continue
        differences = [compared(address.kind, before, after) for before in befores]
        # A merge changed the object only where it is as in none of the branches.
        first = differences[0]
        if first is not None and None not in differences:
            yield _Difference(commit.sha, *first)


def _unknown_kind(address: Address) -> Diagnostic:
    hint = did_you_mean(address.kind, KINDS) or f"known: {', '.join(KINDS)}"
    return codes.HISTORY_OF_NO_KIND(kind=address.kind, hint=hint)


def _unknown(root: Path, folder: str, address: Address) -> Diagnostic:
    declared = _declared(root, folder)
    if str(address) in declared:
        return codes.NEVER_COMMITTED(address=address)
    names = [parse_address(name).name for name in declared if name.startswith(f"{address.kind}/")]
    hint = did_you_mean(address.name, names) or did_you_mean(str(address), declared)
    return codes.NEVER_DECLARED(
        address=address, hint=hint or "write it as kind/name, such as queue/sales"
    )


def _declared(root: Path, folder: str) -> set[str]:
    declared: set[str] = set()
    if not (root / folder).is_dir():
        return declared
    for entry in yaml_files(root / folder, root):
        if isinstance(entry, Diagnostic):
            continue
        data = content_of(entry[1], entry[0])
        if isinstance(data, bytes):
            document, _, _ = parse(data, entry[0])
            declared |= {f"{kind}/{name}" for kind, name, _ in document.resources}
    return declared
