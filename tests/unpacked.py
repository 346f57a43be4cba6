"""Copies of unpacked programs: the cache of root is closed to the users that servers run as."""

import re
import shutil
import subprocess
from pathlib import Path

from ccstate_lab.programs import command


def copy_libraries(root: Path, program: str, folder: Path) -> Path:
    """Copy the loader and all libraries of an unpacked program into a folder; returns the copy of the loader."""
    loader, *rest = command(root, program)
    listed = subprocess.run(
        [loader, "--list", *rest], check=True, capture_output=True, text=True
    ).stdout
    # A line of it: `libz.so.1 => /…/libz.so.1 (0x00007f4c80ef8000)`.
    for needed in {loader, *re.findall(r"=> (\S+)", listed)}:
        shutil.copy(needed, folder)
    return folder / Path(loader).name
