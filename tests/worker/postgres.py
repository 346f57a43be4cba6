"""A real PostgreSQL as an ordinary user, in a folder of its own; reached by a socket there, not by the network.

It is always the one that is unpacked from Debian's packages, never a PostgreSQL of the machine.
"""

import contextlib
import getpass
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ccstate_lab.programs import LEFT_OUT, Packages, unpacked
from tests.unpacked import copy_libraries
from tests.waiting import until

POSTGRESQL = Packages(
    "postgresql",
    "bookworm",
    ("postgresql-15",),
    # Only for compiled queries (jit), which are turned off: 150 MB.
    left_out=(
        *LEFT_OUT,
        "./usr/lib/x86_64-linux-gnu/libLLVM-*",
        "./usr/lib/x86_64-linux-gnu/libz3.*",
        "./usr/lib/postgresql/*/bitcode*",
    ),
)
"""Of Debian 12: 15.18 (seen)."""
BINARIES = "usr/lib/postgresql/15/bin"
COPIED = ("usr/lib/postgresql/15/lib", "usr/share/postgresql/15")
"""Folders that PostgreSQL finds beside its programs: it knows their way from each other."""
ADMIN = "postgres"
ROLE = "worker"
"""Owns the database of each test, and is no superuser."""
OTHER = "other"
"""A role that owns nothing."""
PORT = "5432"
"""Part of the name of the socket; no port is opened."""


class Postgres:
    """A running server; `top` is the folder of its socket."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._numbers = count(1)

    def address(self, database: str, role: str = ROLE) -> str:
        return f"postgresql://{role}@/{database}?host={self._top}&port={PORT}"

    @contextlib.contextmanager
    def closed(self, address: str) -> Iterator[None]:
        """Let a database take no connection for as long as the context lasts."""
        name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(address)["dbname"]))
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        with psycopg.connect(self.address("postgres", ADMIN), autocommit=True) as asking:
            asking.execute(allow.format(name, sql.Literal(False)))
            try:
                yield
            finally:
                asking.execute(allow.format(name, sql.Literal(True)))

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database for as long as the context lasts, and give its address."""
        name = sql.Identifier(made := f"test_{next(self._numbers)}")
        with psycopg.connect(self.address("postgres", ADMIN), autocommit=True) as asking:
            asking.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(ROLE))
            )
            try:
                yield self.address(made)
            finally:
                asking.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextlib.contextmanager
def serving() -> Iterator[Postgres]:
    """Serve databases. Raises InvalidInput where the packages cannot be had, with what to do."""
    root = unpacked(POSTGRESQL)
    # Not pytest's tmp_path: root's is closed to the user that the server runs as, and too long for a socket.
    with tempfile.TemporaryDirectory(prefix="pg-") as made, contextlib.ExitStack() as ending:
        top = Path(made)
        top.chmod(0o755)
        loader, initdb, postgres = _copied(root, top)
        folder = top / "data"
        folder.mkdir()
        who: dict[str, Any] = {"env": {"PATH": os.defpath, "LC_ALL": "C"}}
        user = getpass.getuser()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "nobody"
            known = pwd.getpwnam(user)
            for owned in (top, folder):
                os.chown(owned, known.pw_uid, known.pw_gid)
            who |= {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        log = ending.enter_context((top / "log").open("wb"))
        who |= {"stdout": log, "stderr": log, "cwd": top}

        def said() -> str:
            return (top / "log").read_text(encoding="utf-8", errors="replace")

        make = ["-D", str(folder), "-U", ADMIN, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        ended = subprocess.run([*loader, str(initdb), *make], check=False, **who)
        assert ended.returncode == 0, f"initdb failed as {user}: {said()}"
        settings = ("listen_addresses=", "fsync=off", "jit=off", "max_connections=60")
        run = [str(postgres), "-D", str(folder), "-k", str(top), "-p", PORT]
        server = subprocess.Popen([*run, *(w for s in settings for w in ("-c", s))], **who)
        ending.callback(server.wait)
        ending.callback(server.send_signal, signal.SIGINT)  # it closes connections, and ends
        served = Postgres(top)

        def answers() -> bool:
            assert server.poll() is None, f"PostgreSQL does not run as {user}: {said()}"
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(served.address("postgres", ADMIN)).close()
                return True
            return False

        until(answers, "PostgreSQL answers")
        with psycopg.connect(served.address("postgres", ADMIN)) as asking:
            for role in (ROLE, OTHER):
                asking.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        yield served


def _copied(root: Path, top: Path) -> tuple[list[str], Path, Path]:
    """Copy what is needed: what to write before the arguments of the loader, initdb and postgres.

    initdb starts the `postgres` beside it, which therefore is a script that starts the loader.
    """
    libraries = top / "libraries"
    libraries.mkdir()
    binaries = top / BINARIES
    binaries.mkdir(parents=True)
    copy_libraries(root, f"{BINARIES}/initdb", libraries)
    copied = copy_libraries(root, f"{BINARIES}/postgres", libraries)
    for folder in COPIED:
        shutil.copytree(root / folder, top / folder, ignore=shutil.ignore_patterns("llvmjit*"))
    loader = [str(copied), "--library-path", str(libraries)]
    shutil.copy(root / BINARIES / "initdb", binaries)
    shutil.copy(root / BINARIES / "postgres", binaries / "server")
    script = binaries / "postgres"
    script.write_text(
        f'#!/bin/sh\nexec {shlex.join([*loader, str(binaries / "server")])} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return loader, binaries / "initdb", script
