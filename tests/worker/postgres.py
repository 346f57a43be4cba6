"""A real PostgreSQL as an ordinary user, in a folder of its own; reached by a socket there, not by the network."""

import contextlib
import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

ROLE = "worker"


def programs() -> Path | None:
    """The folder of Debian's PostgreSQL on this machine, the newest; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Serve an empty database, and give its address."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
    top = Path(tempfile.mkdtemp(prefix="pg-", dir=memory if memory.is_dir() else None))
    is_root = os.geteuid() == 0  # PostgreSQL refuses to run as root
    user = "nobody" if is_root else getpass.getuser()
    known = pwd.getpwnam(user)
    if is_root:
        os.chown(top, known.pw_uid, known.pw_gid)
    who: dict[str, Any] = {}
    if is_root:
        who = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
    log = (top / "log").open("wb")
    try:
        make: list[str] = [
            str(binaries / "initdb"),
            "-D",
            str(top / "data"),
            "-U",
            ROLE,
            "-A",
            "trust",
            "-N",
        ]
        subprocess.run(make, check=True, stdout=log, stderr=log, cwd=top, **who)
        run = [
            str(binaries / "postgres"),
            "-D",
            str(top / "data"),
            "-k",
            str(top),
            "-c",
            "listen_addresses=",
        ]
        run += ["-c", "fsync=off", "-c", "max_connections=60"]
        server = subprocess.Popen(run, stdout=log, stderr=log, cwd=top, **who)
        try:
            until((top / ".s.PGSQL.5432").exists, "PostgreSQL listens")
            address = f"postgresql://{ROLE}@/postgres?host={top}"
            ask = [str(binaries / "psql"), address, "-c", "SELECT 1"]
            until(
                lambda: not subprocess.run(ask, capture_output=True, check=False).returncode,
                "PostgreSQL answers",
            )
            yield address
        finally:
            server.terminate()
            server.wait()
    finally:
        log.close()
        shutil.rmtree(top, ignore_errors=True)
