"""A process that runs ccstate and dies where it is told; what it runs is killed_apply.py."""

import os
import subprocess
import sys
from pathlib import Path

from tests.adapters.asterisk.estate import SECRETS

CHILD = Path(__file__).parent / "killed_apply.py"
ROOT = Path(__file__).parents[3]


class Killed:
    """A process that runs ccstate, and dies where it is told."""

    def __init__(self, project: Path) -> None:
        self._output = project / "killed.txt"
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), str(project), str(self._output)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **SECRETS, "PYTHONPATH": str(ROOT / "src")},
        )

    def run(self, boundary: str, *arguments: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{boundary}\t{' '.join(arguments)}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @property
    def said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def close(self) -> None:
        self._process.communicate()
