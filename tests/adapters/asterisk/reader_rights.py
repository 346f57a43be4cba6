"""Owners, groups and modes of a site as the guide gives them: for who writes, and for a reader of plans.

Where tests run as root, the reader is another user. Elsewhere there is one user only: what the
group and the others may do is then what the owner may do, as long as the reader is at work.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

from ccstate_lab.site import Site

ASTERISK, READERS = 54_322, 54_321
"""Groups: of Asterisk, and of those who may read plans. Numbers, so that no machine has to know them."""
READER = 54_324
"""The user who makes plans in CI."""
IS_ROOT = os.geteuid() == 0

USER = """
[preview]
secret = for-plans
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system
"""
"""As the guide has it, in manager.conf."""


def set_rights(site: Site) -> None:
    """Owners, groups and modes as in the guide; who runs the tests is the writer, and Asterisk."""
    etc = site.etc
    for name in ("pjsip.d/secrets", "queues.d", "extensions.d", "voicemail.d", "ccstate"):
        (etc / name).mkdir(parents=True, exist_ok=True)
    for path in [etc, *etc.rglob("*")]:
        path.chmod(0o750 if path.is_dir() else 0o640)
    (site.sounds / "ccstate").mkdir(mode=0o755, exist_ok=True)
    for path in (site.folder / "share", site.sounds):
        path.chmod(0o755)
    site.secret_file.chmod(0o600)
    if IS_ROOT:
        for path, group in groups(site).items():
            os.chown(path, 0, group)


SHARED = ("pjsip.d", "queues.d", "extensions.d", "ccstate")
"""Folders of the readers; what is written there gets their group."""


def groups(site: Site) -> Mapping[Path, int]:
    """The group of everything below etc."""
    etc = site.etc
    shared = {etc, *(etc / name for name in SHARED)}
    shared |= {etc / f"{name}.conf" for name in ("pjsip", "queues", "extensions", "voicemail")}
    shared |= {path for name in SHARED for path in (etc / name).iterdir() if path.is_file()}
    return {p: READERS if p in shared else ASTERISK for p in [etc, *etc.rglob("*")]}


@contextmanager
def as_reader(site: Site) -> Iterator[None]:
    """The rights of a reader, for whoever runs the tests; nothing where a reader is another user."""
    if IS_ROOT:
        yield
        return
    known = groups(site)
    before = {p: S_IMODE(p.lstat().st_mode) for p in site.folder.rglob("*") if not p.is_symlink()}
    for path, mode in sorted(before.items(), reverse=True):
        kept = mode >> 3 if known.get(path) == READERS else mode
        path.chmod((kept & 7) << 6)
    try:
        yield
    finally:
        for path, mode in sorted(before.items()):
            path.chmod(mode)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that every user can enter: those of pytest are closed to all but their owner."""
    with tempfile.TemporaryDirectory(prefix="ccstate-reader-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
