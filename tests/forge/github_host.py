"""GitHub's REST API as documented, version 2022-11-28, for the calls that ccstate makes.

Source: docs.github.com/rest (issues/comments, issues/issues, pulls/pulls, pulls/reviews, checks/runs,
commits/commits, commits/statuses, collaborators/collaborators, users/users) and its GraphQL reference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.forge.server import Answer, Request, Server, Wrong, check_fields, page

TOKEN = "ghs_secretOfTheTest"
BOT = {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}
MALLORY = {"id": 666, "login": "mallory", "type": "User"}
HEAD = "a" * 40
OLD = "b" * 40
BASE = "c" * 40
MERGED = "d" * 40


def person(number: int, login: str) -> dict[str, Any]:
    return {"id": number, "login": login, "type": "User"}


def review(user: Any, state: str, commit: str = HEAD, at: str = "2026-11-02T09:00:00Z") -> Any:
    return {
        "id": 80,
        "user": user,
        "state": state,
        "commit_id": commit,
        "submitted_at": at,
        "body": "",
    }


@dataclass
class GitHubHost:
    """The state of one repository, team/centre; `me` is whose token is used."""

    me: dict[str, Any] = field(default_factory=lambda: BOT)
    is_app: bool = True
    may_report: bool = True
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    most_a_page: int = 2
    server: Server = field(init=False)
    numbers: int = 100

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def answer(self, request: Request) -> Answer:
        """Answer as GitHub would; Wrong where GitHub documents no such request."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials"})
        self.check_form(request)
        if request.path == "/graphql":
            return self.graphql(request)
        if request.path == "/user":
            if self.is_app:
                return Answer(403, {"message": "Resource not accessible by integration"})
            return Answer(200, self.me)
        match = re.fullmatch(r"/repos/team/centre/(.+)", request.path)
        if not match:
            return Answer(404, {"message": "Not Found"})
        return self.below(request, match[1])

    def check_form(self, request: Request) -> None:
        headers = request.headers
        if headers.get("accept") != "application/vnd.github+json":
            raise Wrong("GitHub recommends the media type application/vnd.github+json")
        if headers.get("x-github-api-version") != "2022-11-28":
            raise Wrong("no version of the API is named")
        if not headers.get("user-agent"):
            raise Wrong("GitHub refuses requests without User-Agent")
        if request.body is not None and headers.get("content-type") != "application/json":
            raise Wrong("a body is JSON")
        if int(request.query.get("per_page", "30")) > 100:
            raise Wrong("per_page has at most 100")

    def below(self, request: Request, path: str) -> Answer:
        routes: dict[str, Callable[..., Answer]] = {
            r"issues/(\d+)/comments": self.on_comments,
            r"issues/comments/(\d+)": self.on_comment,
            r"issues": self.on_issues,
            r"issues/(\d+)": self.on_issue,
            r"pulls": self.on_pulls,
            r"pulls/(\d+)": self.on_pull,
            r"pulls/(\d+)/reviews": self.on_reviews,
            r"commits/([0-9a-f]{40})/pulls": self.on_pulls_of,
            r"commits/([0-9a-f]{40})/check-runs": self.on_runs_of,
            r"check-runs": self.on_runs,
            r"check-runs/(\d+)": self.on_run,
            r"statuses/([0-9a-f]{40})": self.on_statuses,
            r"collaborators/([^/]+)/permission": self.on_permission,
        }
        for pattern, handler in routes.items():
            match = re.fullmatch(pattern, path)
            if match:
                return handler(request, *match.groups())
        raise Wrong("no such path is documented")

    def paged(self, request: Request, items: list[Any]) -> Answer:
        return page(request, items, self.most_a_page, self.server.address)

    def on_comments(self, request: Request, number: str) -> Answer:
        there = self.comments.setdefault(int(number), [])
        if request.method == "GET":
            return self.paged(request, there)
        check_fields(request.body, {"body"})
        return Answer(201, self.add_comment(int(number), self.me, request.body["body"]))

    def add_comment(self, number: int, user: Any, body: str) -> dict[str, Any]:
        if len(body) > 65_536:
            raise Wrong("Body is too long (maximum is 65536 characters)")
        made = self.number()
        comment = {
            "id": made,
            "node_id": f"IC_{made}",
            "html_url": f"https://github.com/team/centre/pull/{number}#issuecomment-{made}",
            "body": body,
            "user": user,
        }
        self.comments.setdefault(number, []).append(comment)
        return comment

    def on_comment(self, request: Request, number: str) -> Answer:
        for there in self.comments.values():
            for comment in there:
                if comment["id"] == int(number):
                    if request.method == "DELETE":
                        there.remove(comment)
                        return Answer(204)
                    if request.method != "PATCH":
                        raise Wrong(request.method)
                    check_fields(request.body, {"body"})
                    comment["body"] = request.body["body"]
                    return Answer(200, comment)
        return Answer(404, {"message": "Not Found"})

    def on_issues(self, request: Request) -> Answer:
        if request.method == "GET":
            if request.query.get("state") != "open":
                raise Wrong("state")
            return self.paged(request, [i for i in self.issues if i["state"] == "open"])
        check_fields(request.body, {"title", "body"})
        return Answer(201, self.add_issue(self.me, request.body["title"], request.body["body"]))

    def add_issue(self, user: Any, title: str, body: str) -> dict[str, Any]:
        made = self.number()
        issue = {
            "number": made,
            "html_url": f"https://github.com/team/centre/issues/{made}",
            "title": title,
            "body": body,
            "state": "open",
            "user": user,
        }
        self.issues.append(issue)
        return issue

    def on_issue(self, request: Request, number: str) -> Answer:
        if request.method != "PATCH":
            raise Wrong(request.method)
        check_fields(request.body, set(), frozenset({"title", "body", "state", "state_reason"}))
        if request.body.get("state_reason") not in {None, "completed", "not_planned", "duplicate"}:
            raise Wrong("state_reason")
        [issue] = [i for i in self.issues if i["number"] == int(number)]
        issue.update(request.body)
        return Answer(200, issue)

    def add_pull(self, number: int, **fields: Any) -> dict[str, Any]:
        here = {"full_name": "team/centre"}
        pull = {
            "number": number,
            "html_url": f"https://github.com/team/centre/pull/{number}",
            "title": "Longer wrap-up",
            "body": "As agreed.",
            "state": "open",
            "user": person(7, "kim"),
            "base": {"ref": "main", "sha": BASE, "repo": here},
            "head": {"ref": "wrap-up", "sha": HEAD, "repo": here},
            "merged_at": None,
            "merge_commit_sha": None,
            **fields,
        }
        self.pulls.append(pull)
        return pull

    def on_pulls(self, request: Request) -> Answer:
        if request.method == "GET":
            owner, _, branch = request.query["head"].partition(":")
            found = [
                pull
                for pull in self.pulls
                if pull["state"] == request.query["state"]
                and (owner, pull["head"]["ref"]) == ("team", branch)
                and pull["base"]["ref"] == request.query["base"]
            ]
            return self.paged(request, found)
        check_fields(request.body, {"title", "body", "head", "base"})
        pull = self.add_pull(self.number(), title=request.body["title"], body=request.body["body"])
        pull["head"] = {**pull["head"], "ref": request.body["head"]}
        pull["base"] = {**pull["base"], "ref": request.body["base"]}
        return Answer(201, pull)

    def on_pull(self, request: Request, number: str) -> Answer:
        found = [pull for pull in self.pulls if pull["number"] == int(number)]
        return Answer(200, found[0]) if found else Answer(404, {"message": "Not Found"})

    def on_pulls_of(self, request: Request, commit: str) -> Answer:
        return self.paged(request, self.pulls)

    def on_reviews(self, request: Request, number: str) -> Answer:
        return self.paged(request, self.reviews)

    def on_permission(self, request: Request, login: str) -> Answer:
        if login not in self.permissions:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"permission": self.permissions[login], "user": {"login": login}})

    def on_runs(self, request: Request) -> Answer:
        if not self.is_app:
            return Answer(403, {"message": "You must authenticate via a GitHub App."})
        body = request.body
        required = {"name", "head_sha", "status", "conclusion", "external_id", "output"}
        check_fields(body, required)
        if body["status"] != "completed" or body["conclusion"] not in {
            "action_required",
            "cancelled",
            "failure",
            "neutral",
            "success",
            "skipped",
            "timed_out",
        }:
            raise Wrong("status, conclusion")
        made = self.number()
        run = {
            "id": made,
            "html_url": f"https://github.com/team/centre/runs/{made}",
            "name": body["name"],
            "head_sha": body["head_sha"],
            "external_id": body["external_id"],
            "conclusion": body["conclusion"],
            "output": {"title": "", "summary": "", "annotations_count": 0},
            "annotations": [],
        }
        self.runs.append(run)
        return Answer(201, self.appended(run, body["output"]))

    def appended(self, run: dict[str, Any], output: Any) -> dict[str, Any]:
        """Each update appends its annotations, at most 50. Source: "Update a check run"."""
        check_fields(output, {"title", "summary"}, frozenset({"annotations"}))
        annotations = output.get("annotations", [])
        if len(annotations) > 50:
            raise Wrong("more than 50 annotations")
        if len(output["summary"]) > 65_535:
            raise Wrong("summary has more than 65535 characters")
        for annotation in annotations:
            required = {"path", "start_line", "end_line", "annotation_level", "message"}
            check_fields(annotation, required, frozenset({"title", "raw_details"}))
            if annotation["annotation_level"] not in {"notice", "warning", "failure"}:
                raise Wrong("annotation_level")
            if annotation["start_line"] < 1:
                raise Wrong("start_line")
        run["annotations"] += annotations
        run["output"] = {**output, "annotations_count": len(run["annotations"])}
        return run

    def on_run(self, request: Request, number: str) -> Answer:
        [run] = [run for run in self.runs if run["id"] == int(number)]
        if request.method == "PATCH":
            check_fields(request.body, {"output"})
            self.appended(run, request.body["output"])
        return Answer(200, run)

    def on_runs_of(self, request: Request, commit: str) -> Answer:
        found = [
            run
            for run in self.runs
            if run["head_sha"] == commit and run["name"] == request.query["check_name"]
        ]
        if request.query["filter"] == "latest":
            found = found[-1:]
        return Answer(200, {"total_count": len(found), "check_runs": found})

    def on_statuses(self, request: Request, commit: str) -> Answer:
        check_fields(request.body, {"state", "context", "description"})
        if not self.may_report:
            return Answer(403, {"message": "Resource not accessible by integration"})
        if request.body["state"] not in {"error", "failure", "pending", "success"}:
            raise Wrong("state")
        if len(request.body["description"]) > 140:
            raise Wrong("description is too long (maximum is 140 characters)")
        self.statuses.append({"commit": commit, **request.body})
        return Answer(201, {"id": self.number(), "target_url": None, **request.body})

    def graphql(self, request: Request) -> Answer:
        check_fields(request.body, {"query"}, frozenset({"variables"}))
        if "viewer" in request.body["query"]:
            return Answer(200, {"data": {"viewer": {"databaseId": self.me["id"]}}})
        node = request.body["variables"]["id"]
        edited = self.edits.get(node, {"lastEditedAt": None, "editor": None})
        return Answer(200, {"data": {"node": edited}})
