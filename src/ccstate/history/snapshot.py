"""The project as a commit has it, read from git's objects: nothing is checked out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ccstate.apply import codes as apply_codes
from ccstate.desired import Desired, ParseCache, Settings, load, load_settings
from ccstate.desired.settings import FILE
from ccstate.desired.yaml_values import MAX_BYTES
from ccstate.errors import InvalidInput, Severity
from ccstate.git import GitFailed, Repository, repository

_FILES = ("100644", "100755")
_LONGEST = 200
"""Characters of a name of a commit; git's own are shorter."""


def resolve_commit(root: Path, given: str) -> str:
    """Find the id of the commit that a text names, such as `HEAD~1`; "" where it names none."""
    if not given or len(given) > _LONGEST or given.startswith("-"):
        return ""
    try:
        found = repository(root)
        if found is None:
            return ""
        name = f"{given}^{{commit}}"
        return (
            found.output("rev-parse", "--verify", "--quiet", "--end-of-options", name)
            .decode()
            .strip()
        )
    except GitFailed:
        return ""


def desired_state_at(settings: Settings, commit: str) -> Desired:
    """Read the desired state of a commit, with the defaults that its project file gives.

    Raises InvalidInput where git does not have it, or there are errors in it.
    """
    try:
        with _written_out(settings.root, commit) as folder:
            has_settings = (folder / FILE).is_file()
            then = load_settings(folder) if has_settings else replace(settings, root=folder)
            if has_settings and settings.environment and then.environments:
                then = then.chosen(settings.environment)
            desired = load(then, ParseCache(None))  # the cache is for what is checked out
    except GitFailed as failed:
        raise InvalidInput(
            apply_codes.COMMIT_UNREADABLE(commit=commit[:12], reason=failed)
        ) from None
    if errors := [p for p in desired.problems if p.severity is Severity.ERROR]:
        more = [replace(p, message=f"{p.message} (in commit {commit[:12]})") for p in errors]
        raise InvalidInput(more)
    return replace(desired, problems=())


@contextmanager
def _written_out(root: Path, commit: str) -> Iterator[Path]:
    """Write the project's YAML files of the commit into a folder that lasts as long as the context."""
    found = repository(root)
    if found is None:
        raise GitFailed("the folder is in no working copy")
    with TemporaryDirectory(prefix="ccstate-") as name:
        folder = Path(name)
        with found.blobs() as blobs:
            for path, blob, size in _listed(found, root, commit):
                if size <= MAX_BYTES:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(blobs.content(blob))
        yield folder


def _listed(found: Repository, root: Path, commit: str) -> Iterator[tuple[str, str, int]]:
    """List the YAML files of the project in a commit: path from its folder, blob, size."""
    above = found.inside(root) if root.resolve() != found.top else ""
    where = ("--", above) if above else ()
    for entry in found.output("ls-tree", "-r", "-l", "-z", commit, *where).split(b"\0"):
        about, _, raw = entry.partition(b"\t")
        path = raw.decode(errors="surrogateescape").removeprefix(f"{above}/" if above else "")
        parts = path.split("/")
        if not about or not path.endswith((".yaml", ".yml")):
            continue
        mode, _, blob, size = about.decode().split()
        # What is no plain file, or leads out, no checkout would make: git refuses it, as this does.
        if mode in _FILES and not any(
            part in {"", ".", ".."} or part.startswith(".") for part in parts
        ):
            if not size.isdigit():  # git 2.39 writes BAD for a blob that it does not have
                raise GitFailed(f"git does not have the file version {blob}")
            yield path, blob, int(size)
