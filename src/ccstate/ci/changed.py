"""What a change touches: files of the desired state, their lines, and the words of its commits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from ccstate import codes
from ccstate.authority import Request
from ccstate.errors import InvalidInput, Span
from ccstate.git import GitFailed, Repository, repository
from ccstate.history.commit_before import base_of
from ccstate.history.commits import committed_files
from ccstate.history.trailers import request_of

MOST_COMMITS = 200
MOST_LINES = 200_000
"""Lines of changed files that are told apart; beyond them a whole file counts as changed."""
_HUNK = re.compile(rb"^@@ -\S+ \+([0-9]+)(?:,([0-9]+))? @@", re.M)


@dataclass(frozen=True, slots=True)
class Touched:
    """What differs between the base of a change and what is checked out.

    `lines` has the lines of each changed file of the desired state, by its path from the project's
    folder; None where all of them count. `known` is False where there is nothing to compare with:
    everything counts as touched then.
    """

    known: bool = False
    lines: Mapping[str, frozenset[int] | None] = field(default_factory=dict)
    prefix: str = ""
    """Path from the top of the repository to the project's folder, with `/` behind it, or ""."""
    title: str = ""
    author: str = ""
    request: Request = Request()  # noqa: RUF009 - a frozen value
    head: str = ""
    """Commit that is checked out."""

    @property
    def anything(self) -> bool:
        """Whether anything that a plan is made from may differ."""
        return not self.known or bool(self.lines)

    def has(self, span: Span | None) -> bool:
        """Check whether a place lies on a line that the change touches."""
        if not self.known or span is None:
            return True
        if span.file not in self.lines:
            return False
        lines = self.lines[span.file]
        return lines is None or not span.line or span.line in lines


def touched(root: Path, folders: Sequence[str], base: str) -> Touched:
    """Compare what is checked out with the commit where it left its base.

    Raises InvalidInput where a base is named that git does not have.
    """
    try:
        found = repository(root)
        if found is None:
            return Touched()
        head = found.output("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    except GitFailed:
        return Touched()
    prefix = f"{found.inside(root / '.')}/".removeprefix("./")
    if not base:
        # Which lines matter is not known: what is on the platforms may be older than any commit.
        left = base_of(root).commit
        title, author, request = _words(found, left, head) if left else ("", "", Request())
        return Touched(prefix=prefix, title=title, author=author, request=request, head=head)
    try:
        start = found.output("merge-base", "--end-of-options", base, head).decode().strip()
        lines = _lines(found, root, folders, (start, head), prefix)
        title, author, request = _words(found, start, head)
    except GitFailed:
        raise InvalidInput(codes.BASE_UNKNOWN(base=base)) from None
    return Touched(
        known=True,
        lines=lines,
        prefix=prefix,
        title=title,
        author=author,
        request=request,
        head=head,
    )


def _lines(
    found: Repository, root: Path, folders: Sequence[str], commits: tuple[str, str], prefix: str
) -> dict[str, frozenset[int] | None]:
    before, after = (committed_files(found, root, folders, commit) for commit in commits)
    changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    lines: dict[str, frozenset[int] | None] = {}
    room = MOST_LINES
    for path in sorted(changed):
        old, new = before.get(path), after.get(path)
        known = _changed_lines(found, old, new) if old and new and room > 0 else None
        room -= len(known or ())
        lines[path.removeprefix(prefix)] = known
    return lines


def _changed_lines(found: Repository, old: str, new: str) -> frozenset[int] | None:
    """Find the lines of one version of a file that the version before does not have there.

    Two blobs are compared, by their ids: no path, so that no attribute of a branch is asked for.
    """
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--text")
    hunks = _HUNK.findall(found.output("diff", *options, old, new))
    spans = [(int(first), int(count) if count else 1) for first, count in hunks]
    if sum(count for _, count in spans) > MOST_LINES:
        return None
    return frozenset(chain.from_iterable(range(start, start + count) for start, count in spans))


def _words(found: Repository, start: str, head: str) -> tuple[str, str, Request]:
    """Read what the commits of a change say: subject and author of the first, all their requests."""
    said = found.output(
        "log",
        "--no-merges",
        f"--max-count={MOST_COMMITS}",
        "-z",
        "--format=%s%n%an <%ae>%n%B",
        f"{start}..{head}",
    ).decode(errors="replace")
    commits = [text.split("\n", 2) for text in said.split("\0") if text.count("\n") >= 2]
    if not commits:
        return "", "", Request()
    requests = [request_of(message) for _, _, message in reversed(commits)]
    joined = {
        name: ", ".join(dict.fromkeys(filter(None, (getattr(each, name) for each in requests))))
        for name in Request.__slots__
    }
    subject, author, _ = commits[-1]
    return subject, author, Request(**joined)
