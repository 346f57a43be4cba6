"""Caches as somebody may forge or damage them: what they hold is as it was read, or not found.

    python -m tests.fuzz.caches [HOW-MANY] [SEED]

A bad one is one with which a desired state, or the verdict of the rules on it, is another than without
a cache, or is not read.
"""

import random
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

import orjson

from ccstate.desired import ParseCache, Settings, load, load_settings
from ccstate.project.verdict import verdict
from tests.fuzz import many

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: demo.db}}}\n"
FILES = {
    "sites.yaml": "sites: {sydney: {timezone: Australia/Sydney}}\n",
    "queues.yaml": "queues: {sales: {members: [{user: ann}], overflow: {after: 1m, to: hangup}}}\n",
    "users.yaml": 'users: {ann: {name: Ann, extension: "2001"}}\nextensions: {"2001": {device: none}}\n',
}
FORGED = [{"queue/sales": {"label": "forged"}}, [], []]
FORGED_VERDICT = [["CC210", "forged", None, "", "", "warning"]]


class Bench:
    """A project with a warm cache, put back before every input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "project" / "desired_state").mkdir(parents=True)
        (folder / "project" / "ccstate.yaml").write_text(PROJECT)
        for name, text in FILES.items():
            (folder / "project" / "desired_state" / name).write_text(text)
        self.project = load_settings(folder / "project")
        self.state = _state(self.project, None)
        self.warm = folder / "warm"
        assert _state(self.project, self.warm) == self.state
        self.names = sorted(path.name for path in self.warm.iterdir())
        assert len(self.names) == len(FILES) + 2  # the verdict, and the key

    def fuzz(self, chance: random.Random) -> str:
        """Reads the project with a cache in which one to three entries are others."""
        cache = self.folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(self.warm, cache)
        done = [
            self._spoil(cache / chance.choice(self.names), chance)
            for _ in range(chance.choice([1, 1, 2, 3]))
        ]
        assert _state(self.project, cache) == self.state, done
        assert _state(self.project, cache) == self.state, (done, "read again")
        return done[0]

    def _spoil(self, path: Path, chance: random.Random) -> str:
        raw = path.read_bytes() if path.is_file() else b"x" * 40
        how = chance.choice(
            ["bytes", "bytes", "forged", "swapped", "folder", "link", "gone", "mode"]
        )
        if how != "mode":
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        match how:
            case "bytes":
                path.write_bytes(many.spoiled(chance, raw))
            case "forged":
                seal = chance.choice([raw[:32], b"", b"\0" * 32])
                path.write_bytes(
                    seal
                    + orjson.dumps(chance.choice([FORGED, FORGED_VERDICT, 1, None, [[], {}, 3]]))
                )
            case "swapped":
                shutil.copy(self.warm / chance.choice(self.names), path)
            case "folder":
                path.mkdir()
            case "link":
                path.symlink_to(chance.choice([self.warm / self.names[0], Path("/dev/zero"), path]))
            case "mode" if path.exists():
                path.chmod(chance.choice([0o000, 0o444, 0o666, 0o777]))
        path.parent.chmod(chance.choice([0o700, 0o700, 0o700, 0o777]))
        return how


def _state(project: Settings, folder: Path | None) -> object:
    cache = ParseCache(folder)
    desired = load(project, cache)
    return desired.state, verdict(project, desired, date(2026, 12, 1), cache)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(bool(many.run(Bench(Path(place)).fuzz, sys.argv[1:])))
