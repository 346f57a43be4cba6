"""The files that a branch could bring into a project, and that are refused: links, the state folder."""

from dataclasses import replace
from pathlib import Path

from ccstate import codes
from ccstate.checkout import display_path
from ccstate.desired.tree import link_refused
from ccstate.errors import InvalidInput, Span
from ccstate.git import GitFailed, repository


def refuse_link_of_branch(folder: Path) -> None:
    """Refuse a folder that is reached through a link that git has.

    A link that the user made is the user's word; one that git has leads where a branch says.
    """
    path = Path.cwd() if not folder.is_absolute() else Path(folder.anchor)
    for part in folder.relative_to(folder.anchor).parts:
        path /= part
        if path.is_symlink() and _is_committed(path.parent, path):
            refused = link_refused(display_path(path))
            raise InvalidInput(replace(refused, hint="name the folder of the project itself"))


def refuse_committed(root: Path, name: str) -> None:
    """Refuse a project of whose folder `name` git has files."""
    if (root / name).is_dir() and _is_committed(root, root / name):
        problem = codes.STATE_FOLDER_IN_GIT(Span(name), folder=name)
        raise InvalidInput(problem)


def _is_committed(folder: Path, path: Path) -> bool:
    try:
        found = repository(folder)
        return found is not None and found.holds(path)
    except GitFailed:
        return False  # no git to ask, and then no branch that was checked out here
