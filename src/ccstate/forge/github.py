"""GitHub: comments, check runs, reviews, pull requests and issues of one repository.

Source of all shapes: GitHub's REST API, version 2022-11-28 (docs.github.com/rest), the same on GitHub
Enterprise Server from 3.9 on.
"""

import hashlib
from collections.abc import Iterator, Mapping
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


class User(BaseModel):
    id: int
    login: str


class Comment(BaseModel):
    id: int
    node_id: str = ""
    """Name in GraphQL; Gitea has none."""
    html_url: str
    body: str | None = None
    user: User | None = None


class Issue(BaseModel):
    number: int
    html_url: str
    body: str | None = None
    user: User | None = None
    pull_request: object = None
    """There for a pull request: lists of issues hold these too."""


class Repository(BaseModel):
    full_name: str


class Branch(BaseModel):
    ref: str
    sha: str
    repo: Repository | None = None
    """None where the fork is deleted."""


class Pull(BaseModel):
    number: int
    html_url: str
    title: str
    body: str | None = None
    user: User | None = None
    base: Branch
    head: Branch
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class Review(BaseModel):
    user: User | None = None
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


class Status(BaseModel):
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
    full_page: Mapping[str, int] = {"per_page": 100}

    def __init__(self, rest: Rest, repository: str, graphql: str, page: str) -> None:
        self.rest = rest
        self.repository = repository
        self.below = "repos/" + "/".join(quote(part, safe="") for part in repository.split("/"))
        self._graphql = graphql
        self.page = page

    def change(self, number: int) -> ChangeRequest:
        return change_request(self.rest.get(Pull, f"{self.below}/pulls/{number}"))

    def change_of(self, commit: str) -> ChangeRequest | None:
        """Find the merged pull request; of several the one that this very commit merged."""
        path = f"{self.below}/commits/{quote(commit, safe='')}/pulls"
        merged = [
            pull
            for pull in self.rest.pages(Pull, path, **self.full_page)
            if pull.merged_at and self.is_here(pull.base)
        ]
        merged.sort(key=lambda pull: (pull.merge_commit_sha != commit, pull.number))
        return change_request(merged[0]) if merged else None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        """Read approvals of the head commit by people who may write to the repository.

        GitHub counts such reviews alone, while everyone may approve who may read. A comment after
        an approval takes nothing back; a later request for changes, or a dismissal, does.
        """
        head = self.change(change).head_commit
        latest: dict[int, Review] = {}
        path = f"{self.below}/pulls/{change}/reviews"
        for review in self.rest.pages(Review, path, **self.full_page):  # in the order of time
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
            if self.was_edited(comment.node_id):
                return None
            return unmarked(marker, comment.body or "")
        return None

    def write_comment(self, change: int, marker: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        text = marked(marker, body)

        at = f"{self.below}/issues/comments"

        def change_to(comment: Comment) -> Comment:
            return self.rest.put(Comment, "PATCH", f"{at}/{comment.id}", {"body": text})

        written = write_one(
            lambda: self._comments(change, marker),
            lambda find: self.rest.make(
                Comment, "POST", f"{self.below}/issues/{change}/comments", {"body": text}, find
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
            try:
                return self._write_status(commit, check)
            except Refused:
                raise refusal from None  # a token of Actions that lacks a right

    def _write_status(self, commit: str, check: Check) -> str:
        states = {"success": "success", "neutral": "success", "action_required": "pending"}
        body: dict[str, Json] = {
            "state": states.get(check.conclusion, "failure"),
            "context": check.name,
            "description": one_line(check.title, 140),
        }
        path = f"{self.below}/statuses/{quote(commit, safe='')}"
        # A status stands in place of an earlier one of its context: twice the same is once.
        self.rest.put(Status, "POST", path, body)
        return self.page_of_commit(commit)

    def open_issue(self, marker: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: dict[str, Json] = {"title": one_line(title, 256), "body": marked(marker, body)}

        at = f"{self.below}/issues"
        written = write_one(
            lambda: self._issues(marker),
            lambda find: self.rest.make(Issue, "POST", at, said, find),
            lambda issue: self.rest.put(Issue, "PATCH", f"{at}/{issue.number}", said),
            lambda issue: self.close(issue.number, "duplicate"),
        )
        return written.html_url

    def close_issue(self, marker: str, comment: str) -> str:
        refuse_long(self.name, self.longest_body, comment)
        closed = ""
        for issue in list(self._issues(marker)):
            if not closed:
                self.write_comment(issue.number, f"{marker}-closed", comment)
            self.close(issue.number, "completed")
            closed = closed or issue.html_url
        return closed

    def open_markers(self) -> tuple[str, ...]:
        ours = (issue for issue in self.open_issues() if self._is_ours(issue.user))
        return tuple(marker for issue in ours if (marker := marker_of(issue.body or "")))

    def page_of_commit(self, commit: str) -> str:
        return f"{self.page}/{self.repository}/commit/{commit}"

    def page_of_file(self, branch: str, path: str) -> str:
        return f"{self.page}/{self.repository}/blob/{quote(branch)}/{quote(path)}"

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: Json = {"title": one_line(title, 256), "body": body, "head": branch, "base": base}
        owner = self.repository.partition("/")[0]

        def find() -> Pull | None:
            query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
            found = self.rest.get(list[Pull], f"{self.below}/pulls", **query, **self.full_page)
            # GitHub takes a filter that it does not understand for none.
            return next((pull for pull in found if pull.head.ref == branch), None)

        pull = find() or self.rest.make(Pull, "POST", f"{self.below}/pulls", said, find)
        return pull.html_url

    @cached_property
    def account(self) -> int:
        """Number of the account that the token acts for.

        The token of an App, and so that of Actions, may not ask GET /user (it answers 403), and asks
        GraphQL who the viewer is. Seen: fullsend-ai/fullsend#1953 (2026-06) for an App,
        marocchino/sticky-pull-request-comment#332 for Actions.
        """
        try:
            return self.rest.get(User, "user").id
        except Refused as refusal:
            if refusal.status != 403:
                raise
        query = "query { viewer { databaseId } }"
        answer = self.rest.ask(_ViewerAnswer, self._graphql, {"query": query})
        return answer.data.viewer.databaseId

    def _comments(self, change: int, marker: str) -> Iterator[Comment]:
        """Find our comments with the marker, the oldest first."""
        path = f"{self.below}/issues/{change}/comments"
        for comment in self.rest.pages(Comment, path, **self.full_page):
            if unmarked(marker, comment.body or "") is not None and self._is_ours(comment.user):
                yield comment

    def _issues(self, marker: str) -> Iterator[Issue]:
        """Find our open issues with the marker, the oldest first."""
        for issue in self.open_issues():
            if unmarked(marker, issue.body or "") is not None and self._is_ours(issue.user):
                yield issue

    def open_issues(self) -> Iterator[Issue]:
        query = {"state": "open", "sort": "created", "direction": "asc"}
        found = self.rest.pages(Issue, f"{self.below}/issues", **query, **self.full_page)
        return (issue for issue in found if issue.pull_request is None)

    def _is_ours(self, user: User | None) -> bool:
        return user is not None and user.id == self.account

    def is_here(self, branch: Branch) -> bool:
        """Whether it is a branch of this repository: a commit can be in pull requests of forks."""
        there = branch.repo.full_name if branch.repo else ""
        return there.lower() == self.repository.lower()

    def _may_write(self, login: str) -> bool:
        path = f"{self.below}/collaborators/{quote(login, safe='')}/permission"
        try:
            permission = self.rest.get(_Permission, path).permission
        except Refused as refusal:
            if refusal.status == 404:
                return False
            raise
        return permission in {"admin", "write"}

    def was_edited(self, node: str) -> bool:
        """Whether another account edited a comment: each that may write to the repository can.

        Source: GitHub's GraphQL schema, IssueComment.lastEditedAt and .editor. The number of a bot
        is the same there as in REST, its login is not (seen: open-multi-agent#492, 2026-08).
        """
        query = (
            "query($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt editor {"
            " ... on User { databaseId } ... on Bot { databaseId } } } } }"
        )
        body: dict[str, Json] = {"query": query, "variables": {"id": node}}
        edited = self.rest.ask(_EditedAnswer, self._graphql, body).data.node
        if edited is None or edited.lastEditedAt is None:
            return edited is None
        return edited.editor is None or edited.editor.databaseId != self.account

    def close(self, number: int, reason: str) -> None:
        body: dict[str, Json] = {"state": "closed", "state_reason": reason}
        self.rest.put(Issue, "PATCH", f"{self.below}/issues/{number}", body)

    def _delete(self, path: str) -> None:
        try:
            self.rest.put(object, "DELETE", path)
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
            path = f"{self.below}/commits/{quote(commit, safe='')}/check-runs"
            query = {"check_name": check.name, "filter": "latest"}
            runs = self.rest.get(_CheckRuns, path, **query, **self.full_page).check_runs
            return next((run for run in runs if run.external_id == mark), None)

        run = self.rest.make(_CheckRun, "POST", f"{self.below}/check-runs", body, find)
        for start in range(BATCH, len(annotations), BATCH):
            batch = annotations[start : start + BATCH]
            self._append(run, {**output, "annotations": batch}, start + len(batch))
        return run.html_url or self.page_of_commit(commit)

    def _append(self, run: _CheckRun, output: dict[str, Json], count: int) -> None:
        """Append annotations to a check run, which has so many afterwards."""
        path = f"{self.below}/check-runs/{run.id}"

        def find() -> _CheckRun | None:
            there = self.rest.get(_CheckRun, path)
            return there if there.output.annotations_count >= count else None

        self.rest.make(_CheckRun, "PATCH", path, {"output": output}, find)


def change_request(pull: Pull) -> ChangeRequest:
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
