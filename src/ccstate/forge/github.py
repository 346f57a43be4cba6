"""GitHub: comments, check runs, reviews, pull requests and issues of one repository.

Source of all shapes: GitHub's REST API, version 2022-11-28 (docs.github.com/rest), the same on GitHub
Enterprise Server from 3.9 on.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import quote

import orjson
from pydantic import BaseModel

from ccstate.authority import Approval
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.forge import ChangeRequest, Check
from ccstate.forge.marking import marked, marker_of, unmarked, write_one
from ccstate.forge.rest import Refused, Rest
from ccstate.forge.texts import annotation_text, one_line, refuse_long
from ccstate.model import Json

VERSION = "2022-11-28"
LONGEST_BODY = 65_536
"""Characters of a comment or issue. Source: its answer 422, "Body is too long (maximum is 65536 …)"."""
LONGEST_SUMMARY = 65_535
"""Characters of the summary of a check run. Source: "Create a check run", output.summary."""
BATCH = 50
"""Annotations in one request. Source: "Create a check run", output.annotations."""
_PAGE = 100


class _User(BaseModel):
    id: int
    login: str


class _Comment(BaseModel):
    id: int
    node_id: str
    html_url: str
    body: str | None = None
    user: _User | None = None


class _Issue(BaseModel):
    number: int
    html_url: str
    body: str | None = None
    user: _User | None = None
    pull_request: object = None
    """There for a pull request: lists of issues hold these too."""


class _Repository(BaseModel):
    full_name: str


class _Branch(BaseModel):
    ref: str
    sha: str
    repo: _Repository | None = None
    """None where the fork is deleted."""


class _Pull(BaseModel):
    number: int
    html_url: str
    title: str
    body: str | None = None
    user: _User | None = None
    base: _Branch
    head: _Branch
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class _Review(BaseModel):
    user: _User | None = None
    state: str
    submitted_at: str | None = None
    commit_id: str | None = None


class _Permission(BaseModel):
    permission: str


class _Output(BaseModel):
    annotations_count: int = 0


class _CheckRun(BaseModel):
    id: int
    html_url: str | None = None
    external_id: str | None = None
    output: _Output = _Output()


class _CheckRuns(BaseModel):
    check_runs: list[_CheckRun]


class _Status(BaseModel):
    target_url: str | None = None


class _Viewer(BaseModel):
    databaseId: int  # noqa: N815 - named by GitHub's GraphQL schema


class _ViewerData(BaseModel):
    viewer: _Viewer


class _ViewerAnswer(BaseModel):
    data: _ViewerData


class _Editor(BaseModel):
    databaseId: int | None = None  # noqa: N815 - named by GitHub's GraphQL schema


class _Edited(BaseModel):
    lastEditedAt: str | None = None  # noqa: N815 - named by GitHub's GraphQL schema
    editor: _Editor | None = None


class _EditedData(BaseModel):
    node: _Edited | None = None


class _EditedAnswer(BaseModel):
    data: _EditedData


class GitHub:
    """One repository on GitHub, with the rights of one token."""

    name = "GitHub"
    longest_body = LONGEST_BODY - 200  # the line of the marker is part of it

    def __init__(self, rest: Rest, repository: str, graphql: str, page: str) -> None:
        self._rest = rest
        self._repository = repository
        self._below = "repos/" + "/".join(quote(part, safe="") for part in repository.split("/"))
        self._graphql = graphql
        self._page = page

    def change(self, number: int) -> ChangeRequest:
        return _change(self._rest.get(_Pull, f"{self._below}/pulls/{number}"))

    def change_of(self, commit: str) -> ChangeRequest | None:
        """Find the merged pull request; of several the one that this very commit merged."""
        path = f"{self._below}/commits/{quote(commit, safe='')}/pulls"
        merged = [
            pull
            for pull in self._rest.pages(_Pull, path, per_page=_PAGE)
            if pull.merged_at and self._is_here(pull.base)
        ]
        merged.sort(key=lambda pull: (pull.merge_commit_sha != commit, pull.number))
        return _change(merged[0]) if merged else None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        """Read approvals of the head commit by people who may write to the repository.

        GitHub counts such reviews alone, while everyone may approve who may read. A comment after
        an approval takes nothing back; a later request for changes, or a dismissal, does.
        """
        head = self.change(change).head_commit
        latest: dict[int, _Review] = {}
        path = f"{self._below}/pulls/{change}/reviews"
        for review in self._rest.pages(_Review, path, per_page=_PAGE):  # in the order of time
            if review.user and review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
                latest[review.user.id] = review
        return tuple(
            Approval(review.user.login, review.submitted_at or "", "review", head)
            for review in latest.values()
            if review.user
            and review.state == "APPROVED"
            and review.commit_id == head
            and self._may_write(review.user.login)
        )

    def read_comment(self, change: int, marker: str) -> str | None:
        """Read our comment; None too where another person edited it since: it is not our word then."""
        for comment in self._comments(change, marker):
            if self._was_edited(comment.node_id):
                return None
            return unmarked(marker, comment.body or "")
        return None

    def write_comment(self, change: int, marker: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        text = marked(marker, body)

        at = f"{self._below}/issues/comments"

        def change_to(comment: _Comment) -> _Comment:
            return self._rest.put(_Comment, "PATCH", f"{at}/{comment.id}", {"body": text})

        written = write_one(
            lambda: self._comments(change, marker),
            lambda find: self._rest.make(
                _Comment, "POST", f"{self._below}/issues/{change}/comments", {"body": text}, find
            ),
            change_to,
            lambda comment: self._delete(f"{at}/{comment.id}"),
        )
        return written.html_url

    def write_check(self, commit: str, check: Check) -> str:
        """Report a check run; a commit status where the token is that of a person.

        Source: "Create a check run": only GitHub Apps may, and the token of Actions is one of an App.
        """
        refuse_long(self.name, LONGEST_SUMMARY, check.summary)
        try:
            return self._write_check_run(commit, check)
        except Refused as refusal:
            if refusal.status != 403:
                raise
        states = {"success": "success", "neutral": "success", "action_required": "pending"}
        body: dict[str, Json] = {
            "state": states.get(check.conclusion, "failure"),
            "context": check.name,
            "description": one_line(check.title, 140),
        }
        path = f"{self._below}/statuses/{quote(commit, safe='')}"
        # A status stands in place of an earlier one of its context: twice the same is once.
        self._rest.put(_Status, "POST", path, body)
        return self.page_of_commit(commit)

    def open_issue(self, marker: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: dict[str, Json] = {"title": one_line(title, 256), "body": marked(marker, body)}

        at = f"{self._below}/issues"
        written = write_one(
            lambda: self._issues(marker),
            lambda find: self._rest.make(_Issue, "POST", at, said, find),
            lambda issue: self._rest.put(_Issue, "PATCH", f"{at}/{issue.number}", said),
            lambda issue: self._close(issue.number, "duplicate"),
        )
        return written.html_url

    def close_issue(self, marker: str, comment: str) -> str:
        refuse_long(self.name, self.longest_body, comment)
        closed = ""
        for issue in list(self._issues(marker)):
            if not closed:
                self.write_comment(issue.number, f"{marker}-closed", comment)
            self._close(issue.number, "completed")
            closed = closed or issue.html_url
        return closed

    def open_markers(self) -> tuple[str, ...]:
        ours = (issue for issue in self._open_issues() if self._is_ours(issue.user))
        return tuple(marker for issue in ours if (marker := marker_of(issue.body or "")))

    def page_of_commit(self, commit: str) -> str:
        return f"{self._page}/{self._repository}/commit/{commit}"

    def page_of_file(self, branch: str, path: str) -> str:
        return f"{self._page}/{self._repository}/blob/{quote(branch)}/{quote(path)}"

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: Json = {"title": one_line(title, 256), "body": body, "head": branch, "base": base}
        owner = self._repository.partition("/")[0]

        def find() -> _Pull | None:
            query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
            found = self._rest.get(list[_Pull], f"{self._below}/pulls", **query, per_page=_PAGE)
            # GitHub takes a filter that it does not understand for none.
            return next((pull for pull in found if pull.head.ref == branch), None)

        pull = find() or self._rest.make(_Pull, "POST", f"{self._below}/pulls", said, find)
        return pull.html_url

    @cached_property
    def _account(self) -> int:
        """Number of the account that the token acts for.

        The token of an App, and so that of Actions, may not ask GET /user (it answers 403), and asks
        GraphQL who the viewer is. Seen in github.com/fullsend-ai/fullsend/pull/1953, 2026-06.
        """
        try:
            return self._rest.get(_User, "user").id
        except Refused as refusal:
            if refusal.status != 403:
                raise
        query = "query { viewer { databaseId } }"
        answer = self._rest.ask(_ViewerAnswer, self._graphql, {"query": query})
        return answer.data.viewer.databaseId

    def _comments(self, change: int, marker: str) -> Iterator[_Comment]:
        """Find our comments with the marker, the oldest first."""
        path = f"{self._below}/issues/{change}/comments"
        for comment in self._rest.pages(_Comment, path, per_page=_PAGE):
            if unmarked(marker, comment.body or "") is not None and self._is_ours(comment.user):
                yield comment

    def _issues(self, marker: str) -> Iterator[_Issue]:
        """Find our open issues with the marker, the oldest first."""
        for issue in self._open_issues():
            if unmarked(marker, issue.body or "") is not None and self._is_ours(issue.user):
                yield issue

    def _open_issues(self) -> Iterator[_Issue]:
        query = {"state": "open", "sort": "created", "direction": "asc"}
        found = self._rest.pages(_Issue, f"{self._below}/issues", **query, per_page=_PAGE)
        return (issue for issue in found if issue.pull_request is None)

    def _is_ours(self, user: _User | None) -> bool:
        return user is not None and user.id == self._account

    def _is_here(self, branch: _Branch) -> bool:
        """Whether it is a branch of this repository: a commit can be in pull requests of forks."""
        there = branch.repo.full_name if branch.repo else ""
        return there.lower() == self._repository.lower()

    def _may_write(self, login: str) -> bool:
        path = f"{self._below}/collaborators/{quote(login, safe='')}/permission"
        try:
            permission = self._rest.get(_Permission, path).permission
        except Refused as refusal:
            if refusal.status == 404:
                return False
            raise
        return permission in {"admin", "write"}

    def _was_edited(self, node: str) -> bool:
        """Whether anybody but us edited a comment, which all may who may write to the repository.

        Source: GitHub's GraphQL schema, IssueComment.lastEditedAt and .editor.
        """
        query = (
            "query($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt editor {"
            " ... on User { databaseId } ... on Bot { databaseId } } } } }"
        )
        body: dict[str, Json] = {"query": query, "variables": {"id": node}}
        edited = self._rest.ask(_EditedAnswer, self._graphql, body).data.node
        if edited is None or edited.lastEditedAt is None:
            return edited is None
        return edited.editor is None or edited.editor.databaseId != self._account

    def _close(self, number: int, reason: str) -> None:
        body: dict[str, Json] = {"state": "closed", "state_reason": reason}
        self._rest.put(_Issue, "PATCH", f"{self._below}/issues/{number}", body)

    def _delete(self, path: str) -> None:
        try:
            self._rest.put(object, "DELETE", path)
        except Refused as refusal:
            if refusal.status != 404:  # deleted by a request whose answer was lost
                raise

    def _write_check_run(self, commit: str, check: Check) -> str:
        """Make a check run with its first annotations, and add the others in batches.

        Each request appends to what is there, so that none is sent again before it is known how many
        arrived.
        """
        annotations = [
            _annotation(problem, problem.span) for problem in check.annotations if problem.span
        ]
        output: dict[str, Json] = {"title": one_line(check.title, 255), "summary": check.summary}
        mark = hashlib.sha256(orjson.dumps([commit, check])).hexdigest()
        body: dict[str, Json] = {
            "name": check.name,
            "head_sha": commit,
            "status": "completed",
            "conclusion": check.conclusion,
            "external_id": mark,
            "output": {**output, "annotations": annotations[:BATCH]},
        }

        def find() -> _CheckRun | None:
            path = f"{self._below}/commits/{quote(commit, safe='')}/check-runs"
            query = {"check_name": check.name, "filter": "latest"}
            runs = self._rest.get(_CheckRuns, path, **query, per_page=_PAGE).check_runs
            return next((run for run in runs if run.external_id == mark), None)

        run = self._rest.make(_CheckRun, "POST", f"{self._below}/check-runs", body, find)
        for start in range(BATCH, len(annotations), BATCH):
            batch = annotations[start : start + BATCH]
            self._append(run, {**output, "annotations": batch}, start + len(batch))
        return run.html_url or self.page_of_commit(commit)

    def _append(self, run: _CheckRun, output: dict[str, Json], count: int) -> None:
        """Append annotations to a check run, which has so many afterwards."""
        path = f"{self._below}/check-runs/{run.id}"

        def find() -> _CheckRun | None:
            there = self._rest.get(_CheckRun, path)
            return there if there.output.annotations_count >= count else None

        self._rest.make(_CheckRun, "PATCH", path, {"output": output}, find)


def _change(pull: _Pull) -> ChangeRequest:
    return ChangeRequest(
        number=pull.number,
        address=pull.html_url,
        author=pull.user.login if pull.user else "",
        title=pull.title,
        body=pull.body or "",
        base_commit=pull.base.sha,
        head_commit=pull.head.sha,
        base_branch=pull.base.ref,
        head_branch=pull.head.ref,
        merged_commit=(pull.merge_commit_sha or "") if pull.merged_at else "",
    )


def _annotation(problem: Diagnostic, span: Span) -> Json:
    """Write a problem at its line. Source: "Create a check run", output.annotations."""
    line = max(span.line, 1)
    return {
        "path": span.file,
        "start_line": line,
        "end_line": line,
        "annotation_level": "failure" if problem.severity is Severity.ERROR else "warning",
        "title": problem.code,
        "message": annotation_text(problem),
    }
