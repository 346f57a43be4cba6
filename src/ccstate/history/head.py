"""What git is asked without its library: the commit that a plan is made from, and what it ignores."""

import subprocess
from pathlib import Path

from ccstate.desired.project import FILE

_SECONDS = 30


def head_commit(root: Path, folder: str) -> str:
    """The commit that is checked out, with `+` behind it where what is read differs from it.

    What is read: the folder, and the project file. "" where there is no commit, or no git.
    """
    # One start of git: loading GitPython alone takes 100 ms, and every plan asks for this.
    command = ["--no-optional-locks", "--literal-pathspecs", "status", "--porcelain=v2", "--branch"]
    command += ["--untracked-files=normal", "--no-renames", "--", folder, FILE]
    asked = _git(root, command)
    if asked is None:
        return ""
    lines = asked.stdout.decode(errors="replace").splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if asked.returncode or not commit or commit == "(initial)":
        return ""
    differs = any(line and not line.startswith("#") for line in lines)
    return f"{commit}+" if differs else commit


def would_be_committed(path: Path) -> bool:
    """Whether git has the folder and does not ignore the file; not so where there is no git."""
    asked = _git(path.resolve().parent, ["check-ignore", "--quiet", "--", path.name])
    return asked is not None and asked.returncode == 1


def _git(folder: Path, arguments: list[str]) -> "subprocess.CompletedProcess[bytes] | None":
    """What git answers there; None where it cannot be asked."""
    try:
        return subprocess.run(  # noqa: S603 - no shell; the arguments are ours
            ["git", *arguments],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
