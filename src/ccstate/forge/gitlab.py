"""GitLab: notes, approvals, commit statuses, issues and merge requests of one project.

Source of all shapes: GitLab's REST API v4 (docs.gitlab.com/api: notes, merge_requests,
merge_request_approvals, commits, issues), 17.0 and its GraphQL reference for who edited a note.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import orjson
from pydantic import BaseModel

from ccstate.authority import Approval
from ccstate.checkout import write_file
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.forge import ChangeRequest, Check, Conclusion
from ccstate.forge.marking import marked, marker_of, unmarked, write_one
from ccstate.forge.rest import Refused, Rest
from ccstate.forge.texts import annotation_text, one_line, refuse_long
from ccstate.model import Json

LONGEST_BODY = 1_000_000
"""Characters of a note. Source: Notes API, body."""
LONGEST_TITLE = 255
REPORT = "gl-code-quality-report.json"
"""File that a job hands over as `artifacts: reports: codequality:`, to be shown at the lines."""
_STATES: Mapping[Conclusion, str] = {
    "success": "success",
    "neutral": "success",
    "failure": "failed",
    # A pending status keeps the pipeline running, and cannot become pending again.
    "action_required": "failed",
}
_PAGE = 50
"""Values in one page: so many notes of the longest are the largest answer that is read."""
_APPROVED = "approved this merge request"
"""Note of the system on an approval. Source: GitLab, SystemNotes::MergeRequestsService."""


class _User(BaseModel):
    id: int
    username: str


class _Note(BaseModel):
    id: int
    body: str
    author: _User | None = None
    system: bool = False
    created_at: datetime


class _Issue(BaseModel):
    iid: int
    web_url: str
    description: str | None = None
    author: _User | None = None


class _Commits(BaseModel):
    base_sha: str | None = None
    start_sha: str | None = None


class _MergeRequest(BaseModel):
    iid: int
    web_url: str
    title: str
    description: str | None = None
    author: _User | None = None
    state: str
    source_branch: str
    target_branch: str
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    diff_refs: _Commits | None = None


class _Version(BaseModel):
    created_at: datetime
    head_commit_sha: str


class _Consent(BaseModel):
    user: _User
    approved_at: datetime | None = None
    """Newer releases say it (gitlab-org/api/client-go!2844), in older ones a note of the system does."""


class _Consents(BaseModel):
    approved_by: list[_Consent]


class _Project(BaseModel):
    web_url: str


class _Status(BaseModel):
    id: int


class _Node(BaseModel):
    id: str


class _Edited(BaseModel):
    lastEditedAt: str | None = None  # noqa: N815 - named by GitLab's GraphQL schema
    lastEditedBy: _Node | None = None  # noqa: N815 - named by GitLab's GraphQL schema


class _EditedData(BaseModel):
    note: _Edited | None = None


class _EditedAnswer(BaseModel):
    data: _EditedData | None = None


class GitLab:
    """One project on GitLab, with the rights of one token."""

    name = "GitLab"
    longest_body = LONGEST_BODY - 200  # the line of the marker is part of it

    def __init__(self, rest: Rest, project: str, graphql: str, reports: Path | None) -> None:
        """Connect to a project by its number or path; reports of code quality go into a folder."""
        self._rest = rest
        self._below = f"projects/{quote(project, safe='')}"
        self._graphql = graphql
        self._reports = reports

    def change(self, number: int) -> ChangeRequest:
        return _change(self._rest.get(_MergeRequest, f"{self._below}/merge_requests/{number}"))

    def change_of(self, commit: str) -> ChangeRequest | None:
        """Find the merged merge request; of several the one that this very commit merged."""
        path = f"{self._below}/repository/commits/{quote(commit, safe='')}/merge_requests"
        found = self._rest.pages(_MergeRequest, path, per_page=_PAGE)
        merged = [request for request in found if request.state == "merged"]
        merged.sort(key=lambda request: (commit not in _merges(request), request.iid))
        return self.change(merged[0].iid) if merged else None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        """Read approvals that were given since the last push.

        Whether a push takes approvals away is a setting of the project, so that the time decides. An
        approval whose time is not known does not count.
        """
        path = f"{self._below}/merge_requests/{change}"
        consents = self._rest.get(_Consents, f"{path}/approvals").approved_by
        if not consents:
            return ()
        versions = self._rest.pages(_Version, f"{path}/versions", per_page=_PAGE)
        last = max(versions, key=lambda version: version.created_at, default=None)
        if last is None:
            return ()
        given = {
            note.author.id: note.created_at
            for note in self._notes(f"merge_requests/{change}")
            if note.system and note.author and note.body == _APPROVED
        }
        found = []
        for consent in consents:
            at = consent.approved_at or given.get(consent.user.id)
            if at is not None and at >= last.created_at:
                by = consent.user.username
                found.append(Approval(by, at.isoformat(), "review", last.head_commit_sha))
        return tuple(found)

    def read_comment(self, change: int, marker: str) -> str | None:
        """Read our note; None too where another person edited it since: it is not our word then."""
        note = next(self._ours(f"merge_requests/{change}", marker), None)
        if note is None or self._was_edited(note.id):
            return None
        return unmarked(marker, note.body)

    def write_comment(self, change: int, marker: str, body: str) -> str:
        page = f"{self._project_page}/-/merge_requests/{change}"
        return f"{page}#note_{self._write_note(f'merge_requests/{change}', marker, body)}"

    def write_check(self, commit: str, check: Check) -> str:
        """Report a commit status, and its problems as a file that the job hands over.

        GitLab has no check runs: what it shows at lines comes from a report of code quality.
        """
        body: dict[str, Json] = {
            "state": _STATES[check.conclusion],
            "name": check.name,
            "description": one_line(check.title, LONGEST_TITLE),
        }
        path = f"{self._below}/statuses/{quote(commit, safe='')}"
        # One that ended is not changed: a new one of the same name stands in its place.
        self._rest.put(_Status, "POST", path, body)
        if self._reports is not None:
            write_file(self._reports / REPORT, code_quality(check))
        return self.page_of_commit(commit)

    def open_issue(self, marker: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: dict[str, Json] = {
            "title": one_line(title, LONGEST_TITLE),
            "description": marked(marker, body),
        }
        at = f"{self._below}/issues"
        written = write_one(
            lambda: self._issues(marker),
            lambda find: self._rest.make(_Issue, "POST", at, said, find),
            lambda issue: self._rest.put(_Issue, "PUT", f"{at}/{issue.iid}", said),
            self._close,
        )
        return written.web_url

    def close_issue(self, marker: str, comment: str) -> str:
        refuse_long(self.name, self.longest_body, comment)
        closed = ""
        for issue in list(self._issues(marker)):
            if not closed:
                self._write_note(f"issues/{issue.iid}", f"{marker}-closed", comment)
            self._close(issue)
            closed = closed or issue.web_url
        return closed

    def open_markers(self) -> tuple[str, ...]:
        found = (marker_of(issue.description or "") for issue in self._open_issues())
        return tuple(marker for marker in found if marker)

    def page_of_commit(self, commit: str) -> str:
        return f"{self._project_page}/-/commit/{commit}"

    def page_of_file(self, branch: str, path: str) -> str:
        return f"{self._project_page}/-/blob/{quote(branch)}/{quote(path)}"

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: dict[str, Json] = {
            "title": one_line(title, LONGEST_TITLE),
            "description": body,
            "source_branch": branch,
            "target_branch": base,
        }
        at = f"{self._below}/merge_requests"

        def find() -> _MergeRequest | None:
            query = {"state": "opened", "source_branch": branch, "target_branch": base}
            found = self._rest.pages(_MergeRequest, at, **query, per_page=_PAGE)
            return next((each for each in found if each.source_branch == branch), None)

        return (find() or self._rest.make(_MergeRequest, "POST", at, said, find)).web_url

    @cached_property
    def _account(self) -> int:
        """Number of the account that the token acts for: of a project's token, its bot."""
        return self._rest.get(_User, "user").id

    @cached_property
    def _project_page(self) -> str:
        return self._rest.get(_Project, self._below).web_url

    def _notes(self, subject: str) -> Iterator[_Note]:
        """Read all notes on a merge request or an issue, the oldest first."""
        query = {"sort": "asc", "order_by": "created_at"}
        return self._rest.pages(_Note, f"{self._below}/{subject}/notes", **query, per_page=_PAGE)

    def _ours(self, subject: str, marker: str) -> Iterator[_Note]:
        for note in self._notes(subject):
            marks = not note.system and unmarked(marker, note.body) is not None
            if marks and note.author and note.author.id == self._account:
                yield note

    def _write_note(self, subject: str, marker: str, body: str) -> int:
        """Make our note with the marker say this; returns its number."""
        refuse_long(self.name, self.longest_body, body)
        text: dict[str, Json] = {"body": marked(marker, body)}
        at = f"{self._below}/{subject}/notes"
        written = write_one(
            lambda: self._ours(subject, marker),
            lambda find: self._rest.make(_Note, "POST", at, text, find),
            lambda note: self._rest.put(_Note, "PUT", f"{at}/{note.id}", text),
            lambda note: self._delete(f"{at}/{note.id}"),
        )
        return written.id

    def _issues(self, marker: str) -> Iterator[_Issue]:
        for issue in self._open_issues():
            if unmarked(marker, issue.description or "") is not None:
                yield issue

    def _open_issues(self) -> Iterator[_Issue]:
        """Read our open issues, the oldest first."""
        query: dict[str, str | int] = {
            "state": "opened",
            "scope": "all",
            "author_id": self._account,
            "order_by": "created_at",
            "sort": "asc",
            "per_page": _PAGE,
        }
        for issue in self._rest.pages(_Issue, f"{self._below}/issues", **query):
            if issue.author and issue.author.id == self._account:
                yield issue

    def _close(self, issue: _Issue) -> None:
        path = f"{self._below}/issues/{issue.iid}"
        self._rest.put(_Issue, "PUT", path, {"state_event": "close"})

    def _delete(self, path: str) -> None:
        try:
            self._rest.put(object, "DELETE", path)
        except Refused as refusal:
            if refusal.status != 404:  # deleted by a request whose answer was lost
                raise

    def _was_edited(self, note: int) -> bool:
        """Whether another account edited a note: maintainers can.

        Source: GitLab's GraphQL reference, Query.note (since 15.9), Note.lastEditedBy. A release
        that does not know the question leaves it open, and the note is not believed.
        """
        query = "query($id: NoteID!) { note(id: $id) { lastEditedAt lastEditedBy { id } } }"
        body: Json = {"query": query, "variables": {"id": f"gid://gitlab/Note/{note}"}}
        data = self._rest.ask(_EditedAnswer, self._graphql, body).data
        if data is None or data.note is None:
            return True
        if data.note.lastEditedAt is None:
            return False
        editor = data.note.lastEditedBy
        return editor is None or editor.id != f"gid://gitlab/User/{self._account}"


def _merges(request: _MergeRequest) -> set[str | None]:
    """List the commits of the target branch that a merge request can have become."""
    return {request.merge_commit_sha, request.squash_commit_sha, request.sha}


def _change(request: _MergeRequest) -> ChangeRequest:
    commits = request.diff_refs or _Commits()
    merged = request.merge_commit_sha or request.squash_commit_sha or request.sha or ""
    return ChangeRequest(
        number=request.iid,
        address=request.web_url,
        author=request.author.username if request.author else "",
        title=request.title,
        body=request.description or "",
        base_commit=commits.start_sha or commits.base_sha or "",
        head_commit=request.sha or "",
        base_branch=request.target_branch,
        head_branch=request.source_branch,
        merged_commit=merged if request.state == "merged" else "",
    )


def code_quality(check: Check) -> bytes:
    """Write problems as GitLab shows them at the lines of a merge request.

    Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format", 17.0.
    """
    found = [_finding(problem, problem.span) for problem in check.annotations if problem.span]
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _finding(problem: Diagnostic, span: Span) -> Json:
    place = [problem.code, problem.message, span.file, span.line, span.column]
    return {
        "description": annotation_text(problem),
        "check_name": problem.code,
        "fingerprint": hashlib.sha256(orjson.dumps(place)).hexdigest(),
        "severity": "major" if problem.severity is Severity.ERROR else "minor",
        "location": {"path": span.file, "lines": {"begin": max(span.line, 1)}},
    }
