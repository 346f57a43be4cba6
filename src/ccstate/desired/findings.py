"""Problems that know where in a document they are, and become diagnostics with line and column.

The fast reader keeps no positions; they are looked up here, in the files that have a problem.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from ccstate.desired.positions import locate
from ccstate.desired.written import as_written
from ccstate.desired.yaml_values import read
from ccstate.errors import Diagnostic, Severity
from ccstate.kinds import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path in a file: `("queues", "sales", "hours")`."""

    file: str
    path: Path
    code: str
    message: str
    cause: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR
    canonical: bool = False
    """Whether `path` names items of sets by their place in the sorted set, as resources hold it."""


def diagnose(findings: Iterable[Finding], content: Callable[[str], bytes]) -> list[Diagnostic]:
    """The findings with their places; each file is read once more, whatever it has."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.file, []).append(finding)
    problems = []
    for file, group in by_file.items():
        data = content(file)
        paths = _paths(group, data)
        places = locate(data, file, paths)
        problems += [
            Diagnostic(f.code, f.message, places[path], f.cause, f.hint, f.severity)
            for f, path in zip(group, paths, strict=True)
        ]
    return problems


def _paths(findings: list[Finding], data: bytes) -> list[Path]:
    """Where each of the findings in a file is, as the file is written."""
    paths = [finding.path for finding in findings]
    if not any(map(_is_sorted, findings)):
        return paths
    written = as_written(paths, read(data, "")[0])
    return [
        there if _is_sorted(finding) else finding.path
        for finding, there in zip(findings, written, strict=True)
    ]


def _is_sorted(finding: Finding) -> bool:
    return finding.canonical and any(isinstance(step, int) for step in finding.path)


MOST_CANDIDATES = 20_000


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint that names the nearest candidate; "" where none is near."""
    length = len(word)
    near = (c for c in candidates if abs(len(c) - length) <= 3)
    close = get_close_matches(word, islice(near, MOST_CANDIDATES), n=1, cutoff=0.7)
    return f"did you mean {repr_(close[0])}?" if close else ""


def repr_(word: object) -> str:
    """A word in double quotes, cut where it is long."""
    text = str(word)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'
