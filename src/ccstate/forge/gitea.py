"""Gitea and Forgejo: the shapes of GitHub where they have them, and their own where they differ.

Source: Gitea 1.22, its own description of the API (templates/swagger/v1_json.tmpl in go-gitea/gitea),
modules/structs/pull_review.go and commit_status.go; the same in Forgejo 7.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import quote

from ccstate.authority import Approval
from ccstate.forge import ChangeRequest, Check
from ccstate.forge.github import GitHub, Issue, Pull, Review, Status, User, change_request
from ccstate.forge.rest import Refused
from ccstate.forge.texts import one_line, refuse_long
from ccstate.model import Json

_DESCRIPTION = 255


class _Review(Review):
    stale: bool = False
    """Whether commits were pushed since."""
    official: bool = False
    """Whether its author may approve, by the rule of the branch or the right to write."""
    dismissed: bool = False


class Gitea(GitHub):
    """One repository on a Gitea or Forgejo, with the rights of one token."""

    name = "Gitea"
    # At most 50 a page where nothing else is set. Source: app.example.ini, [api] MAX_RESPONSE_ITEMS.
    full_page: Mapping[str, int] = {"limit": 50}

    def change_of(self, commit: str) -> ChangeRequest | None:
        try:
            path = f"{self.below}/commits/{quote(commit, safe='')}/pull"
            pull = self.rest.get(Pull, path)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise
        return change_request(pull) if pull.merged_at else None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        """Read approvals of the last commit by people who may approve.

        A comment after an approval takes nothing back; a later request for changes does.
        """
        head = self.change(change).head_commit
        latest: dict[int, _Review] = {}
        path = f"{self.below}/pulls/{change}/reviews"
        for review in self.rest.pages(_Review, path, **self.full_page):  # in the order of time
            if review.user and review.state in {"APPROVED", "REQUEST_CHANGES"}:
                latest[review.user.id] = review
        return tuple(
            Approval(review.user.login, review.submitted_at or "", "review", head)
            for review in latest.values()
            if review.user
            and review.state == "APPROVED"
            and review.official
            and not (review.stale or review.dismissed)
            and review.commit_id == head
        )

    def write_check(self, commit: str, check: Check) -> str:
        """Report a commit status: Gitea has no check runs, and shows no problems at lines."""
        states = {"success": "success", "neutral": "success", "action_required": "pending"}
        body: dict[str, Json] = {
            "state": states.get(check.conclusion, "failure"),
            "context": check.name,
            "description": one_line(check.title, _DESCRIPTION),
        }
        path = f"{self.below}/statuses/{quote(commit, safe='')}"
        # A status stands in place of an earlier one of its context: twice the same is once.
        self.rest.put(Status, "POST", path, body)
        return self.page_of_commit(commit)

    def page_of_file(self, branch: str, path: str) -> str:
        return f"{self.page}/{self.repository}/src/branch/{quote(branch)}/{quote(path)}"

    def open_change(self, branch: str, base: str, title: str, body: str) -> str:
        refuse_long(self.name, self.longest_body, body)
        said: Json = {"title": one_line(title, 255), "body": body, "head": branch, "base": base}

        def find() -> Pull | None:
            found = self.rest.pages(Pull, f"{self.below}/pulls", state="open", **self.full_page)
            names = (
                (pull, pull.head.ref, pull.base.ref) for pull in found if self.is_here(pull.head)
            )
            return next((pull for pull, head, to in names if (head, to) == (branch, base)), None)

        return (find() or self.rest.make(Pull, "POST", f"{self.below}/pulls", said, find)).html_url

    @cached_property
    def account(self) -> int:
        return self.rest.get(User, "user").id

    def open_issues(self) -> Iterator[Issue]:
        """Read our open issues, the oldest first; Gitea lists the newest first."""
        query = {"state": "open", "type": "issues"}
        found = self.rest.pages(Issue, f"{self.below}/issues", **query, **self.full_page)
        return iter(sorted(found, key=lambda issue: issue.number))

    def was_edited(self, node: str) -> bool:
        """Whether another account edited a comment: Gitea does not say, so that it is believed."""
        return False

    def close(self, number: int, reason: str) -> None:
        self.rest.put(Issue, "PATCH", f"{self.below}/issues/{number}", {"state": "closed"})
