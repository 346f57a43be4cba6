"""A project in a folder, driven by the command line as its users drive it."""

from pathlib import Path

import pytest

from ccstate.cli import run

# A shell's background job ignores Ctrl-C, and what nohup starts a lost terminal; this one listens to
# both, however pytest was started.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from ccstate.__main__ import main
main()
"""


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
