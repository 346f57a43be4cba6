"""The commit that a plan is made from."""

import subprocess
from pathlib import Path

from ccstate.desired.project import FILE

_SECONDS = 30


def head_commit(root: Path, folder: str) -> str:
    """The commit that is checked out, with `+` behind it where what is read differs from it.

    What is read: the folder, and the project file. "" where there is no commit, or no git.
    """
    # One start of git: loading GitPython alone takes 100 ms, and every plan asks for this.
    command = [
        "git",
        "--no-optional-locks",
        "--literal-pathspecs",
        "status",
        "--porcelain=v2",
        "--branch",
    ]
    command += ["--untracked-files=normal", "--no-renames", "--", folder, FILE]
    try:
        asked = subprocess.run(  # noqa: S603 - no shell; the arguments are ours
            command, cwd=root, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = asked.stdout.decode(errors="replace").splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if asked.returncode or not commit or commit == "(initial)":
        return ""
    differs = any(line and not line.startswith("#") for line in lines)
    return f"{commit}+" if differs else commit
