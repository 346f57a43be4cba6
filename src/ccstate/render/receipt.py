"""The receipt of an apply, of locks that were removed, and of objects that were adopted."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ccstate.adapter import Holder
from ccstate.apply.confirmation import Settled, Standing
from ccstate.apply.lock import who
from ccstate.apply.perform import ChangeResult, Receipt
from ccstate.authority import Authority, Request, encodable
from ccstate.model import Address, Outcome
from ccstate.render.attention import Sentence, by_people, recorded_only
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    code,
    paragraphs,
    plain,
    well_formed,
)
from ccstate.render.values import SIGNS, STYLES, count_done, name_first, of_kind, plural
from ccstate.report_format import objects as form

FAILED = 50
"""Changes without confirmation that are listed; what is beyond is counted."""
CONFIRMED = 10
MANY = 5
"""So many changes with one reason share it in one line."""
NAMED = 3


OPEN = (
    (Outcome.NOT_CONFIRMED, "Not confirmed", Style.ALARM),
    (Outcome.HANDED_OVER, "Handed over", Style.CHANGE),
    (Outcome.NOT_ATTEMPTED, "Not attempted", Style.CHANGE),
)


def receipt_text(receipt: Receipt, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what the platforms showed when they were read again; what is amiss comes first."""
    blocks = [_header(receipt), *(_open(receipt, *group) for group in OPEN)]
    blocks += [_confirmed(receipt), _kept(receipt), _what_next(receipt), _settled(receipt)]
    return paragraphs(blocks, width, palette)


def _header(receipt: Receipt) -> Iterator[Line]:
    yield 2, (Piece(f"Receipt for plan {receipt.plan_id}", Style.STRONG),)
    yield 2, (Piece(f"Started {receipt.started}, finished {receipt.finished}", Style.DIM),)
    for label, words in authority_words(receipt.authority):
        yield 2, (Piece(f"{label} ", Style.DIM), *plain(words))


def authority_words(authority: Authority) -> Iterator[tuple[str, str]]:
    """Say on whose word something was applied: labels, each with what people wrote, one line each."""
    request = authority.request
    asked = f"{request.request or 'without a number'}"
    asked += f", by {request.requested_by}" if request.requested_by else ""
    asked += f": {request.reason}" if request.reason else ""
    if request != Request():
        yield "Request", asked
    if request.emergency:
        yield "Emergency", request.emergency
    if authority.overruled:
        yield "Beyond the policy", "; ".join(authority.overruled)
    if authority.change:
        yield "Change", authority.change
    if authority.author:
        yield "Author", authority.author
    if authority.approvals:
        yield "Approved by", ", ".join(dict.fromkeys(each.by for each in authority.approvals))
    if authority.agreed:
        yield "Agreed to in the run", f"{authority.agreed} (not what was reviewed)"
    if authority.applied_by:
        on = f" on {authority.host}" if authority.host else ""
        yield "Applied by", authority.applied_by + on
    if authority.run:
        yield "Run", authority.run


def _open(receipt: Receipt, outcome: Outcome, title: str, style: Style) -> Iterator[Line]:
    verdicts = receipt.of(outcome)
    if verdicts:
        yield 2, (Piece(f"{title}: {_share(verdicts, receipt)}", style),)
    groups = _group_failures(verdicts)
    left = _others(verdicts, groups)
    for (target, reason), alike in groups:
        words = f"{plural(len(alike), 'change')}: {_named(alike)}"
        yield 6, (*plain(f"  {words}"), Piece(f"  on {target}", Style.DIM))
        yield 6, plain(f"      {reason}")
    for verdict in left[:FAILED]:
        change = verdict.change
        yield (
            6,
            (
                Piece(f"  {SIGNS[change.action]} {change.address}", STYLES[change.action]),
                Piece(f"  on {change.target}", Style.DIM),
            ),
        )
        yield 6, plain(f"      {_reason(verdict)}")
    if len(left) > FAILED:
        yield 4, (Piece(f"  … and {len(left) - FAILED:,} more", Style.DIM),)


def _reason(verdict: ChangeResult) -> str:
    if verdict.outcome is Outcome.HANDED_OVER:
        what = "asked of the vendor" if verdict.change.method == "vendor" else "by hand"
        said = f"; {verdict.reason}, and not confirmed yet" if verdict.reason else ""
        return f"{what}: {verdict.sheet}{said}"
    return verdict.reason or "the platform gave no reason"


Alike: TypeAlias = list[tuple[tuple[str, str], list[ChangeResult]]]


def _group_failures(verdicts: Sequence[ChangeResult]) -> Alike:
    """Group changes that failed for one reason: a platform that takes a batch whole fails it so."""
    found: dict[tuple[str, str], list[ChangeResult]] = {}
    for verdict in verdicts:
        found.setdefault((verdict.change.target, _reason(verdict)), []).append(verdict)
    return [(key, alike) for key, alike in found.items() if len(alike) >= MANY]


def _others(verdicts: Sequence[ChangeResult], groups: Alike) -> list[ChangeResult]:
    grouped = {key for key, _ in groups}
    return [v for v in verdicts if (v.change.target, _reason(v)) not in grouped]


def _named(verdicts: Sequence[ChangeResult]) -> str:
    names = [str(verdict.change.address) for verdict in verdicts[:NAMED]]
    more = f" and {len(verdicts) - NAMED:,} more" if len(verdicts) > NAMED else ""
    return ", ".join(names) + more


def _share(verdicts: Sequence[ChangeResult], receipt: Receipt) -> str:
    return f"{len(verdicts):,} of {plural(len(receipt.results), 'change')}"


def _confirmed(receipt: Receipt) -> Iterator[Line]:
    verdicts = receipt.of(Outcome.CONFIRMED)
    if not verdicts:
        return
    changes = [verdict.change for verdict in verdicts]
    yield 2, (Piece(f"Confirmed: {_share(verdicts, receipt)} ({count_done(changes)})", Style.ADD),)
    if len(changes) <= CONFIRMED:
        for change in changes:
            sign = Piece(f"  {SIGNS[change.action]} ", STYLES[change.action])
            yield 6, (sign, *plain(str(change.address)), Piece(f"  on {change.target}", Style.DIM))
        return
    kinds: dict[str, int] = {}
    for change in changes:
        kinds[change.address.kind] = kinds.get(change.address.kind, 0) + 1
    yield 4, plain("  " + ", ".join(of_kind(count, kind) for kind, count in kinds.items()))


def _kept(receipt: Receipt) -> Iterator[Line]:
    for sentence in _recorded_only(receipt) if receipt.of(Outcome.CONFIRMED) else ():
        words = f"On {sentence.target}, {sentence.words}: "
        yield 2, plain(words + name_first(sentence.names, sentence.about))


def _recorded_only(receipt: Receipt) -> Iterator[Sentence]:
    return recorded_only(receipt.kept, by_people(each.change for each in receipt.results))


_STANDING: Mapping[Standing, tuple[str, Style]] = {
    Standing.STAYS: ("The change stays: it was confirmed", Style.ADD),
    Standing.TAKEN_BACK: ("The change was taken back", Style.ALARM),
    Standing.NOT_TAKEN_BACK: ("The change could not be taken back", Style.ALARM),
}


def _settled(receipt: Receipt) -> Iterator[Line]:
    settled = receipt.settled
    if settled is None:
        return
    words, style = _STANDING[settled.standing]
    by = f" by {settled.by}" if settled.by else ""
    yield 2, (Piece(f"{words}{by}, {settled.at}.", style),)
    if settled.reason:
        yield 2, plain(f"Reason: {settled.reason}")
    if settled.plan:
        yield 2, plain(f"The way back: ccstate show {settled.plan}")


def _what_next(receipt: Receipt) -> Iterator[Line]:
    if receipt.settled and receipt.settled.standing is Standing.TAKEN_BACK:
        return
    confirmed, total = len(receipt.of(Outcome.CONFIRMED)), len(receipt.results)
    if receipt.waits:
        for words, command in _steps_of_people(receipt):
            yield 2, (*plain(f"{words}  "), Piece(command, Style.STRONG))
    elif confirmed == total:
        yield 2, (Piece(all_is_well(total), Style.ADD),)
    elif receipt.corrective:
        yield (
            2,
            (
                *plain("To bring about what is missing:  "),
                Piece(f"ccstate apply {receipt.corrective}", Style.STRONG),
            ),
        )
    else:
        yield (
            2,
            (
                *plain("To see what is missing now:  "),
                Piece("ccstate plan", Style.STRONG),
            ),
        )


def _steps_of_people(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """Say what comes next where changes are handed over, each with its command."""
    yield "When what the sheets say is done:", f"ccstate sign-off {receipt.plan_id}"
    yield "With a new export in place, to confirm it:", f"ccstate apply {receipt.plan_id}"


def all_is_well(total: int) -> str:
    if not total:
        return "There was nothing to do."
    return f"Every change is confirmed: {total:,} of {total:,}."


def receipt_markdown(receipt: Receipt) -> str:
    """Write the receipt as a comment: bounded, and nothing in it comes alive."""
    confirmed, total = receipt.of(Outcome.CONFIRMED), len(receipt.results)
    verdict = all_is_well(total)
    if len(confirmed) < total:
        verdict = f"{len(confirmed):,} of {plural(total, 'change')} confirmed"
    if receipt.settled and receipt.settled.standing is not Standing.STAYS:
        verdict = _STANDING[receipt.settled.standing][0].lower()
    blocks = [f"### Receipt for plan {code(receipt.plan_id)}: {verdict.rstrip('.')}"]
    blocks += [
        f"**{title}: {_share(verdicts, receipt)}**\n\n" + "\n".join(_items(verdicts))
        for outcome, title, _ in OPEN
        if (verdicts := receipt.of(outcome))
    ]
    if confirmed:
        what = count_done(entry.change for entry in confirmed)
        blocks.append(f"Confirmed by reading the platforms again: {what}.")
        for sentence in _recorded_only(receipt):
            fields = name_first([code(name, 100) for name in sentence.names], sentence.about)
            blocks.append(f"On {code(sentence.target, 100)}, {sentence.words}: {fields}.")
    blocks += _what_next_markdown(receipt)
    if receipt.settled:
        blocks.append("\n".join(_settled_markdown(receipt.settled)))
    if said := list(authority_words(receipt.authority)):
        blocks.append("\n".join(f"- {label}: {code(words)}" for label, words in said))
    times = f"{code(receipt.started)} to {code(receipt.finished)}"
    return "\n\n".join([*blocks, f"<sub>{times}</sub>"]) + "\n"


def _what_next_markdown(receipt: Receipt) -> Iterator[str]:
    if receipt.settled and receipt.settled.standing is Standing.TAKEN_BACK:
        return  # nothing is missing of what was taken back
    if receipt.waits:
        steps = _steps_of_people(receipt)
        yield "\n".join(f"- {words} {code(command)}" for words, command in steps)
    elif receipt.corrective:
        yield f"What is missing is planned: {code(f'ccstate apply {receipt.corrective}')}"
    elif not receipt.confirmed:
        yield f"To see what is missing now: {code('ccstate plan')}"


def _settled_markdown(settled: Settled) -> Iterator[str]:
    yield f"**{_STANDING[settled.standing][0]}.**\n"
    if settled.by:
        yield f"- Decided by: {code(settled.by)}"
    yield f"- At: {code(settled.at)}"
    if settled.reason:
        yield f"- Reason: {code(settled.reason)}"
    if settled.plan:
        yield f"- Way back: plan {code(settled.plan)}"


def _items(verdicts: Sequence[ChangeResult]) -> Iterator[str]:
    groups = _group_failures(verdicts)
    left = _others(verdicts, groups)
    for (target, reason), alike in groups:
        what = f"{plural(len(alike), 'change')}: {code(_named(alike), 200)}"
        yield f"- {what} on {code(target, 100)}: {code(reason)}"
    for verdict in left[:FAILED]:
        address = code(str(verdict.change.address), 200)
        yield f"- {address} on {code(verdict.change.target, 100)}: {code(_reason(verdict))}"
    if len(left) > FAILED:
        yield f"- … and {len(left) - FAILED:,} more"


def receipt_json(receipt: Receipt) -> str:
    """Write what became of every change of an apply."""
    changes = [
        form.Settled(
            target=verdict.change.target,
            address=str(verdict.change.address),
            action=verdict.change.action.value,
            outcome=verdict.outcome.value,
            reason=well_formed(verdict.reason),
            method=verdict.change.method,
            sheet=well_formed(verdict.sheet),
        )
        for verdict in receipt.results
    ]
    applied = form.Applied(
        plan=receipt.plan_id,
        started=receipt.started,
        finished=receipt.finished,
        confirmed=receipt.confirmed,
        corrective=receipt.corrective,
        kept={name: list(fields) for name, fields in sorted(receipt.kept.items())},
        changes=changes,
        authority=encodable(receipt.authority),
        settled=_settled_form(receipt.settled),
    )
    return as_json(applied)


def _settled_form(settled: Settled | None) -> form.SettledChange | None:
    if settled is None:
        return None
    return form.SettledChange(
        standing=settled.standing.value,
        by=well_formed(settled.by),
        at=settled.at,
        reason=well_formed(settled.reason),
        plan=settled.plan,
    )


APPLY: Report[Receipt] = Report(receipt_text, json=receipt_json)


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The locks that were removed, by target, and the plans whose apply they stopped in."""

    removed: Mapping[str, Holder]
    interrupted: Sequence[str]


def unlocked_text(unlocked: Unlocked, *_: object) -> str:
    """Write a line for each lock that was removed."""
    return "\n".join(
        f"Removed the lock of {who(holder)} on {name}, since {holder.since}."
        for name, holder in unlocked.removed.items()
    )


def unlocked_json(unlocked: Unlocked) -> str:
    """Write the same for programs."""
    locks = [
        form.Removed(
            target=target,
            owner=well_formed(holder.owner),
            pid=holder.pid,
            since=well_formed(holder.since),
            plan=well_formed(holder.plan),
        )
        for target, holder in unlocked.removed.items()
    ]
    return as_json(form.Unlocked(removed=locks, interrupted=list(unlocked.interrupted)))


UNLOCKED: Report[Unlocked] = Report(unlocked_text, json=unlocked_json)


@dataclass(frozen=True, slots=True)
class Adopted:
    """Objects that were adopted into a file, None where there were none to adopt.

    `defaults` are the fields that the project's defaults will set, as `queue ring_for`.
    """

    file: str | None
    addresses: Sequence[Address] = ()
    defaults: Collection[str] = ()
    secrets_left_out: int = 0


def adopted_text(adopted: Adopted, *_: object) -> str:
    """Write what was written, and what to do next; "" where nothing was."""
    if adopted.file is None:
        return ""
    return f"Wrote {plural(len(adopted.addresses), 'object')} to {adopted.file}. Next: ccstate plan"


def adopted_json(adopted: Adopted) -> str:
    """Write the same for programs."""
    written = form.Adopted(
        file=None if adopted.file is None else well_formed(adopted.file),
        adopted=[str(address) for address in adopted.addresses],
        defaults=sorted(adopted.defaults),
        secrets_left_out=adopted.secrets_left_out,
    )
    return as_json(written)


ADOPTED: Report[Adopted] = Report(adopted_text, json=adopted_json)
