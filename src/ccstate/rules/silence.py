"""Comments that silence rules: `# ccstate: ignore CC223 the dates of 2027 come out in June`.

Such a comment speaks of its own line, or, alone on its line, of the next one, and of all that
stands below: at the name of a resource it speaks of the whole resource. It counts only with a reason.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ccstate.desired.findings import did_you_mean, quote
from ccstate.desired.positions import Comment, comments
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.rules.rule import Breach, Estate, Reach, Rule

CODE = "CC200"
MARK = b"ccstate:"
"""Bytes without which a file silences nothing."""

_COMMENT = re.compile(r"#+\s*ccstate:\s*ignore\b[\s:]*(?P<codes>(?:CC\w+[\s,;]*)*)(?P<reason>.*)")
_IDLE = "to silence here"
_EXAMPLE = "# ccstate: ignore CC223 the new dates come out in June"


@dataclass(frozen=True, slots=True)
class Silence:
    """The silence of one comment; `used` are those of its codes that had findings."""

    comment: Comment
    codes: tuple[str, ...]
    used: set[str] = field(default_factory=set)


def silences(
    data: bytes, file: str, known: Collection[str]
) -> tuple[list[Silence], list[Diagnostic]]:
    """Read the comments of a file that silence, and the problems of those that silence nothing."""
    found: list[Silence] = []
    wrong: list[Diagnostic] = []
    for comment in comments(data):
        if match := _COMMENT.match(comment.text):
            codes = tuple(dict.fromkeys(re.findall(r"CC\w+", match["codes"])))
            if mistake := _mistake(codes, match["reason"], known):
                wrong.append(_wrong(comment, file, *mistake))
            else:
                found.append(Silence(comment, codes))
    return found, wrong


def _mistake(
    codes: tuple[str, ...], reason: str, known: Collection[str]
) -> tuple[str, str, str] | None:
    """Explain why a comment cannot be followed: message, cause and hint."""
    nothing = "It silences nothing."
    if not codes:
        return "this comment names no rule to ignore", nothing, f"write {_EXAMPLE}"
    if unknown := next((code for code in codes if code not in known), ""):
        hint = did_you_mean(unknown, known) or "`ccstate rule` lists the rules"
        return f"there is no rule {quote(unknown)}", nothing, hint
    if CODE in codes:
        hint = f"mend the comment that {CODE} speaks of, or remove it"
        return f"{CODE} cannot be silenced by a comment", nothing, hint
    if not re.search(r"[^\W\d_]", reason):
        cause = f"{nothing} In a year no reader can know whether it still holds."
        return "this comment gives no reason", cause, f"write {_EXAMPLE}"
    return None


def unused(silence: Silence, file: str, judged: Collection[str]) -> Iterator[Diagnostic]:
    """Report the codes of a comment, among those of rules that ran, that had no findings there."""
    idle = [code for code in silence.codes if code in judged and code not in silence.used]
    if idle:
        yield _wrong(
            silence.comment,
            file,
            f"there is no {' or '.join(idle)} {_IDLE}",
            "What it silenced is mended, or the comment stands at another line than the message.",
            f"remove {' and '.join(idle)} here, or move the comment",
        )


def is_idle(problem: Diagnostic) -> bool:
    """Tell whether a problem is that a comment has nothing to silence."""
    return problem.code == CODE and problem.message.endswith(_IDLE)


def _wrong(comment: Comment, file: str, message: str, cause: str, hint: str) -> Diagnostic:
    span = Span(file, comment.line, comment.column)
    return Diagnostic(CODE, message, span, cause, hint, Severity.WARNING)


def _no_breaches(_: Estate) -> Iterator[Breach]:
    """Read no comments, for values have none: `judge` reads those, after all rules have run."""
    yield from ()


RULES: tuple[Rule, ...] = (
    Rule(
        CODE,
        "idle-comment",
        Severity.WARNING,
        "A comment that silences a rule gives no reason, or has nothing to silence",
        _no_breaches,
        Reach.UNLABELLED,
    ),
)
