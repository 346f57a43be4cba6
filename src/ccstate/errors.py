"""Places, problems, and the exceptions that carry them.

    CcstateError                exit  what it means
    ├── InvalidInput             1    files, arguments or a connection that cannot be used
    ├── Unreadable               1    a platform's answer cannot be trusted
    ├── Blocked                  3    a limit, a protection, a stale or edited plan: nothing was written
    └── Locked                   5    another process is applying

Every one of them carries diagnostics; the command line prints those and never a traceback.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file; line and column count from 1, 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column or 1}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: where it is, what it is, why it matters, what to do next."""

    code: str
    message: str
    span: Span | None = None
    cause: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR


class Code:
    """An entry of a catalogue of codes: what is said of a problem, with the names of its values.

    It is written as people read it: code and message, a line with the cause, a line with the hint,
    each going on in lines that are indented further; `warning: ` before the code where it is one.
    A problem is made by calling it: `codes.TARGET_UNKNOWN(Span(FILE), name="prod", known="demo")`.
    Values are put in as they are: braces in one of them mean nothing.
    """

    __slots__ = ("cause", "code", "hint", "message", "severity")

    def __init__(self, text: str) -> None:
        first, *rest = text.replace("\n    ", " ").splitlines()
        head = first.removeprefix("warning: ")
        self.severity = Severity.ERROR if head == first else Severity.WARNING
        self.code, _, self.message = head.partition(" ")
        parts = [line.removeprefix("  ") for line in rest]
        self.hint = next((p.removeprefix("hint: ") for p in parts if p.startswith("hint: ")), "")
        self.cause = next((p for p in parts if not p.startswith("hint: ")), "")

    def __call__(self, span: Span | None = None, /, **values: object) -> Diagnostic:
        """Make the problem at a place, with these values."""
        message, cause, hint = (
            text.format_map(values) for text in (self.message, self.cause, self.hint)
        )
        return Diagnostic(self.code, message, span, cause, hint, self.severity)


def sort_key(problem: Diagnostic) -> tuple[str, int, int, str, str]:
    """The order in which problems are shown: by place, then code, then words."""
    span = problem.span or Span("")
    return (span.file, span.line, span.column, problem.code, problem.message)


class CcstateError(Exception):
    """Something that the user can act upon; `problems` is never empty."""

    exit_code = 1

    def __init__(self, problems: Diagnostic | Iterable[Diagnostic]) -> None:
        found = [problems] if isinstance(problems, Diagnostic) else problems
        self.problems = tuple(sorted(found, key=sort_key))
        super().__init__("; ".join(problem.message for problem in self.problems))


class InvalidInput(CcstateError):
    """What the user gave cannot be used: files, arguments, a connection."""


class Unreadable(CcstateError):
    """A platform did not answer, or answered something that cannot be trusted."""


class Blocked(CcstateError):
    """Refused before the first write: a limit, a protection, a stale or edited plan."""

    exit_code = 3


class Locked(CcstateError):
    """Another apply holds the lock, or the project is frozen."""

    exit_code = 5
