"""Gitea's API as documented, release 1.22, for the calls that ccstate makes.

Source: templates/swagger/v1_json.tmpl and modules/structs in go-gitea/gitea. Its shapes are GitHub's
where nothing is overridden here.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.forge import github_host
from tests.forge.github_host import GitHubHost
from tests.forge.server import Answer, Request, Wrong, check_fields

TOKEN = "0123456789abcdefSecretOfTheTest"
BOT = {"id": 31, "login": "ccstate-bot"}


def review(user: Any, state: str, **more: Any) -> Any:
    at = {"commit_id": github_host.HEAD, "submitted_at": "2026-11-02T09:00:00Z"}
    judged = {"official": True, "stale": False, "dismissed": False}
    return {"id": 80, "user": user, "state": state, "body": "", **at, **judged, **more}


@dataclass
class GiteaHost(GitHubHost):
    me: dict[str, Any] = field(default_factory=lambda: BOT)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"token {TOKEN}":
            return Answer(401, {"message": "token is required"})
        if request.body is not None and request.headers.get("content-type") != "application/json":
            raise Wrong("a body is JSON")
        if "per_page" in request.query or int(request.query.get("limit", "30")) > 50:
            raise Wrong("limit has at most 50")
        if request.path == "/api/v1/user":
            return Answer(200, self.me)
        match = re.fullmatch(r"/api/v1/repos/team/centre/(.+)", request.path)
        if not match:
            return Answer(404, {"message": "Not found."})
        if found := re.fullmatch(r"commits/([0-9a-f]{40})/pull", match[1]):
            return self.on_pull_of(found[1])
        if re.search(r"check-runs|permission|/pulls$", match[1]) and match[1] != "pulls":
            raise Wrong("Gitea has no such path")
        return self.below(request, match[1])

    def add_comment(self, number: int, user: Any, body: str) -> dict[str, Any]:
        comment = super().add_comment(number, user, body)
        del comment["node_id"]
        return comment

    def on_comments(self, request: Request, number: str) -> Answer:
        if request.method == "GET":  # all at once: the list of an issue has no pages
            return Answer(200, self.comments.get(int(number), []))
        return super().on_comments(request, number)

    def on_issues(self, request: Request) -> Answer:
        if request.method == "GET":
            if (request.query.get("state"), request.query.get("type")) != ("open", "issues"):
                raise Wrong("state, type")
            newest_first = [i for i in reversed(self.issues) if i["state"] == "open"]
            return self.paged(request, newest_first)
        return super().on_issues(request)

    def on_issue(self, request: Request, number: str) -> Answer:
        check_fields(request.body, set(), frozenset({"title", "body", "state"}))
        return super().on_issue(request, number)

    def on_pulls(self, request: Request) -> Answer:
        if request.method == "GET":
            if request.query.keys() - {"state", "limit", "page"}:
                raise Wrong("no such filter")
            found = [pull for pull in self.pulls if pull["state"] == request.query["state"]]
            return self.paged(request, found)
        return super().on_pulls(request)

    def on_pull_of(self, commit: str) -> Answer:
        found = [pull for pull in self.pulls if pull["merge_commit_sha"] == commit]
        return Answer(200, found[0]) if found else Answer(404, {"message": "Not found."})

    def on_statuses(self, request: Request, commit: str) -> Answer:
        check_fields(request.body, {"state", "context", "description"})
        if request.body["state"] not in {"pending", "success", "error", "failure", "warning"}:
            raise Wrong("state")
        self.statuses.append({"commit": commit, **request.body})
        return Answer(201, {"id": self.number(), "target_url": "", **request.body})
