"""What became of a configuration that was imported: objects, lines they do not say, what to do."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ccstate.imports import Calls, Differs, NotFollowed, UnsaidLine
from ccstate.model import Address
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    ONE_LINE,
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    code,
    columns,
    paragraphs,
    plain,
    safe,
    well_formed,
)
from ccstate.render.values import join_words, of_kind, plural
from ccstate.report_format import imports as form

SHOWN = 8
"""Causes that a screen shows."""
LONGEST = 160
"""Characters of what callers hear, on a screen."""


@dataclass(slots=True)
class _Cause:
    """The cause of several differences: a line, and what is different there."""

    about: str
    example: Differs | NotFollowed
    places: set[str]
    count: int = 0


def summary(calls: Calls) -> str:
    """Sum the import up in one line."""
    return (
        f"{plural(calls.compared, 'call')} compared: {calls.same:,} the same, "
        f"{calls.differ:,} differ, {calls.not_followed:,} not followed"
    )


def summary_line(calls: Calls) -> Iterator[Line]:
    is_same = calls.same == calls.compared
    yield 2, (Piece(summary(calls), Style.ADD if is_same else Style.CHANGE),)


def cause_lines(calls: Calls) -> Iterator[Line]:
    """Write the causes of differences, those with most calls first, each with an example."""
    causes = _causes(calls)
    if not causes:
        return
    heading = f"Calls that go otherwise, by cause ({plural(len(causes), 'cause')})"
    yield 2, (Piece(heading, Style.STRONG),)
    for cause in causes[:SHOWN]:
        followed = _is_difference(cause.example)
        sign = Piece("  ~ ", Style.CHANGE) if followed else Piece("  ? ", Style.REMOVE)
        count = plural(cause.count, "way") if cause.count > 1 else "one way"
        if len(cause.places) > 1:
            count += f" at {plural(len(cause.places), 'line')}"
        place = _line_of(cause.example)
        yield 6, (sign, *plain(f"{place}  {cause.about}: {count}, such as"))
        for line in _example(cause.example, LONGEST):
            yield 8, plain(f"      {line}")
    if causes[SHOWN:]:
        yield 6, plain(f"  … and {plural(len(causes) - SHOWN, 'more cause')}")


def _found(calls: Calls) -> list[Differs | NotFollowed]:
    return [*calls.differences, *calls.unfollowed]


def _is_difference(one: Differs | NotFollowed) -> bool:
    return hasattr(one, "before")


def _causes(calls: Calls) -> list[_Cause]:
    """Group differences that are alike but for numbers, and names with numbers."""
    found: dict[tuple[str, ...], _Cause] = {}
    for one in _found(calls):
        about = _about(one)
        calls_say = (getattr(one, "before", ""), getattr(one, "after", ""))
        key = (about, *(_VARIES_IN_CALLS.sub("…", text) for text in calls_say))
        cause = found.setdefault(key, _Cause(about, one, set()))
        cause.places.add(_line_of(one))
        cause.count += getattr(one, "calls", 1)
    return sorted(found.values(), key=lambda cause: -cause.count)


_VARIES_IN_CALLS = re.compile(r"[\w.@/+*«-]*[0-9][\w.@/+*»-]*")


def _line_of(one: Differs | NotFollowed) -> str:
    return safe(f"{one.file}:{one.line}" if one.line else one.file)


def _about(one: Differs | NotFollowed) -> str:
    reason = getattr(one, "about", "") or f"not followed: {getattr(one, 'reason', '')}"
    return safe(re.sub(r"\s+", " ", str(reason)))


def _example(one: Differs | NotFollowed, most: int) -> Iterator[str]:
    """Write an example: who, before, after."""
    did = ", ".join(one.did)
    at = getattr(one, "at", None)
    when = f" at {at:%Y-%m-%d %H:%M}" if at else ""
    yield _cut(f"{one.entry_point}{when}" + (f": {did}" if did else ""), 2 * most)
    if _is_difference(one):
        yield f"before: {_cut(str(getattr(one, 'before', '')), most)}"
        yield f"after: {_cut(str(getattr(one, 'after', '')), most)}"


def _cut(text: str, most: int) -> str:
    text = safe(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def all_calls(calls: Calls) -> Iterator[str]:
    """List every difference and every way that was not followed, a line or more for each."""
    yield summary(calls)
    dialled = f"{plural(calls.numbers, 'number')} dialled"
    yield dialled + (f", {calls.samples:,} of them for all of a pattern" if calls.samples else "")
    for one in _found(calls):
        yield ""
        yield f"{_line_of(one)}  {_about(one)}"
        yield from (f"  {line}" for line in _example(one, 2_000))


def calls_compared(calls: Calls) -> form.CallsCompared:
    """Return the calls as values for JSON."""
    return form.CallsCompared(
        numbers=calls.numbers,
        samples=calls.samples,
        compared=calls.compared,
        same=calls.same,
        differ=calls.differ,
        not_followed=calls.not_followed,
        differences=[
            form.CallDiffers(
                **_where(one),
                about=one.about,
                before=well_formed(one.before),
                after=well_formed(one.after),
                at=one.at.isoformat() if one.at else None,
            )
            for one in calls.differences
        ],
        unfollowed=[
            form.CallNotFollowed(**_where(one), reason=well_formed(one.reason), calls=one.calls)
            for one in calls.unfollowed
        ],
    )


def _where(one: Differs | NotFollowed) -> dict[str, Any]:
    return {
        "call": well_formed(str(one.entry_point)),
        "did": [well_formed(did) for did in one.did],
        "file": well_formed(one.file),
        "line": one.line,
    }


DIFFERS = "differs: "
"""How a reason begins where objects say nearly the same."""
MARKDOWN_LIMIT = 60_000
"""Characters; GitHub refuses comments from 65,536."""
RULES = "CC2"
"""How the codes of rules begin, which can be silenced; other errors cannot."""
NAMED = 3
"""Rules that are named; the rest is counted."""
LISTED = 100
"""Lines that a screen lists; of more, their reasons are counted."""
FILES = 40
"""Files that a screen names; of more, their folders."""
REASONS = 25
"""Reasons that are counted on a screen."""
REPORT_WIDTH = 120
REPORT_BEGINS = "# Report of ccstate import"
"""The first line of a report, by which the next import knows that it may be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import. `made`: addresses by the file that they went to, or would go to."""

    folder: str
    made: Mapping[str, Sequence[Address]]
    listed: Sequence[UnsaidLine]
    said: int
    """Lines that objects say wholly."""
    command: str
    """What says all this again, and writes no YAML."""
    is_written: bool = True
    secrets: Sequence[str] = ()
    """Names of the variables that stand for secrets."""
    in_bundle: bool = False
    """Whether they are names in a bundle instead."""
    secrets_file: str = ""
    """The file with their values; "" where none was written."""
    errors: Sequence[str] = ()
    """Codes of the rules that the desired state breaks now."""
    calls: Calls | None = None
    """What was compared of calls; None where nothing was made."""
    report: str = ""
    """The file that lists everything; "" where none was written."""

    @property
    def objects(self) -> int:
        return sum(map(len, self.made.values()))


def imported_text(found: Import, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what was made, what objects do not say, what to do next; calls come last.

    Of many lines that objects do not say, the reasons are counted; the report has all of them.
    """
    blocks = [_made(found), _key(found)]
    if found.report and len(found.listed) > LISTED:
        blocks.append(_reasons(found))
    else:
        blocks += [_file(name, lines) for name, lines in _by_file(found.listed)]
    if found.calls:
        blocks.append(cause_lines(found.calls))
    blocks.append(_next(found))
    if found.calls:
        blocks.append(summary_line(found.calls))
    return paragraphs(blocks, width, palette)


def full_report(found: Import) -> str:
    """Write everything that an import has to say, for a file."""
    blocks = [_made(found), _key(found)]
    blocks += [_file(name, lines) for name, lines in _by_file(found.listed)]
    text = paragraphs(blocks, REPORT_WIDTH, PLAIN)
    calls = "\n".join(all_calls(found.calls)) if found.calls else ""
    return f"{REPORT_BEGINS}\n\n{text}\n{calls}\n"


def _reasons(found: Import) -> Iterator[Line]:
    """Write why lines are not said: each reason with the number of its lines, and the first."""
    first: dict[str, UnsaidLine] = {}
    counts: Counter[str] = Counter()
    for line in found.listed:
        for reason in line.reasons:
            kind = _VARIES.sub("…", reason)
            first.setdefault(kind, line)
            counts[kind] += 1
    yield 2, (Piece("Why lines are not said, or nearly", Style.STRONG),)
    for kind, count in counts.most_common(REASONS):
        sign = Piece("  ~ ", Style.CHANGE) if kind.startswith(DIFFERS) else _LOST
        where = f"{plural(count, 'line')}, first {_place(first[kind])}: "
        yield 6, (sign, *plain(where, kind.removeprefix(DIFFERS)))
    if len(counts) > REASONS:
        yield 6, plain(f"  … and {plural(len(counts) - REASONS, 'more reason')}")


_LOST = Piece("  - ", Style.REMOVE)
_VARIES = re.compile(r"'[^']*'|[\w.@/+*-]*[0-9][\w.@/+*-]*")
"""What differs in reasons that are alike: numbers, and names with numbers."""


def _made(found: Import) -> Iterator[Line]:
    objects, files = plural(found.objects, "object"), plural(len(found.made), "file")
    if not found.made:
        yield 2, (Piece(f"Nothing of {found.folder} became an object.", Style.ALARM),)
        return
    verb = "Imported" if found.is_written else "Would import"
    yield 2, (Piece(f"{verb} {found.folder}: {objects} in {files}", Style.STRONG),)
    groups = found.made if _is_short(found) else _by_folder(found.made)
    broad = max(columns(safe(name)) for name in groups)
    for name, addresses in sorted(groups.items()):
        pad = " " * (broad - columns(safe(name)))
        yield (
            broad + 6,
            (Piece("  + ", Style.ADD), *plain(f"{name}{pad}  "), Piece(_kinds(addresses))),
        )


def _is_short(found: Import) -> bool:
    """Check whether a screen names every file that was made."""
    return len(found.made) <= FILES


def _by_folder(made: Mapping[str, Sequence[Address]]) -> dict[str, list[Address]]:
    """Group the objects by the folder of their file."""
    groups: dict[str, list[Address]] = {}
    for name, addresses in made.items():
        folder = name.rpartition("/")[0]
        groups.setdefault(f"{folder}/*", []).extend(addresses)
    return groups


def _kinds(addresses: Sequence[Address]) -> str:
    counts: dict[str, int] = {}
    for address in addresses:
        counts[address.kind] = counts.get(address.kind, 0) + 1
    return ", ".join(of_kind(count, kind) for kind, count in sorted(counts.items()))


def _key(found: Import) -> Iterator[Line]:
    if not found.listed:
        yield 2, (Piece(f"Objects say every line: {found.said:,}.", Style.ADD),)
        return
    differ = sum(map(_differs, found.listed))
    lost = len(found.listed) - differ
    yield 2, plain(f"Of the configuration's lines, {found.said:,} are said by objects.")
    if differ:
        yield 2, (Piece(f"  ~ {differ:,} nearly: each with what is different", Style.CHANGE),)
    if lost:
        yield 2, (Piece(f"  - {lost:,} not: each with its reason", Style.REMOVE),)


def _differs(line: UnsaidLine) -> bool:
    return all(reason.startswith(DIFFERS) for reason in line.reasons)


def _by_file(lines: Sequence[UnsaidLine]) -> Iterator[tuple[str, list[UnsaidLine]]]:
    for name, group in groupby(lines, key=lambda line: line.file):
        yield name, list(group)


def _file(name: str, lines: Sequence[UnsaidLine]) -> Iterator[Line]:
    """Write lines of one file; lines in a row with the same reasons have them once."""
    broad = max(columns(_place(line)) for line in lines)
    yield ONE_LINE, (Piece(name or "Elsewhere", Style.STRONG),)
    for (reasons, differs), group in groupby(lines, key=lambda one: (one.reasons, _differs(one))):
        sign = Piece("  ~ ", Style.CHANGE) if differs else Piece("  - ", Style.REMOVE)
        for line in group:
            place = _place(line)
            pad = " " * (broad - columns(place) + 2)
            yield ONE_LINE, (sign, Piece(place, Style.DIM), *plain(pad, line.text))
        for reason in reasons:
            yield 8, plain(f"      {reason.removeprefix(DIFFERS)}")


def _place(line: UnsaidLine) -> str:
    return safe(f"{line.file}:{line.line}" if line.line else line.file)


def _next(found: Import) -> Iterator[Line]:
    yield 2, (Piece("Next", Style.STRONG),)
    for number, (command, words) in enumerate(_steps(found), 1):
        yield 5, (*plain(f"  {number}. "), Piece(command, Style.STRONG), *plain(words))


BY_HAND = """\
Take out of Asterisk's files what is imported now; leave there what is listed above and still \
wanted, transports first of all. Asterisk keeps what it has loaded until it reloads, \
which ccstate apply makes it do. What stays in both, ccstate plan refuses, with its place."""
AS_IT_IS = """\
Mend what is listed above, such as numbers that lack the --prefix of their country, or hours that \
lack a --timezone, and run this again."""
SOURCED = """\
 gives {} their values, for plan and apply. Move them to where your secrets live, and delete \
the file."""
BUNDLED = """\
 gives {} their values, for plan and apply. Encrypt the file with sops, or move its values to \
where your secrets live, and delete it."""
EXPORTED = """\
 in an empty project writes down what {} stand for, such as env:{}: YAML has references only, \
and plan and apply look for the values in their environment."""
JUDGED = """\
 finds {}: {}. As it is, callers meet that today. Mend it; or keep it for now, with a comment at \
that line, `# ccstate: ignore {} why`, or with `rules: {{{}: warning}}` in ccstate.yaml."""


def _steps(found: Import) -> Iterator[tuple[str, str]]:
    """List what to type, and what for."""
    if not found.made:
        yield "", AS_IT_IS
        return
    count = plural(len(found.secrets), "secret")
    if found.secrets_file:
        path = _shell_path(found.secrets_file)
        if found.in_bundle:
            yield f"export CCSTATE_SECRET_BUNDLE={path}", BUNDLED.format(count)
        else:
            yield f"source {path}", SOURCED.format(count)
    if not found.is_written:
        write = found.command.removesuffix(" --dry-run")
        yield write, " writes all this into the desired state."
        return
    if found.secrets and not found.secrets_file:
        secret = found.secrets[0]
        again = found.command.removesuffix(" --dry-run")
        yield f"{again} --secrets FILE", EXPORTED.format(count, secret)
    yield "ccstate validate", _judged(found)
    if found.report:
        yield "", f"Read {found.report}: it lists every line, and every call that goes otherwise."
    yield "", BY_HAND
    yield "ccstate plan", " shows what will be made, and ccstate apply makes it."
    if found.listed:
        yield found.command, " tells all this again."


def _shell_path(path: str) -> str:
    """Write the path so that a shell does not look for it elsewhere."""
    return path if "/" in path else f"./{path}"


def _judged(found: Import) -> str:
    if not found.errors:
        return " finds no error now."
    codes = list(dict.fromkeys(found.errors))
    named = join_words([*codes[:NAMED], *(["others"] if len(codes) > NAMED else [])])
    count = plural(len(found.errors), "error")
    rule = next((code for code in codes if code.startswith(RULES)), "")
    return (
        JUDGED.format(count, named, rule, rule) if rule else f" finds {count}, {named}: mend them."
    )


def imported_json(found: Import) -> str:
    """Write all of it in one object; no value of a secret is in it."""
    body = form.Imported(
        folder=well_formed(found.folder),
        written=found.is_written,
        objects=[
            form.ImportedObject(address=str(address), file=well_formed(name))
            for name, addresses in sorted(found.made.items())
            for address in sorted(addresses)
        ],
        lines_said=found.said,
        lines_listed=[
            form.LineListed(
                file=well_formed(line.file),
                line=line.line,
                text=well_formed(line.text),
                differs=_differs(line),
                reasons=[well_formed(reason) for reason in line.reasons],
            )
            for line in found.listed
        ],
        secrets=list(found.secrets),
        secrets_file=well_formed(found.secrets_file) or None,
        errors=list(found.errors),
        calls=calls_compared(found.calls) if found.calls else None,
        report=well_formed(found.report) or None,
    )
    return as_json(body)


def imported_markdown(found: Import) -> str:
    """Write the same as a comment: bounded, and nothing in it comes alive."""
    verb = "Imported" if found.is_written else "Would import"
    text = f"### {verb} {code(found.folder)}: {plural(found.objects, 'object')}\n\n"
    for name, addresses in sorted(found.made.items()):
        text += f"- {code(name)}: {_kinds(addresses)}\n"
    text += f"\n{found.said:,} lines are said by objects"
    text += f", {plural(len(found.listed), 'line')} not, or nearly:\n" if found.listed else ".\n"
    if found.calls:
        text += f"\n{summary(found.calls)}\n"
    left = len(found.listed)
    for name, lines in _by_file(found.listed):
        text += f"\n**{code(name)}**\n\n"
        for line in lines:
            item = _item(line)
            if len(text) + len(item) > MARKDOWN_LIMIT:
                return f"{text}\n… and {plural(left, 'more line')}: {code(found.command)}\n"
            text += item
            left -= 1
    return text


def _item(line: UnsaidLine) -> str:
    sign = "~" if _differs(line) else "-"
    reasons = "; ".join(code(reason.removeprefix(DIFFERS)) for reason in line.reasons)
    return f"- {code(sign)} {code(_place(line))} {code(line.text, 120)}: {reasons}\n"


IMPORT: Report[Import] = Report(imported_text, json=imported_json, markdown=imported_markdown)
