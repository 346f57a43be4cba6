"""Propose files for the main branch of a repository: a branch with one commit, and its change request.

By git's objects alone, as `record` does. Done again, the branch is made anew on what its base is by then; where
that says the same, it stays as it is, with its approvals. A branch that somebody else has put commits on is
left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ccstate import codes
from ccstate.authority import Request
from ccstate.ci.trees import with_files
from ccstate.desired.settings import ENVIRONMENTS
from ccstate.errors import InvalidInput
from ccstate.forge import Forge
from ccstate.git import GitFailed, Remote, Repository, repository
from ccstate.history.commits import head_commit, same_desired_state
from ccstate.model import Address
from ccstate.project import Project
from ccstate.project.confirming import this_user
from ccstate.project.promotion import promotion
from ccstate.render.promotion import Promoted, promotion_markdown

FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
OWN = "ccstate@localhost"
"""Committer of our own commits, see `ccstate.git`."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A promotion as it was proposed; without branch where there was nothing to promote."""

    found: Promoted
    branch: str = ""
    address: str = ""
    """Of the change request; "" where there is no code host."""


def propose_promotion(
    project: Project,
    source: str,
    destination: str,
    only: Sequence[Address],
    *,
    request: Request,
    author: str,
    remote: Remote,
    forge: Forge | None,
) -> Proposed:
    """Propose what `promote` would write: branch, commit with trailers, push, change request.

    Raises InvalidInput where what is checked out is not what the main branch says, the branch is not ours, or
    git or the host refuses.
    """
    found, files = promotion(project, source, destination, only)
    if not files:
        return Proposed(found)
    chosen = f"-{sha256(' '.join(sorted(map(str, only))).encode()).hexdigest()[:8]}" if only else ""
    branch = f"promote/{source}-to-{destination}{chosen}"
    title = f"Promote {source} to {destination}"
    message = "\n".join([title, "", *_trailers(request)])
    try:
        base = _Branch(project, remote, branch).push(files, message, author or this_user())
    except GitFailed as failed:
        reason = next(iter(str(failed).splitlines()), "git does not answer")
        raise InvalidInput(codes.PROPOSAL_REFUSED(branch=branch, reason=reason)) from None
    body = promotion_markdown(found, request)
    address = forge.open_change(branch, base, title, body) if forge else ""
    return Proposed(found, branch, address)


def _trailers(request: Request) -> list[str]:
    said = {
        "Request": request.request,
        "Requested-by": request.requested_by,
        "Reason": request.reason,
    }
    return [f"{key}: {value}" for key, value in said.items() if value]


@dataclass(frozen=True, slots=True)
class _Branch:
    project: Project
    remote: Remote
    name: str

    def push(self, files: Mapping[str, bytes | None], message: str, author: str) -> str:
        """Bring the branch to the files on top of the main branch; return the name of that."""
        root, remote = self.project.root, self.remote
        found = repository(root)
        if found is None:
            raise GitFailed("the project is in no git repository")
        main, base, tip = self.listed(found)
        refs = [main, *([self.name] if tip else [])]
        wanted = [f"+refs/heads/{ref}:refs/remotes/origin/{ref}" for ref in refs]
        found.reach(remote, "fetch", *FETCH, remote.address, *wanted)
        folders = (self.project.settings.desired_state, ENVIRONMENTS)
        if not same_desired_state(root, base, head_commit(root, *folders), *folders):
            raise InvalidInput(codes.PROPOSED_FROM_ELSEWHERE(base=main))
        parts = {tuple(found.inside(root / file).split("/")): files[file] for file in files}
        tree = with_files(found, found.write("rev-parse", f"{base}^{{tree}}"), parts)
        if tip:
            about = found.write("show", "--no-patch", "--format=%T %P %ce", tip).split()
            if about == [tree, base, OWN]:
                return main
            if about[-1:] != [OWN]:
                raise InvalidInput(codes.PROPOSAL_OF_OTHERS(branch=self.name))
        commit = found.commit_tree(tree, [base], message, author)
        # Only where it is still as it was looked at.
        lease = f"--force-with-lease=refs/heads/{self.name}:{tip}"
        pushed = f"{commit}:refs/heads/{self.name}"
        found.reach(remote, "push", "--porcelain", "--quiet", lease, remote.address, pushed)
        return main

    def listed(self, found: Repository) -> tuple[str, str, str]:
        """Ask the remote for its main branch, and its commit, and the one of ours; "" where there is none."""
        own = f"refs/heads/{self.name}"
        asked = ("ls-remote", "--quiet", "--symref", self.remote.address, "HEAD", own)
        main, tips = "", {}
        for line in found.reach(self.remote, *asked).decode(errors="replace").splitlines():
            said, _, ref = line.partition("\t")
            if said.startswith("ref: refs/heads/") and ref == "HEAD":
                main = said.removeprefix("ref: refs/heads/")
            else:
                tips[ref] = said
        if not main or "HEAD" not in tips:
            raise GitFailed("the repository does not name its main branch")
        return main, tips["HEAD"], tips.get(own, "")
