"""Lets a worker die by SIGKILL at each boundary of its life, and another one do what is left.

    python -m tests.worker.kill_child PREPARED WORK DATABASE apply|revert|drift

A boundary is before each thing that outlives the process and its machine: a write to the database, a change on the
platform, a request to the code host. Writes to the folder are those of an apply, whose boundaries
`tests.apply.confirm_child` knows. For each boundary there is one life; the last one reaches fewer than it should
die at. What is wrong afterwards is written to standard output as JSON.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import time as moment
from functools import partial
from itertools import count, repeat
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dbos  # noqa: F401 - once in this process, and not in each fork
import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Engine, event

from ccstate.adapters.embedded import EmbeddedAdapter
from ccstate.apply import confirmation
from ccstate.apply.journal import Event, open_journal
from ccstate.forge.rest import Rest
from ccstate.history.records import FILE as RECORD
from ccstate.project import Project
from ccstate.worker import engine, loop, tasks
from ccstate.worker.database import VARIABLE, database_url
from ccstate.worker.shared import shared_changes
from tests.apply.confirm_child import Boundaries, Dying, in_a_fork
from tests.effects import effects
from tests.forge.conftest import Clock, github_forge, played
from tests.forge.github_host import GitHubHost
from tests.worker.machines import holder, machine, objects

LEASE = 0.2
"""Seconds after which the attempt of a killed worker is given up, in place of ten and six hundred."""
WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
KEPT = "SELECT * FROM ccstate.unconfirmed"
PUT = sql.SQL("INSERT INTO ccstate.unconfirmed VALUES ({})")


class Lives:
    """The lives of workers on one database, which is as it was before each of them."""

    def __init__(self, prepared: Path, work: Path, address: str) -> None:
        self.prepared = prepared
        self.work = work
        self.address = address
        self.passed: list[str] = []
        os.environ[VARIABLE] = address
        engine.LEASES.update(dict.fromkeys(engine.LEASES, LEASE))
        engine.AGAIN = engine.BACKOFF = confirmation.GRACE = LEASE
        confirmation.LONGEST_APPLY = LEASE
        in_a_fork(self.make_tables)
        with psycopg.connect(address) as asking:
            self.kept = asking.execute(KEPT).fetchall()

    def make_tables(self) -> None:
        url = database_url(self.prepared, os.environ)
        with engine.running(url, "first", lambda _: engine.DONE):
            (shared := shared_changes(os.environ)) and shared.changes("")

    def all(self, life: Callable[[Path, int], list[str]]) -> dict[str, list[str]]:
        """What is wrong, by the number of the boundary; each life has a folder of its own."""
        wrong_at: dict[str, list[str]] = {}
        for number in count():
            folder = self.work / str(number)
            shutil.copytree(self.prepared, folder)
            self.reset()
            if problems := life(folder, number):
                wrong_at[str(number)] = problems
            passed = folder / "passed.json"
            if passed.exists():
                self.passed = orjson.loads(passed.read_bytes())
                break
            shutil.rmtree(folder)
        return wrong_at

    def reset(self) -> None:
        with psycopg.connect(self.address) as asking:
            tables = ("workflow_status", "operation_outputs", "unconfirmed")
            asking.execute(f"TRUNCATE {', '.join(f'ccstate.{t}' for t in tables)} CASCADE".encode())
            for row in self.kept:
                places = sql.SQL(", ").join(sql.Placeholder() * len(row))
                asking.execute(PUT.format(places), row)

    def killed_and_ended(
        self,
        folder: Path,
        number: int,
        machines: Iterator[Path],
        drift_at: moment | None,
        is_over: Callable[[], bool],
    ) -> list[str]:
        """Let one worker die at a boundary, and others work until it is over; they die then."""

        def work(machine: Path, deadly: int) -> None:
            boundaries = Boundaries(deadly)
            watch(boundaries)

            def rest(_: float) -> None:
                if is_over():
                    if deadly >= 0:
                        (folder / "passed.json").write_bytes(orjson.dumps(boundaries.names))
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(0.02)

            loop.work(Project(machine, shared=shared_changes(os.environ)), drift_at, rest)

        codes = [in_a_fork(partial(work, next(machines), number))]
        while not is_over() and codes[-1] == -signal.SIGKILL:
            codes.append(in_a_fork(partial(work, next(machines), -1)))
        return [f"a worker ended with {code}" for code in codes if code != -signal.SIGKILL]

    def asked(self, query: str) -> int:
        with psycopg.connect(self.address) as asking:
            (found,) = asking.execute(query.encode()).fetchone() or (0,)
        return int(found)

    def is_done(self) -> bool:
        """Whether an attempt is recorded as successful."""
        query = "SELECT count(*) FROM ccstate.workflow_status WHERE status = 'SUCCESS'"
        return bool(self.asked(query))

    def is_closed(self) -> bool:
        """Whether no change waits any more."""
        return not self.asked("SELECT count(*) FROM ccstate.unconfirmed WHERE is_open")


def watch(boundaries: Boundaries) -> None:
    """Watch what the worker writes outside of its folder."""
    for name in ("perform", "lock", "unlock"):
        boundaries.around(EmbeddedAdapter, name)
    boundaries.around(Rest, "_exchange")

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        del cursor
        if statement.lstrip().upper().startswith(WRITES):
            connection.info["wrote"] = True

    def commit(connection: Any) -> None:
        if connection.info.pop("wrote", False):
            boundaries.reach("commit")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", commit)


def taken_back(lives: Lives) -> dict[str, list[str]]:
    """Let workers take back what an apply has left whose machine is gone; each has a folder of its own."""
    plan_id = (lives.prepared / "plan-id").read_text()
    before = orjson.loads((lives.prepared / "before.json").read_bytes())

    def life(folder: Path, number: int) -> list[str]:
        machines = (machine(folder, f"machine-{each}") for each in count())
        problems = lives.killed_and_ended(folder, number, machines, None, lives.is_closed)
        last = max(folder.glob("machine-*")) / "plans" / plan_id
        ends = [one.entry.event for one in open_journal(last / "journal.jsonl").recorded]
        found = effects(folder / "platform.db")
        amiss = {
            f"the platform is not as before: {objects(folder)}": objects(folder) != before,
            f"it was written to more or less than there and back: {found}": set(found.values())
            != {2},
            "the platform is still locked": holder(folder) is not None,
            f"the last journal says {ends}": ends[-1:] != [Event.TAKEN_BACK],
            "there is no record": not (last / RECORD).exists(),
        }
        return [*problems, *(words for words, is_so in amiss.items() if is_so)]

    return lives.all(life)


def lost_while_applying(lives: Lives) -> dict[str, list[str]]:
    """Let an apply die and its machine be lost, and a worker of another one take back what was written."""
    plan_id = (lives.prepared / "plan-id").read_text()
    before = orjson.loads((lives.prepared / "before.json").read_bytes())

    def life(folder: Path, number: int) -> list[str]:
        boundaries = Boundaries(number)

        class Waiting(Dying):
            def is_confirmed(self, seconds: float) -> bool:
                (folder / "passed.json").write_bytes(orjson.dumps(boundaries.names))
                return super().is_confirmed(seconds)

        def apply() -> None:
            watch(boundaries)
            shared = shared_changes(os.environ)
            Project(folder / "home", Waiting(), shared=shared).apply(plan_id, confirm_within=1.0)

        code = in_a_fork(apply)
        shutil.rmtree(folder / "home")
        problems = [] if code == -signal.SIGKILL else [f"the apply ended with {code}"]
        is_known = bool(lives.asked("SELECT count(*) FROM ccstate.unconfirmed"))
        machines = (machine(folder, f"machine-{each}") for each in count())
        problems += lives.killed_and_ended(folder, -1, machines, None, lives.is_closed)
        found = effects(folder / "platform.db")
        amiss = {
            f"the platform is not as before: {objects(folder)}": objects(folder) != before,
            f"not each effect was taken back once: {found}": not set(found.values()) <= {2},
            "the platform is still locked": is_known and holder(folder) is not None,
            "it was written to, and nobody knows": not is_known and bool(found),
        }
        return [*problems, *(words for words, is_so in amiss.items() if is_so)]

    return lives.all(life)


def drifted(lives: Lives) -> dict[str, list[str]]:
    """Let workers report at night what was changed by hand."""

    def life(folder: Path, number: int) -> list[str]:
        with played(GitHubHost(), Clock()) as host:
            forge = github_forge(host, Clock())
            with patch.object(tasks, "from_environment", lambda _: forge):
                problems = lives.killed_and_ended(
                    folder, number, repeat(folder / "home"), moment(0), lives.is_done
                )
            made = host.server.calls.count("POST /repos/team/centre/issues")
        titles = [issue["title"] for issue in host.issues if issue["state"] == "open"]
        if made != 1 or titles != ["1 object was changed by hand on demo"]:
            problems.append(f"{made} issues were opened; open are {titles}")
        return problems

    return lives.all(life)


def main() -> None:
    prepared, work, address, mode = sys.argv[1:]
    lives = Lives(Path(prepared), Path(work), address)
    modes = {"apply": lost_while_applying, "revert": taken_back, "drift": drifted}
    wrong_at = modes[mode](lives)
    sys.stdout.buffer.write(orjson.dumps({"passed": lives.passed, "wrong": wrong_at}))


if __name__ == "__main__":
    main()
