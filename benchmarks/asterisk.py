"""How long ccstate takes with a real Asterisk: `python benchmarks/asterisk.py [PHONES …]`.

An Asterisk of the lab is started for each size, and a project is read, planned, applied and
confirmed on it: the functions that the commands call, in this process, without journal.
The table goes to standard output.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import asterisk_estate

from ccstate.adapters.asterisk import adapter as asterisk
from ccstate.adapters.asterisk import perform, transaction
from ccstate.adapters.asterisk.adapter import AsteriskAdapter
from ccstate.adapters.asterisk.ami import Ami
from ccstate.desired import ParseCache, load, load_settings
from ccstate.diff import diff, discrepancy, sealed, secret_references
from ccstate.model import Address, Fields, Observation, Plan, Resource
from ccstate.plan import Share, make_plan
from ccstate_lab import site as sites
from ccstate_lab.programs import programs
from ccstate_lab.site import Site

TARGET = "asterisk"
NAMES = 37  # columns of the table
State = Mapping[Address, Resource]


@dataclass(frozen=True, slots=True)
class Seconds:
    """By the clock, and of our own processor time: what lies between is Asterisk's, or others'."""

    wall: float
    own: float

    def __add__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.wall + other.wall, self.own + other.own)

    def __sub__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.wall - other.wall, self.own - other.own)


def now() -> Seconds:
    return Seconds(time.perf_counter(), time.process_time())


@dataclass(slots=True)
class Clock:
    """Seconds by the name of what took them; what is inside of something else counts there too."""

    taken: dict[str, Seconds] = field(default_factory=dict)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        began = now()
        try:
            yield
        finally:
            self.taken[name] = self.taken.get(name, Seconds(0, 0)) + (now() - began)

    def around(self, module: ModuleType | type, function: str, name: str) -> None:
        """Has every call of a function timed from now on."""
        original: Callable[..., Any] = getattr(module, function)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.timing(name):
                return original(*arguments, **named)

        setattr(module, function, timed)


def watch(clock: Clock) -> None:
    """Times the parts of an apply, and what is asked of Asterisk."""
    clock.around(asterisk, "read_stored", "files read")
    clock.around(asterisk, "read_handwritten", "hand-written files read")
    clock.around(asterisk, "read_running", "what runs read")
    clock.around(perform, "compiled_files", "compile, spell")
    clock.around(transaction, "begin", "write")
    clock.around(transaction, "write", "write")
    clock.around(perform, "reload", "reload")
    clock.around(perform, "await_revisions", "revisions awaited")
    clock.around(perform, "read_running", "confirm: read again")
    ask = Ami.do

    def do(ami: Ami, action: str, *headers: tuple[str, str]) -> Any:
        with clock.timing(f"reload {headers[0][1]}" if action == "Reload" else "asked"):
            return ask(ami, action, *headers)

    Ami.do = do  # type: ignore[method-assign]  # the benchmark's own process ends with it


@dataclass(slots=True)
class Bench:
    """One Asterisk and one project; `rows` are steps with their seconds, parts indented."""

    size: int
    adapter: AsteriskAdapter
    project: Path
    clock: Clock
    rows: list[tuple[str, Seconds]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, *parts: str) -> Iterator[None]:
        self.clock.taken.clear()
        began = now()
        yield
        self._row(name, now() - began)
        for part in parts:
            self._row(f"  {part}", self.clock.taken.get(part, Seconds(0, 0)))

    def _row(self, name: str, seconds: Seconds) -> None:
        print(f"{self.size:>7,}  {name:36}{seconds.wall:8.2f}{seconds.own:8.2f}", file=sys.stderr)
        self.rows.append((name, seconds))

    def observe(self) -> Observation:
        return self.adapter.observe(sorted(self.adapter.supports))

    def plan(self, desired: State, seen: Observation) -> Plan:
        """What `ccstate plan` does once it has read everything, but for journeys and rules."""
        references = secret_references(desired)
        seals = self.adapter.seal({r for found in references.values() for r in found.values()})
        wanted = sealed(desired, references, seals)
        changes = diff(TARGET, wanted, seen, secrets=references, release=())
        share = Share(TARGET, changes, wanted, seen, self.adapter.supports, 100, 100)
        return make_plan([share], commit="", forced="")

    def apply(self, plan: Plan) -> None:
        """SystemExit where a change is not done."""
        for step in plan.steps:
            results = self.adapter.perform(step.changes)
            for change, result in zip(step.changes, results, strict=True):
                if not result.done:
                    sys.exit(f"{change.action} {change.address}: {result.reason}")

    def confirm(self, plan: Plan, seen: Observation) -> None:
        """SystemExit where a change cannot be seen."""
        for change in plan.changes():
            if missing := discrepancy(change, seen):
                sys.exit(f"{change.action} {change.address} is not confirmed: {missing}")


PARTS = (
    "files read",
    "hand-written files read",
    "what runs read",
    "compile, spell",
    "write",
    "reload res_pjsip.so",
    "reload app_queue.so",
    "reload pbx_config.so",
    "reload app_voicemail.so",
    "revisions awaited",
    "confirm: read again",
)
READING = PARTS[:3]


def first_apply(bench: Bench) -> State:
    """From nothing to all of it, and the second plan, which finds nothing to do."""
    with bench.step("load the desired state, cold"):
        loaded = load(load_settings(bench.project), ParseCache(None))
    if loaded.problems:
        sys.exit("\n".join(str(problem) for problem in loaded.problems[:5]))
    desired = loaded.state
    with bench.step("observe, empty", *READING):
        seen = bench.observe()
    with bench.step("plan: all to create"):
        plan = bench.plan(desired, seen)
    with bench.step("audit"):
        if problems := bench.adapter.audit(list(plan.changes())):
            sys.exit("\n".join(str(problem) for problem in problems[:5]))
    with bench.step("perform: write, reload, confirm", *PARTS):
        bench.apply(plan)
    with bench.step("observe again, to confirm", *READING):
        seen = bench.observe()
    bench.confirm(plan, seen)
    with bench.step("plan: nothing to do"):
        left = bench.plan(desired, seen)
    if left.steps:
        sys.exit(f"the second plan still finds {len(list(left.changes()))} changes")
    every = (seconds for name, seconds in bench.rows if not name.startswith(" "))
    bench.rows.append(("together", sum(every, Seconds(0, 0))))
    return desired


def change_one(bench: Bench, desired: State, what: str, address: Address, fields: Fields) -> State:
    """One object changed, planned, applied, confirmed."""
    before = desired[address]
    changed = {**desired, address: replace(before, fields={**before.fields, **fields})}
    with bench.step(f"{what}: plan", *READING):
        plan = bench.plan(changed, bench.observe())
    if [change.address for change in plan.changes()] != [address]:
        sys.exit(f"the plan changes more than {address}")
    with bench.step(f"{what}: apply", *PARTS):
        if problems := bench.adapter.audit(list(plan.changes())):
            sys.exit("\n".join(str(problem) for problem in problems[:5]))
        bench.apply(plan)
    with bench.step(f"{what}: observe again"):
        bench.confirm(plan, bench.observe())
    return changed


def connection(site: Site) -> dict[str, Any]:
    return {
        "etc": str(site.etc),
        "sounds": str(site.sounds),
        "spool": str(site.spool),
        "ami": {"port": site.ami_port, "secret": f"file:{site.secret_file}", "timeout": "2m"},
        "test_site": True,
    }


def measured(size: int, release: str, clock: Clock) -> list[tuple[str, Seconds]]:
    """Every step with its seconds, on an Asterisk of its own."""
    with tempfile.TemporaryDirectory(prefix="ccstate-bench-") as made:
        os.environ["CCSTATE_SECRET_FILES"] = made  # where the site keeps the secret of AMI
        site = sites.start(Path(made, "site"), name="bench", programs=programs(release))
        try:
            project = Path(made, "project")
            asterisk_estate.write(project, size, connection(site))
            bench = Bench(size, asterisk.connect(connection(site), project), project, clock)
            desired = first_apply(bench)
            queue = Address("queue", asterisk_estate.queue(7))
            desired = change_one(bench, desired, "a queue's ring time", queue, {"ring_for": "20s"})
            phone = Address("extension", asterisk_estate.phone(7))
            caller = {"caller_id": {"name": "Brolga Sales", "number": asterisk_estate.number(1)}}
            change_one(bench, desired, "a phone's caller id", phone, caller)
        finally:
            sites.stop(site)
    return bench.rows


def table(columns: Mapping[int, list[tuple[str, Seconds]]]) -> str:
    """Steps down, sizes across: seconds by the clock, and of our own; 80 columns at most."""
    heads = [f"{size:,}" for size in columns]
    lines = [
        f"| {'phones':{NAMES}} | {' | '.join(f'{head:>6} |    own' for head in heads)} |",
        f"|{'-' * (NAMES + 2)}|{'|'.join(['-' * 7 + ':'] * 2 * len(heads))}|",
    ]
    for steps in zip(*columns.values(), strict=True):
        cells = [f"{seconds.wall:6.2f} | {seconds.own:6.2f}" for _, seconds in steps]
        name = steps[0][0].replace("  ", "– ", 1)
        lines.append(f"| {name:{NAMES}} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures size by size; the table comes last."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000], metavar="PHONES")
    parser.add_argument("--release", default="22", help="of Asterisk: 22 or 16")
    arguments = parser.parse_args()
    gc.disable()  # as the command does
    clock = Clock()
    watch(clock)
    columns = {size: measured(size, arguments.release, clock) for size in arguments.sizes}
    print(f"Asterisk {arguments.release}, {os.cpu_count()} cores.\n\n{table(columns)}")


if __name__ == "__main__":
    main()
