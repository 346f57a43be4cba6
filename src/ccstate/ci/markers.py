"""Markers of what is said of a project: each project of a repository, and each environment, has its own."""

import re
from hashlib import sha256

from ccstate.git import GitFailed, repository
from ccstate.project import Project

_LONGEST = 24
"""Letters of a word: a marker has at most 100, with the id of a plan behind it."""


def marker(project: Project, what: str) -> str:
    """Return the marker of what is said, such as `plan` or `drift`, of this project here."""
    folder, environment = _word(_folder(project)), _word(project.environment)
    words = [what, *(["in", folder] if folder else []), *([environment] if environment else [])]
    return "-".join(words)


def check_name(project: Project, what: str) -> str:
    """Return the name of a check, such as `ccstate plan (centre, staging)`."""
    names = ", ".join(filter(None, [_folder(project), project.environment]))
    return f"{what} ({names})" if names else what


def _folder(project: Project) -> str:
    """Return the folder of the project in its repository; "" at its top, and where there is none."""
    try:
        found = repository(project.root)
        inside = found.inside(project.root / ".") if found else "."
    except GitFailed:
        inside = "."
    return "" if inside == "." else inside


def _word(name: str) -> str:
    """Turn a name into a word of a marker: two names that look alike as such, a.b and a_b, stay two."""
    word = "-".join(re.findall(r"[a-z0-9]+", name))
    if word != name or len(word) > _LONGEST or "-" in word:
        digest = sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
        word = f"{word[:_LONGEST].rstrip('-')}-{digest}".lstrip("-")
    return word
