"""Times of reading text of many shapes, at N, 2N and 4N: whatever is not linear shows.

    python benchmarks/texts.py                 every shape, by validate and fmt
    python benchmarks/texts.py comments tabs   some of them

A line for each: milliseconds per KB at each size. Where the last is more than twice the first, the
line says so, and the exit code is 1.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from time import process_time

from ccstate.cli import run

KB = (20, 40, 80)
PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: demo.db}}}\n"
COMMANDS = (("validate",), ("fmt", "--check"), ("validate", "--format", "json"))
QUEUES = "queues:\n"
_LIMIT = 2.0
_NOISE = 0.3
"""Milliseconds per KB below which nothing can be told apart."""


def many(line: str, head: str = "", tail: str = "") -> Callable[[int], str]:
    """So many bytes of one line; `{n}` in it counts."""

    def made(size: int) -> str:
        count = max(size // len(line.replace("{n}", "12345")), 1)
        return head + "".join(line.replace("{n}", str(10_000 + n)) for n in range(count)) + tail

    return made


SHAPES: dict[str, Callable[[int], str]] = {
    "comments": many("#\n", tail="# ccstate:\nqueues: {q: {}}\n"),
    "comments-before": many("#\n", tail="queues: {q: {}}\n"),
    "comments-silencing": many("# ccstate: ignore CC204 because {n}\n", tail="queues: {q: {}}\n"),
    "comments-inside": many(
        "  # c {n}\n", head="queues:\n  q:\n", tail="    label: A\n# ccstate:\n"
    ),
    "comments-behind": many("  q{n}: {}  # ccstate: ignore CC204 why\n", head=QUEUES),
    "comments-alone": many("  # ccstate: ignore CC204 why {n}\n  q{n}: {}\n", head=QUEUES),
    "comments-wrong": many("# ccstate: ignore\n", tail="queues: {q: {}}\n"),
    "blanks": many("\n", head=QUEUES, tail="  q: {}\n# ccstate:\n"),
    "blanks-in-lines": many(" ", head=QUEUES, tail="\n  q: {}\n"),
    "carriage-returns": many("\r", head=QUEUES, tail="  q: {}\n# ccstate:\n"),
    "crlf": many("  q{n}: {label: A}\r\n", head="queues:\r\n", tail="# ccstate:\r\n"),
    "tabs": many("\t", head="queues:\n"),
    "tabs-in-lines": many("\t\t#\n", head="queues:\n"),
    "hashes": many("#", tail=" ccstate: ignore CC204 x\nqueues: {q: {}}\n"),
    "hashes-in-text": many(" #a", head='queues: {q: {label: "', tail='"}}\n# ccstate:\n'),
    "codes": many("CC204 ", head="# ccstate: ignore ", tail="why\nqueues: {q: {}}\n"),
    "codes-cut": many("CC", head="# ccstate: ignore ", tail="!\nqueues: {q: {}}\n"),
    "separators": many(",;", head="# ccstate: ignore CC204", tail="\nqueues: {q: {}}\n"),
    "keys-deep": lambda size: "".join(f"{' ' * n}k:\n" for n in range(20)) * (size // 250),
    "flow-deep": many("[", head="queues: "),
    "flow-maps-deep": many("{a: ", head="queues: "),
    "flow-long": many("{user: u{n}}, ", head="queues: {q: {members: [", tail="]}}\n"),
    "flow-open": many("{user: u{n}}, ", head="queues: {q: {members: ["),
    "flow-commas": many(",", head="queues: {q: {members: [", tail="]}}\n"),
    "scalar-plain": many("word ", head="queues: {q: {label: ", tail="}}\n# ccstate:\n"),
    "scalar-lines": many("    word\n", head="queues:\n  q:\n    label:\n", tail="# ccstate:\n"),
    "scalar-quoted": many('\\"', head='queues: {q: {label: "', tail='"}}\n'),
    "scalar-escapes": many("\\x41", head='queues: {q: {label: "', tail='"}}\n'),
    "scalar-single": many("''", head="queues: {q: {label: '", tail="'}}\n"),
    "scalar-open": many("a\n", head='queues: {q: {label: "'),
    "scalar-folded": many("      a\n\n", head="queues:\n  q:\n    label: >\n", tail="# ccstate:\n"),
    "scalar-literal": many(
        "      # a\n", head="queues:\n  q:\n    label: |\n", tail="# ccstate:\n"
    ),
    "digits": many("1", head="queues: {q: {label: ", tail="}}\n"),
    "numbers": many("  - 0123\n", head="release:\n"),
    "keys-twice": many("  q: {}\n", head=QUEUES),
    "keys-twice-each": many("  q{n}: {}\n  q{n}: {}\n", head=QUEUES),
    "documents": many("---\nqueues: {}\n"),
    "document-ends": many("...\n"),
    "anchors": many("  q{n}: &a{n} {}\n", head=QUEUES),
    "aliases": many("  q{n}: *a\n", head=QUEUES),
    "tags": many("  q{n}: !t {}\n", head=QUEUES),
    "merges": many("  q{n}: {<<: {}}\n", head=QUEUES),
    "questions": many("? a{n}\n"),
    "dashes": many("- ", head="release:\n"),
    "colons": many("a: ", head=""),
    "nul": many("\0", head="queues: {}\n"),
    "bad-utf-8": lambda size: "queues: {q: {label: " + "\udcff" * size + "}}\n",
    "kinds-unknown": many("kind{n}: {}\n"),
    "fields-unknown": many("  q{n}: {foo: 1}\n", head=QUEUES),
    "fields-unknown-in-one": many("    foo{n}: 1\n", head="queues:\n  q:\n"),
    "names-bad": many("  Q {n}: {}\n", head=QUEUES),
    "names-long": many("q", head=QUEUES + "  ", tail=": {}\n"),
    "types-wrong": many("  q{n}: {label: 1}\n", head=QUEUES),
    "members-wrong": many("{user: 1}, ", head="queues: {q: {members: [", tail="]}}\n"),
    "references-unknown": many("  q{n}: {hours: h{n}}\n", head=QUEUES),
    "references-alike": many("  q{n}: {hours: qq}\n", head=QUEUES),
    "releases-bad": many("  - q{n}\n", head="release:\n"),
    "declared-and-released": many("  q{n}: {}\n", head="release: [queue/q10000]\nqueues:\n"),
    "rounds": many("  q{n}: {overflow: {after: 1s, to: queue/q{n}}}\n", head=QUEUES),
    "sites-desks": many(
        "desk{n}, ", head="sites: {a: {timezone: UTC, areas: {b: {desks: [", tail="]}}}}\n"
    ),
    "numbers-unquoted": many("  +6125550{n}: {}\n", head="numbers:\n"),
    "numbers-owned": many('  "{n}": {}\n', head="extensions:\n"),
    "prompts": many(
        "press 1 for sales. ", head="prompts: {p: {languages: {en: {text: '", tail="'}}}}\n"
    ),
    "prompts-keys": many(
        "1, 2 or ", head="prompts: {p: {languages: {en: {text: 'press ", tail="3'}}}}\n"
    ),
    "prompts-blanks": many(
        " ", head="prompts: {p: {languages: {en: {text: 'press", tail="1'}}}}\n"
    ),
    "labels-secret": many("password ", head="queues: {q: {label: '", tail="'}}\n"),
    "labels-secrets": many("password: a{n}b! ", head="queues: {q: {label: '", tail="'}}\n"),
    "labels-word": many("a1", head="queues: {q: {label: 'pin ", tail="'}}\n"),
}


def main() -> int:
    names = sys.argv[1:] or list(SHAPES)
    superlinear = 0
    for name in names:
        for command, costs in measured(SHAPES[name]):
            worse = costs[-1] > _LIMIT * max(costs[0], _NOISE)
            superlinear += worse
            times = "  ".join(f"{cost:9.3f}" for cost in costs)
            print(f"{name:24} {command:24} {times}{'  not linear' if worse else ''}", flush=True)
    return 1 if superlinear else 0


def measured(shape: Callable[[int], str]) -> Iterator[tuple[str, list[float]]]:
    """Milliseconds of processor time per KB for each command, less what an empty file takes."""
    for command in COMMANDS:
        idle = seconds(command, "")
        costs = []
        for kb in KB:
            taken = seconds(command, shape(kb * 1024))
            costs.append(max(taken - idle, 0.0) * 1000 / kb)
            if taken > 20:
                break
        yield " ".join(command), costs


def seconds(command: tuple[str, ...], text: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
        (folder / "desired_state").mkdir()
        path = folder / "desired_state" / "all.yaml"
        path.write_bytes(text.encode(errors="surrogateescape"))
        start = process_time()
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            run(["--project", name, *command])
        return process_time() - start


if __name__ == "__main__":
    sys.exit(main())
