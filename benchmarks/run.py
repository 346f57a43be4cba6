"""Measures ccstate at scale, and octoDNS beside it: `python benchmarks/run.py 1000 10000`.

Every figure is a process of its own, from start to exit, on an estate made for it. The table in
Markdown goes to standard output.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import estate
from measure import Run, best
from rivals import octodns_zones

CCSTATE = (sys.executable, "-m", "ccstate")
CHANGES = 2
"""Exit code of `plan --detailed-exitcode` where something is to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    tool: str
    case: str
    size: int
    run: Run


@dataclass(frozen=True, slots=True)
class Bench:
    """One estate being measured in a folder of its own."""

    folder: Path
    size: int
    repeats: int

    @property
    def project(self) -> Path:
        return self.folder / "estate"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def live(self) -> Path:
        return self.project / ".ccstate" / "platform.db"

    def write(self, changed: estate.Changed, edition: str = "") -> int:
        return estate.write(self.project, self.size, changed=changed, edition=edition)

    def commit(self) -> None:
        """Puts the project into git, as projects are: each plan asks it what differs."""
        (self.project / ".gitignore").write_text(".ccstate/\nplans/\nsecrets/\n", encoding="utf-8")
        git = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@brolga-energy.example"]
        for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Estate"]):
            subprocess.run([*git, *command], cwd=self.project, check=True)

    def measure(
        self,
        case: str,
        *arguments: str,
        before: Callable[[int], None],
        exit_code: int = 0,
        repeats: int = 0,
    ) -> Row:
        references = estate.secrets(self.size).items()
        exported = {r.removeprefix("env:"): s for r, s in references if r.startswith("env:")}
        run = best(
            (*CCSTATE, "--project", str(self.project), *arguments),
            {
                **os.environ,
                **exported,
                "CCSTATE_SECRET_NAMES": "SIP_*",
                "CCSTATE_CACHE": str(self.cache),
                "NO_COLOR": "1",
            },
            repeats=repeats or self.repeats,
            exit_code=exit_code,
            log=self.folder / "log",
            before=before,
        )
        return Row("ccstate", case, self.size, run)

    def forget_parses(self, turn: int = 0) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)

    def forget_everything(self, turn: int = 0) -> None:
        """An empty platform, no plan, no parse."""
        self.forget_parses()
        for folder in (".ccstate", "plans"):
            shutil.rmtree(self.project / folder, ignore_errors=True)

    def rewind_apply(self, turn: int) -> None:
        """As it was when the plan was made; the seals of the plan belong to that platform's file."""
        kept = self.folder / "planned.db"
        if turn == 0:
            shutil.copy(self.live, kept)
            return
        shutil.copy(kept, self.live)
        for done in [
            *self.project.glob("plans/*/journal.jsonl"),
            *self.project.glob("plans/*/receipt.md"),
            *self.project.glob(".ccstate/latest-plan"),
        ]:
            done.unlink()


def ccstate(bench: Bench) -> Iterator[Row]:
    """Every case, in the order of a project's life."""

    def nothing(turn: int) -> None:  # noqa: ARG001  # called before each run
        return

    def edit_one_file(turn: int) -> None:
        bench.write(estate.one_file, f" (edition {turn})")

    plan = ("plan", "--detailed-exitcode")
    bench.write(estate.unchanged)
    bench.commit()
    yield bench.measure("--help", "--help", before=nothing)
    yield bench.measure("validate, cold", "validate", before=bench.forget_parses)
    yield bench.measure("validate, warm", "validate", before=nothing)
    yield bench.measure(
        "plan, all to create, cold", *plan, before=bench.forget_everything, exit_code=CHANGES
    )
    yield bench.measure("apply of that", "apply", before=bench.rewind_apply)
    yield bench.measure("plan, nothing to do, cold", *plan, before=bench.forget_parses)
    yield bench.measure("plan, nothing to do, warm", *plan, before=nothing)
    yield bench.measure("verify, warm", "verify", before=nothing)
    yield bench.measure(
        "plan, one file changed, warm", *plan, before=edit_one_file, exit_code=CHANGES
    )
    bench.write(estate.one_percent, " (new)")
    yield bench.measure(
        "plan, 1 % changed, cold", *plan, before=bench.forget_parses, exit_code=CHANGES
    )


def octodns_sync() -> Path:
    """Its program; ends the benchmark where it is not installed."""
    program = Path(sys.executable).parent / "octodns-sync"
    if not program.exists():
        sys.exit(
            f"benchmarks: octoDNS is not installed beside {sys.executable}, so there is nothing to "
            "compare with.\nRun `make bench`, which installs it, or measure ccstate alone: "
            "--without-rivals"
        )
    return program


def octodns(folder: Path, size: int, repeats: int) -> Iterator[Row]:
    """As many DNS records, planned from one folder of YAML to another."""
    command = str(octodns_sync())
    for case, edition in (("nothing to do", ""), ("1 % changed", " (new)")):
        octodns_zones.write(folder, size, edition=edition)
        run = best(
            (command, "--config-file", str(folder / "config.yaml"), "--quiet"),
            os.environ,
            repeats=repeats,
            exit_code=0,
            log=folder / "log",
            before=lambda turn: None,  # noqa: ARG005  # called before each run
        )
        yield Row("octoDNS", f"plan, {case}", size, run)


def heading() -> str:
    """What was measured, on what."""
    tools = ", ".join(f"{name} {_version(name)}" for name in ("ccstate", "octodns"))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"{tools}, Python {platform.python_version()}; {machine}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| tool | case | resources | wall s | CPU s | µs a resource | peak MB |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        run = row.run
        each = run.wall / row.size * 1e6
        lines.append(
            f"| {row.tool} | {row.case} | {row.size:,} | {run.wall:.2f} | {run.cpu:.2f} "
            f"| {each:,.0f} | {run.peak:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures, row by row; the table comes last."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000], metavar="SIZE")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each case, best counts")
    parser.add_argument("--without-rivals", action="store_true", help="only ccstate")
    arguments = parser.parse_args()
    if not arguments.without_rivals:
        octodns_sync()  # said before anything is measured
    rows: list[Row] = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(prefix="ccstate-bench-") as made:
            sources = [ccstate(Bench(Path(made), size, arguments.repeats))]
            if not arguments.without_rivals:
                zones = Path(made, "zones")
                zones.mkdir()
                sources.append(octodns(zones, size, arguments.repeats))
            for source in sources:
                for row in source:
                    print(f"{row.size:>9,}  {row.case:32} {row.run.wall:8.2f} s", file=sys.stderr)
                    rows.append(row)
    print(f"{heading()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
