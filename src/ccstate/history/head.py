"""The commit that a plan is made from, and whether git would take a file."""

import re
from hashlib import new as new_hash
from pathlib import Path

from ccstate.desired.settings import FILE
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.git import GitFailed, Repository, repository

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def head_commit(root: Path, folder: str) -> str:
    """The commit that is checked out, with `+` behind it where what is read differs from it.

    What is read: the YAML files of the folder, and the project file. "" where there is no commit,
    or no git.
    """
    try:
        found = repository(root)
        if found is None:
            return ""
        commit = found.asked("rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
        # Whether a file differs is worked out here: `git status` runs filters, trusts marks in the
        # index, and passes over files that an ignore file names, which are read all the same.
        return commit if _is_as_committed(found, root, folder, commit) else f"{commit}+"
    except GitFailed:
        return ""


def _is_as_committed(found: Repository, root: Path, folder: str, commit: str) -> bool:
    committed = _committed(found, root, folder, commit)
    read = [(FILE, root / FILE)]
    try:
        for entry in yaml_files(root / folder, root):
            if isinstance(entry, Diagnostic):
                return False
            read.append(entry)
    except InvalidInput:
        return False
    for name, path in read:
        blob = committed.pop(found.inside(path), "")
        if not blob and not path.exists():
            continue  # no project file, neither here nor there
        data = content_of(path, name)
        if isinstance(data, Diagnostic) or not _is_version(data, blob):
            return False
    return not any(path.endswith((".yaml", ".yml")) for path in committed)


def _committed(found: Repository, root: Path, folder: str, commit: str) -> dict[str, str]:
    """The ids of the committed files, by their paths from the top; hidden ones are not read."""
    below = found.inside(root / folder)
    listed = found.asked("ls-tree", "-r", "-z", commit, "--", below, found.inside(root / FILE))
    files: dict[str, str] = {}
    for entry in listed.decode(errors="surrogateescape").split("\0"):
        about, _, path = entry.partition("\t")
        inner = path.removeprefix(f"{below}/")
        if path and not any(part.startswith(".") for part in inner.split("/")):
            files[path] = about.split()[2]
    return files


def _is_version(data: bytes, blob: str) -> bool:
    """Whether the bytes are that version of a file, in whichever way lines end here."""
    return blob in {_blob(data, len(blob)), _blob(data.replace(b"\r\n", b"\n"), len(blob))}


def _blob(data: bytes, length: int) -> str:
    """The id that git gives to the bytes. Source: gitformat-pack(5), object ids."""
    digest = new_hash("sha256" if length == 64 else "sha1", usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def says_the_same(root: Path, one: str, other: str, folder: str) -> bool:
    """Whether two commits hold the same desired state and project file.

    False where that cannot be known: a commit that git does not have, or with changes (`+`).
    """
    if not (_COMMIT.fullmatch(one) and _COMMIT.fullmatch(other)):
        return False
    try:
        found = repository(root)
        return found is not None and _committed(found, root, folder, one) == _committed(
            found, root, folder, other
        )
    except GitFailed:
        return False


def would_be_committed(path: Path) -> bool:
    """Whether git has the folder and does not ignore the file; not so where there is no git."""
    try:
        found = repository(path.resolve().parent)
        return found is not None and not found.ignores(path)
    except GitFailed:
        return False
