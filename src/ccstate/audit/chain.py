"""Whether records are as applies left them: files by their digests, records by those that name them.

What this can and cannot show: docs/audit.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ccstate.apply.confirmation import PENDING
from ccstate.apply.journal import JOURNAL
from ccstate.audit import codes
from ccstate.errors import Diagnostic, Span
from ccstate.history.applies import read_apply
from ccstate.history.record_branch import rewritten
from ccstate.history.records import FILE as RECORD
from ccstate.history.records import Record, read_record, sha256
from ccstate.history.stored_plans import Stored, StoredPlan, stored_plans
from ccstate.plan_file import FOLDER

_FINISHED = b'"event":"finished"'


@dataclass(frozen=True, slots=True)
class Checked:
    """How many records were checked, where they were found, and what is wrong."""

    records: int
    sources: Sequence[str]
    problems: Sequence[Diagnostic]


@dataclass(slots=True)
class _Known:
    """All records that can be seen."""

    digests: dict[str, dict[str, Record]] = field(default_factory=dict)
    """By plan: each copy's digest and content; several where copies differ."""
    problems: list[Diagnostic] = field(default_factory=list)


def check(root: Path) -> Checked:
    """Check every record that can be seen, and the history of the branches of records."""
    known = _Known()
    with stored_plans(root) as stored:
        unrecorded = _read(stored, known)
        sources = stored.sources
    _check_chain(known)
    _check_unrecorded(unrecorded, known)
    known.problems += [
        codes.BRANCH_REWRITTEN(
            Span(each.path),
            commit=each.commit[:10],
            branch=each.branch,
            did=each.did,
            path=each.path,
        )
        for each in rewritten(root)
    ]
    count = len(known.digests)
    if not count and not known.problems:
        known.problems.append(codes.NOTHING_RECORDED())
    unique = list(dict.fromkeys(known.problems))
    return Checked(count, sources, unique)


def _read(stored: Stored, known: _Known) -> list[tuple[str, str]]:
    """Read all records, and hold the files beside each against it; list applies without one."""
    unrecorded: list[tuple[str, str]] = []
    for plan_id, copies in stored.plans.items():
        found: dict[str, Record] = {}
        first: dict[str, str] = {}
        for copy in copies:
            content = copy.content(RECORD)
            if content is None:
                continue
            record = read_record(content)
            if record is None or not record.plan.startswith(plan_id):
                known.problems.append(_changed(copy, RECORD, "It is no record of that plan."))
                continue
            found[sha256(content)] = record
            first.setdefault(sha256(content), copy.source)
            differing = list(_differing_files(copy, record))
            known.problems += differing
            if not differing and (what := _contradiction(copy, record)):
                cause = f"What it says of {what} is not what plan and journal say."
                known.problems.append(_changed(copy, RECORD, cause))
        if len(first) > 1:
            one, other, *_ = first.values()
            span = Span(f"{FOLDER}/{plan_id}/{RECORD}")
            known.problems.append(
                codes.RECORD_COPIES_DIFFER(span, file=RECORD, plan_id=plan_id, one=one, other=other)
            )
        if found:
            known.digests[plan_id] = found
        elif started := _finished_without_record(copies):
            unrecorded.append((plan_id, started))
    return unrecorded


def _changed(copy: StoredPlan, name: str, cause: str) -> Diagnostic:
    path = f"{FOLDER}/{copy.id}/{name}"
    where = cause if copy.source == f"{FOLDER}/" else f"{cause} It stands on {copy.source}."
    return codes.RECORD_CHANGED(Span(path), file=name, plan_id=copy.id, cause=where, path=path)


def _differing_files(copy: StoredPlan, record: Record) -> Iterator[Diagnostic]:
    for name, digest in sorted(record.files.items()):
        content = copy.content(name)
        if content is None:
            cause = f"Its record holds a digest of it; looked at in {copy.source}."
            hint = f"restore it: git log --diff-filter=D -- {FOLDER}/{copy.id}"
            span = Span(f"{FOLDER}/{copy.id}/{name}")
            yield codes.RECORD_GONE(span, what=name, plan_id=copy.id, cause=cause, hint=hint)
        elif sha256(content) != digest:
            yield _changed(copy, name, "Its SHA-256 is not the one that the record holds.")


def _contradiction(copy: StoredPlan, record: Record) -> str:
    """Name what a record says otherwise than the plan and the journal that it holds digests of."""
    apply = read_apply(copy)
    if apply is None:
        return "its plan"
    said = {
        "who applied it, and on whose word": (record.authority, apply.authority),
        "its commit": (record.commit.removesuffix("+"), apply.commit),
        "when it began": (record.started, apply.started),
        "its outcome": (record.outcome, apply.read_back(apply.changes).outcome),
        "whether the change stays": (record.standing, apply.standing),
        "how much was confirmed": (record.confirmed, apply.confirmed),
        "how much was planned": (record.changes, len(apply.changes)),
    }
    return next((what for what, (one, other) in said.items() if one != other), "")


def _finished_without_record(copies: Sequence[StoredPlan]) -> str:
    """Return when the apply began, where its journal ended and none of the copies has a record."""
    for copy in copies:
        journal = copy.content(JOURNAL) or b""
        is_over = _FINISHED in journal and PENDING not in copy.names
        if is_over and RECORD not in copy.names:
            try:
                return str(orjson.loads(journal.split(b"\n", 1)[0])["at"])
            except (ValueError, TypeError, KeyError):
                return ""
    return ""


def _check_chain(known: _Known) -> None:
    """Check that each record that another names is there, and is the one that it names."""
    beginnings = []
    for plan_id, versions in sorted(known.digests.items()):
        for record in versions.values():
            if not record.before:
                beginnings.append((record.started, plan_id))
            for before, digest in sorted(record.before.items()):
                there = known.digests.get(before, {})
                if digest in there:
                    continue
                cause = f"The record of plan {plan_id} names it with another SHA-256."
                path = f"{FOLDER}/{before}/{RECORD}"
                if there:
                    problem = codes.RECORD_CHANGED(
                        Span(path), file=RECORD, plan_id=before, cause=cause, path=path
                    )
                else:
                    hint = f"restore it: git log --all --diff-filter=D -- {FOLDER}/{before}"
                    cause = f"The record of plan {plan_id} names it as the one before."
                    problem = codes.RECORD_GONE(
                        Span(path), what=RECORD, plan_id=before, cause=cause, hint=hint
                    )
                known.problems.append(problem)
    for _, plan_id in sorted(beginnings)[1:]:
        path = f"{FOLDER}/{plan_id}/{RECORD}"
        known.problems.append(codes.CHAIN_BEGINS_AGAIN(Span(path), plan_id=plan_id))


def _check_unrecorded(unrecorded: Sequence[tuple[str, str]], known: _Known) -> None:
    """Report applies that ended without a record, since there are records at all."""
    started = [r.started for versions in known.digests.values() for r in versions.values()]
    for plan_id, at in unrecorded:
        if started and at >= min(started):
            cause = "Its journal says that the apply ended."
            hint = "where its process was killed then, nothing else is wrong; else see git log"
            known.problems.append(
                codes.RECORD_GONE(
                    Span(f"{FOLDER}/{plan_id}/{RECORD}"),
                    what=RECORD,
                    plan_id=plan_id,
                    cause=cause,
                    hint=hint,
                )
            )
