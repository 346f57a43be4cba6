"""Files in place of a code host: what would be sent there is written into a folder.

    FOLDER/comment-12-plan.md      comment of change request 12; comment-plan.md without a number
    FOLDER/check-plan.json         check of that name, the last one
    FOLDER/issue-drift.md          open issue; issue-drift.closed.md once it is closed
    FOLDER/change-BRANCH.md        change request that was proposed

There are no reviews in a folder, so that the only approvals are those that signed commits bear.
"""

import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import orjson

from ccstate.authority import Approval
from ccstate.checkout import refuse_links, write_file
from ccstate.forge import ChangeRequest, Check
from ccstate.forge.marking import marked, unmarked


@dataclass(frozen=True, slots=True)
class PlainFiles:
    """A folder with a file for each text; made when the first one is written."""

    folder: Path
    name: str = "plain files"
    longest_body: int = sys.maxsize

    def change(self, number: int) -> ChangeRequest:
        """Return a change request of which nothing but its number is known."""
        return ChangeRequest(number, "", "", "", "", "", "")

    def change_of(self, commit: str) -> ChangeRequest | None:
        return None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        return ()

    def read_comment(self, change: int, marker: str) -> str | None:
        path = self._comment(change, marker)
        refuse_links(self.folder, path)
        if not path.is_file():
            return None
        return unmarked(marker, path.read_text(encoding="utf-8"))

    def write_comment(self, change: int, marker: str, body: str) -> str:
        return self._write(self._comment(change, marker), marked(marker, body))

    def write_check(self, commit: str, check: Check) -> str:
        said = {
            "commit": commit,
            **{each.name: getattr(check, each.name) for each in fields(check)},
        }
        text = orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return self._write(self.folder / f"check-{_file_name(check.name)}.json", text)

    def open_issue(self, marker: str, title: str, body: str) -> str:
        return self._write(self._issue(marker), marked(marker, f"# {title}\n\n{body}"))

    def close_issue(self, marker: str, comment: str) -> str:
        path = self._issue(marker)
        refuse_links(self.folder, path)
        if not path.is_file():
            return ""
        said = path.read_text(encoding="utf-8").rstrip("\n")
        closed = self._write(path.with_suffix(".closed.md"), f"{said}\n\n---\n\n{comment}\n")
        path.unlink()
        return closed

    def open_markers(self) -> tuple[str, ...]:
        names = sorted(path.name for path in self.folder.glob("issue-*.md"))
        marked_ones = (name.removeprefix("issue-").removesuffix(".md") for name in names)
        return tuple(marker for marker in marked_ones if not marker.endswith(".closed"))

    def page_of_commit(self, commit: str) -> str:
        return ""

    def page_of_file(self, branch: str, path: str) -> str:
        return ""

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        text = f"# {title}\n\n{body}\n\n---\n\nFrom `{branch}` into `{base}`.\n"
        return self._write(self.folder / f"change-{_file_name(branch)}.md", text)

    def _comment(self, change: int, marker: str) -> Path:
        number = f"{change}-" if change else ""
        return self.folder / f"comment-{number}{marker}.md"

    def _issue(self, marker: str) -> Path:
        return self.folder / f"issue-{marker}.md"

    def _write(self, path: Path, content: str | bytes) -> str:
        refuse_links(self.folder, path)
        write_file(path, content)
        return str(path)


def _file_name(name: str) -> str:
    """Turn a name into one that a file can have: a branch is called `team/fix`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "unnamed"
