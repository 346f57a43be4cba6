"""GitLab's REST API v4 as documented, for the calls that ccstate makes, on project 35.

Source: docs.gitlab.com/api (notes, merge_requests, merge_request_approvals, commits, issues, users),
release 17.0, and its GraphQL reference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.forge.server import Answer, Request, Server, Wrong, check_fields, page

TOKEN = "glpat-secretOfTheTest"
BOT = {"id": 501, "username": "project_35_bot", "name": "ccstate"}
MALLORY = {"id": 666, "username": "mallory", "name": "Mallory"}
PROJECT = "https://gitlab.example.com/team/centre"
HEAD, OLD, BASE, MERGED = "a" * 40, "b" * 40, "c" * 40, "d" * 40


def person(number: int, login: str) -> dict[str, Any]:
    return {"id": number, "username": login, "name": login.title()}


@dataclass
class GitLabHost:
    """The state of one project, team/centre; its token is that of a bot of the project."""

    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    approved_by: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    knows_editors: bool = True
    most_a_page: int = 2
    numbers: int = 100
    server: Server = field(init=False)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def answer(self, request: Request) -> Answer:
        """Answer as GitLab would; Wrong where GitLab documents no such request."""
        if request.headers.get("private-token") != TOKEN:
            return Answer(401, {"message": "401 Unauthorized"})
        if request.body is not None and request.headers.get("content-type") != "application/json":
            raise Wrong("a body is JSON")
        if int(request.query.get("per_page", "20")) > 100:
            raise Wrong("per_page has at most 100")
        if request.path == "/api/graphql":
            return self.graphql(request)
        match = re.fullmatch(r"/api/v4/(.+)", request.path)
        if not match:
            return Answer(404, {"error": "404 Not Found"})
        routes: dict[str, Callable[..., Answer]] = {
            r"user": self.on_user,
            r"projects/35": self.on_project,
            r"projects/35/(merge_requests/\d+|issues/\d+)/notes": self.on_notes,
            r"projects/35/(merge_requests/\d+|issues/\d+)/notes/(\d+)": self.on_note,
            r"projects/35/issues": self.on_issues,
            r"projects/35/issues/(\d+)": self.on_issue,
            r"projects/35/merge_requests": self.on_requests,
            r"projects/35/merge_requests/(\d+)": self.on_request,
            r"projects/35/merge_requests/\d+/approvals": self.on_approvals,
            r"projects/35/merge_requests/\d+/versions": self.on_versions,
            r"projects/35/repository/commits/([0-9a-f]{40})/merge_requests": self.on_requests_of,
            r"projects/35/statuses/([0-9a-f]{40})": self.on_statuses,
        }
        for pattern, handler in routes.items():
            found = re.fullmatch(pattern, match[1])
            if found:
                return handler(request, *found.groups())
        raise Wrong("no such path is documented")

    def paged(self, request: Request, items: list[Any]) -> Answer:
        return page(request, items, self.most_a_page, self.server.address)

    def on_user(self, request: Request) -> Answer:
        return Answer(200, BOT)

    def on_project(self, request: Request) -> Answer:
        return Answer(200, {"id": 35, "path_with_namespace": "team/centre", "web_url": PROJECT})

    def add_note(
        self,
        subject: str,
        author: Any,
        body: str,
        at: str = "2026-11-02T09:00:00.000Z",
        **more: Any,
    ) -> dict[str, Any]:
        if len(body) > 1_000_000:
            raise Wrong("a note is limited to 1,000,000 characters")
        note = {
            "id": self.number(),
            "body": body,
            "author": author,
            "created_at": at,
            "system": False,
        }
        note.update(more)
        self.notes.setdefault(subject, []).append(note)
        return note

    def on_notes(self, request: Request, subject: str) -> Answer:
        if request.method == "GET":
            if request.query.get("sort") != "asc":  # its default is desc
                raise Wrong("the newest would come first")
            return self.paged(request, self.notes.get(subject, []))
        check_fields(request.body, {"body"})
        return Answer(201, self.add_note(subject, BOT, request.body["body"]))

    def on_note(self, request: Request, subject: str, number: str) -> Answer:
        for note in self.notes.get(subject, []):
            if note["id"] == int(number):
                if request.method == "DELETE":
                    self.notes[subject].remove(note)
                    return Answer(204)
                if request.method != "PUT":
                    raise Wrong(request.method)
                check_fields(request.body, {"body"})
                note["body"] = request.body["body"]
                return Answer(200, note)
        return Answer(404, {"message": "404 Note Not Found"})

    def add_issue(self, author: Any, title: str, description: str) -> dict[str, Any]:
        number = self.number()
        issue = {
            "iid": number,
            "web_url": f"{PROJECT}/-/issues/{number}",
            "title": title,
            "description": description,
            "state": "opened",
            "author": author,
        }
        self.issues.append(issue)
        return issue

    def on_issues(self, request: Request) -> Answer:
        if request.method == "GET":
            if (request.query["state"], request.query["scope"]) != ("opened", "all"):
                raise Wrong("state, scope")
            author = int(request.query["author_id"])
            found = [
                i for i in self.issues if i["state"] == "opened" and i["author"]["id"] == author
            ]
            return self.paged(request, found)
        check_fields(request.body, {"title", "description"})
        return Answer(201, self.add_issue(BOT, request.body["title"], request.body["description"]))

    def on_issue(self, request: Request, number: str) -> Answer:
        if request.method != "PUT":
            raise Wrong(request.method)
        check_fields(request.body, set(), frozenset({"title", "description", "state_event"}))
        [issue] = [i for i in self.issues if i["iid"] == int(number)]
        issue.update({k: v for k, v in request.body.items() if k != "state_event"})
        if "state_event" in request.body:
            issue["state"] = {"close": "closed", "reopen": "opened"}[request.body["state_event"]]
        return Answer(200, issue)

    def add_request(self, number: int, **fields: Any) -> dict[str, Any]:
        request = {
            "iid": number,
            "web_url": f"{PROJECT}/-/merge_requests/{number}",
            "title": "Longer wrap-up",
            "description": "As agreed.",
            "state": "opened",
            "author": person(7, "kim"),
            "source_branch": "wrap-up",
            "target_branch": "main",
            "sha": HEAD,
            "merge_commit_sha": None,
            "squash_commit_sha": None,
            "diff_refs": {"base_sha": OLD, "head_sha": HEAD, "start_sha": BASE},
            **fields,
        }
        self.requests.append(request)
        return request

    def on_requests(self, request: Request) -> Answer:
        if request.method == "GET":
            query = request.query
            found = [
                each
                for each in self.requests
                if each["state"] == query["state"]
                and each["source_branch"] == query["source_branch"]
                and each["target_branch"] == query["target_branch"]
            ]
            return self.paged(request, found)
        check_fields(request.body, {"title", "description", "source_branch", "target_branch"})
        return Answer(201, self.add_request(self.number(), **request.body))

    def on_request(self, request: Request, number: str) -> Answer:
        found = [each for each in self.requests if each["iid"] == int(number)]
        return Answer(200, found[0]) if found else Answer(404, {"message": "404 Not found"})

    def on_requests_of(self, request: Request, commit: str) -> Answer:
        # The list of a commit's merge requests has no diff_refs.
        short = [{k: v for k, v in each.items() if k != "diff_refs"} for each in self.requests]
        return self.paged(request, short)

    def on_approvals(self, request: Request) -> Answer:
        return Answer(200, {"approved": True, "approved_by": self.approved_by})

    def on_versions(self, request: Request) -> Answer:
        return self.paged(request, self.versions)

    def on_statuses(self, request: Request, commit: str) -> Answer:
        check_fields(request.body, {"state", "name", "description"})
        if request.body["state"] not in {"pending", "running", "success", "failed", "canceled"}:
            raise Wrong("state")
        if len(request.body["description"]) > 255:
            raise Wrong("description is too long (maximum is 255 characters)")
        self.statuses.append({"commit": commit, **request.body})
        return Answer(201, {"id": self.number(), "status": request.body["state"]})

    def graphql(self, request: Request) -> Answer:
        check_fields(request.body, {"query", "variables"})
        if not self.knows_editors:
            return Answer(
                200, {"errors": [{"message": "Field 'note' doesn't exist on type 'Query'"}]}
            )
        note = request.body["variables"]["id"]
        edited = self.edits.get(note, {"lastEditedAt": None, "lastEditedBy": None})
        return Answer(200, {"data": {"note": edited}})
