"""Checkouts with which a branch attacks git: no program runs, and no answer is another's.

    python -m tests.fuzz.git_surroundings [HOW-MANY] [SEED]

A bad one is one with which a command ends in an exception, or runs what the branch names.
"""

import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.fuzz import many
from tests.fuzz.plan_files import run_quietly
from tests.test_git import Attacked

COMMANDS = (["validate"], ["plan"], ["history", "queue/sales"], ["plans"], ["drift"])
PLACES = (
    "",
    "pbx",
    "pbx/desired_state",
    "pbx/plans",
    "pbx/desired_state/sub",
    "other",
    "pbx/.ccstate",
)
NAMES = ("HEAD", "config", "objects", "refs", "commondir", "gitdir", "index", "config.worktree", "packed-refs",
         ".gitattributes", ".gitmodules", ".gitignore", ".mailmap", "info/attributes", "hooks/post-index-change",
         "objects/info/alternates", "shallow", ".git")  # fmt: skip


class Bench:
    """One checkout, put back before every input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attacked = Attacked(folder)
        self.clean = folder / "clean"
        shutil.copytree(self.attacked.top, self.clean)

    def fuzz(self, chance: random.Random) -> str:
        """Runs a command in one checkout."""
        top = self.attacked.top
        shutil.rmtree(top)
        shutil.copytree(self.clean, top, symlinks=True)
        for _ in range(chance.choice([1, 3, 6, 12])):
            self._put(top / chance.choice(PLACES), chance)
        if chance.random() < 0.3:  # not a branch's, yet no reason for a traceback
            mine = chance.choice(["HEAD", "config", "index", "refs/heads/master", "packed-refs"])
            if (top / ".git" / mine).is_file() and mine != "config":
                raw = (top / ".git" / mine).read_bytes()
                (top / ".git" / mine).write_bytes(many.spoiled(chance, raw))
            elif mine == "config":
                with (top / ".git" / mine).open("a") as file:
                    file.write(self.attacked.settings("x"))
        command = chance.choice(COMMANDS)
        code, said = run_quietly(self.attacked.pbx, *command)
        assert code in range(6), code
        assert "\x1b" not in said
        assert not self.attacked.marker.exists(), command
        return f"{command[0]} {code}"

    def _put(self, folder: Path, chance: random.Random) -> None:
        """Puts a file there that means something to git, a whole bare repository, or a link."""
        if os.path.lexists(folder) and not folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        texts = (
            b"ref: refs/heads/master\n", self.attacked.settings("x").encode(), b"gitdir: ../../bare\n",
            b"* filter=evil diff=evil merge=evil ident\n", b"gitdir: " + os.fsencode(self.clean / ".git"), b"/\n*\n!x\n",
            self.attacked.program.read_bytes(), os.fsencode(self.clean / ".git/objects") + b"\n", b"\0\xff" * 20,
        )  # fmt: skip
        if chance.random() < 0.3:
            for name in ("objects", "refs/heads"):
                _make(folder / name)
            _write(folder / "HEAD", texts[0])
            _write(folder / "config", texts[1])
            return
        name = chance.choice(NAMES)
        if name == ".git" and folder == self.attacked.top:
            return  # no branch can contain it
        match chance.randrange(4):
            case 0:
                _make(folder / name)
            case 1:
                if not os.path.lexists(folder / name) and (folder / name).parent.is_dir():
                    target = chance.choice([self.clean / ".git", Path("/nowhere"), Path("..")])
                    (folder / name).symlink_to(target)
            case _:
                _write(folder / name, chance.choice(texts))


def _make(path: Path) -> None:
    if not any(up.is_file() or up.is_symlink() for up in (path, *path.parents)):
        path.mkdir(parents=True, exist_ok=True)


def _write(path: Path, content: bytes) -> None:
    _make(path.parent)
    if path.parent.is_dir() and not path.is_dir() and not path.is_symlink():
        path.write_bytes(content)
        path.chmod(0o755)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(bool(many.run(Bench(Path(place)).fuzz, sys.argv[1:])))
