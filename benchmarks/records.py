"""Measures history, blame and audit on a long history: `python benchmarks/records.py [PULLS] [COMMITS]`.

Makes a repository by git fast-import: so many pull requests, merged one after the other, with so many
commits in all, a desired state of 24 files, and for each merge a plan that was applied and its record on
the branch ccstate-record, chained as applies chain them. The table in Markdown goes to standard output.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
from measure import best

FILES = 24
QUEUES = 40
"""Queues in each file: 960 objects, 5 kB a file."""
BEGAN = 1_700_000_000
CCSTATE = (sys.executable, "-m", "ccstate")
PROJECT = (
    b"version: 1\ntargets:\n  sydney: {adapter: embedded, connection: {path: .ccstate/p.db}}\n"
)


class Centre:
    """The desired state, as it is after so many changes."""

    def __init__(self) -> None:
        self.wrap_up = [[10] * QUEUES for _ in range(FILES)]

    def change(self, number: int) -> tuple[int, int, int, int]:
        """Change one field of one queue: the file, the queue, and the value before and after."""
        file, queue = number % FILES, (number // FILES) % QUEUES
        before = self.wrap_up[file][queue]
        after = before % 50 + 1
        self.wrap_up[file][queue] = after
        return file, queue, before, after

    def content(self, file: int) -> bytes:
        lines = ["queues:"]
        for queue, seconds in enumerate(self.wrap_up[file]):
            lines += [
                f"  q{file}-{queue}:",
                f"    label: Queue {queue} of file {file}",
                f"    wrap_up: {seconds}s",
                "    ring_for: 20s",
                "    service_level: {percent: 80, within: 20s}",
            ]
        return "\n".join(lines).encode() + b"\n"


def data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def commit(ref: str, mark: int, when: int, message: str, *parents: int) -> bytes:
    """The head of one commit of the stream."""
    who = f"Priya Nair <priya@brolga-energy.example> {when} +1100"
    lines = [f"commit {ref}", f"mark :{mark}", f"author {who}", f"committer {who}"]
    text = "\n".join(lines).encode() + b"\n" + data(message.encode())
    if parents:
        text += f"from :{parents[0]}\n".encode()
    for parent in parents[1:]:
        text += f"merge :{parent}\n".encode()
    return text


Change = tuple[int, int, int, int]


def history(pulls: int, commits: int) -> Iterator[tuple[bytes, int, int, int, list[Change]]]:
    """The stream of main; of each merge its number, mark, time and changes (0 for what is none)."""
    centre = Centre()
    mark, when = 1, BEGAN
    first = commit("refs/heads/main", mark, when, "Everything\n\nRequest: CHG-0")
    first += b"M 100644 inline ccstate.yaml\n" + data(PROJECT)
    for file in range(FILES):
        first += f"M 100644 inline desired_state/f{file}.yaml\n".encode() + data(
            centre.content(file)
        )
    yield first, 0, 0, 0, []
    main, number = mark, 0
    for pull in range(1, pulls + 1):
        last, changes = main, []
        branch = commits * pull // pulls - commits * (pull - 1) // pulls - 1
        for _ in range(branch):
            mark, when, number = mark + 1, when + 60, number + 1
            change = centre.change(number)
            text = commit(f"refs/heads/pull-{pull}", mark, when, f"Change {number}", last)
            path = f"M 100644 inline desired_state/f{change[0]}.yaml\n"
            yield text + path.encode() + data(centre.content(change[0])), 0, 0, 0, []
            last = mark
            changes.append(change)
        mark, when = mark + 1, when + 60
        message = (
            f"Merge pull request #{pull}\n\nRequest: CHG-{pull}\nRequested-by: Dana Wu\nReason: x"
        )
        text = commit("refs/heads/main", mark, when, message, main, last)
        for file in sorted({change[0] for change in changes}):
            text += f"M 100644 inline desired_state/f{file}.yaml\n".encode()
            text += data(centre.content(file))
        text += f"reset refs/heads/pull-{pull}\nfrom 0000000000000000000000000000000000000000\n\n".encode()
        yield text, pull, mark, when, changes
        main = mark


def plan(merge: str, when: str, changes: list[Change], before: dict[str, str]) -> dict[str, bytes]:
    """The files of one applied plan, by name, with its id as `id`."""
    ends = {f"queue/q{c[0]}-{c[1]}": (c[2], c[3]) for c in changes}
    said = {
        "commit": merge,
        "platforms": {"sydney": {"adapter": "embedded", "connection": "0"}},
        "steps": [
            {
                "target": "sydney",
                "changes": [
                    {
                        "address": address,
                        "action": "update",
                        "why": "you changed it",
                        "edits": [
                            {
                                "path": "wrap_up",
                                "before": f"{old}s",
                                "after": f"{new}s",
                                "why": "you changed it",
                            }
                        ],
                    }
                    for address, (old, new) in ends.items()
                ],
            }
        ],
    }
    digest = hashlib.sha256(orjson.dumps(said)).hexdigest()
    authority = {
        "request": {"request": "CHG-1", "requested_by": "Dana Wu"},
        "approvals": [{"by": "lee", "at": when, "source": "review"}],
        "author": "priya",
        "applied_by": "ann",
        "host": "ci-7",
    }
    events = [{"event": "started", "plan": digest, "authority": authority}]
    for event in ("attempted", "done", "confirmed"):
        events += [{"event": event, "target": "sydney", "address": address} for address in ends]
    events.append({"event": "finished"})
    journal = b"".join(
        orjson.dumps({"seq": seq, "at": when, "target": "", "address": "", "reason": "", **event})
        + b"\n"
        for seq, event in enumerate(events, start=1)
    )
    files = {
        "plan.json": orjson.dumps(said),
        "plan.md": b"# Plan\n" * 40,
        "journal.jsonl": journal,
        "receipt.md": b"# Receipt\n" * 20,
    }
    record = {
        "format": 1,
        "plan": digest,
        "commit": merge,
        "started": when,
        "finished": when,
        "outcome": "confirmed",
        "changes": len(ends),
        "confirmed": len(ends),
        "authority": authority,
        "before": before,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    return {**files, "record.json": orjson.dumps(record), "id": digest[:12].encode()}


def make(folder: Path, pulls: int, commits: int) -> None:
    """Make the repository, with its records, and check out main."""
    git = ("git", "-C", str(folder))
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    merges: list[tuple[int, int, list[Change]]] = []
    marks = folder / ".git" / "marks"
    importing = (*git, "fast-import", "--quiet", f"--export-marks={marks}")
    with subprocess.Popen(importing, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for text, pull, mark, when, changes in history(pulls, commits):
            process.stdin.write(text)
            if pull:
                merges.append((mark, when, changes))
    shas = dict(line.split() for line in marks.read_text(encoding="utf-8").splitlines())
    before: dict[str, str] = {}
    with subprocess.Popen((*git, "fast-import", "--quiet"), stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number, (mark, when, changes) in enumerate(merges, start=1):
            at = moment(when)
            files = plan(shas[f":{mark}"], at, changes, before)
            plan_id = files.pop("id").decode()
            text = commit(
                "refs/heads/ccstate-record",
                number,
                when,
                f"Plan {plan_id}",
                *([number - 1] if number > 1 else []),
            )
            for name, content in files.items():
                text += f"M 100644 inline plans/{plan_id}/{name}\n".encode() + data(content)
            process.stdin.write(text)
            before = {plan_id: hashlib.sha256(files["record.json"]).hexdigest()}
    subprocess.run([*git, "checkout", "--quiet", "--force", "main"], check=True)
    (folder / ".git" / "info" / "exclude").write_text(".ccstate/\n", encoding="utf-8")


def moment(when: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(when + 30, UTC).isoformat(timespec="seconds")


CASES = (
    ("history, 20 commits", 0, ("history", "queue/q3-7")),
    ("history, all", 0, ("history", "queue/q3-7", "--limit", "100000")),
    ("blame", 0, ("blame", "queue/q3-7")),
    ("audit, everything", 0, ("audit", "--since", "2023-01-01", "--format", "csv")),
    ("audit, a month", 0, ("audit", "--since", "2023-11-14", "--until", "2023-12-14")),
    ("audit --check", 0, ("audit", "--check")),
)


def main(pulls: int = 1_000, commits: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "centre")
        make(folder, pulls, commits)
        environment = {**os.environ, "CCSTATE_CACHE": str(Path(place, "cache"))}
        print("| case | pull requests | commits | wall s | CPU s | peak MB |")
        print("|---|--:|--:|--:|--:|--:|")
        for case, code, arguments in CASES:
            run = best(
                (*CCSTATE, "--project", str(folder), *arguments),
                environment,
                repeats=2,
                exit_code=code,
                log=Path(place, "log"),
                before=lambda _: None,
            )
            print(
                f"| {case} | {pulls:,} | {commits:,} | {run.wall:.2f} | {run.cpu:.2f} | {run.peak:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
