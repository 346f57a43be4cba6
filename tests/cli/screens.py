"""A project in a folder, driven by the command line as its users drive it."""

from pathlib import Path

import pytest

from ccstate.cli import run


class Screen:
    """A folder, and what the latest command there wrote."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = ""
        self.err = ""

    @property
    def err_flat(self) -> str:
        """What was said, whatever the width of the terminal made of it."""
        return " ".join(self.err.split())

    def run(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = run(["--project", str(self.folder), *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code
