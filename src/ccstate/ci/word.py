"""On whose word a change is made, as its code host and its commits say together."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ccstate.authority import Approval, Authority
from ccstate.ci.job import Job
from ccstate.forge import ChangeRequest, Forge
from ccstate.model import Plan
from ccstate.policy import Verdict
from ccstate.project import Project
from ccstate.render.comment import Approver
from ccstate.render.values import join_words


def verdict_of(
    project: Project, plan: Plan, job: Job, forge: Forge | None, change: ChangeRequest | None
) -> tuple[Verdict, Authority]:
    """Judge a plan by the policy before the change, on the word of its reviewers on the host.

    Approvals come from the host, or are signed; what a branch says of approvals counts nowhere.
    """
    word = partial(_with_host, job=job, forge=forge, change=change)
    judged = project.verdict(plan, authority=word, base=commit_before(job, change))
    return judged.verdict, judged.authority


def commit_before(job: Job, change: ChangeRequest | None) -> str:
    """Return the commit whose policy counts; "" where git has to find it.

    A run that no push started, as by hand, does not know it: the change request does. For the first parent
    of what was merged may be a commit of the change itself.
    """
    return job.base or (change.base_commit if change else "")


def _with_host(
    by_git: Authority, job: Job, forge: Forge | None, change: ChangeRequest | None
) -> Authority:
    found = replace(by_git, run=job.address or by_git.run)
    if job.actor:
        found = replace(found, applied_by=job.actor)
    if forge is None or change is None:
        return found
    reviews: tuple[Approval, ...] = forge.approvals(change.number) if change.number else ()
    return replace(
        found,
        approvals=(*found.approvals, *reviews),
        author=change.author or job.author or found.author,
        head=change.head_commit or job.head or found.head,
        change=change.address,
    )


def approvers(verdict: Verdict) -> Sequence[Approver]:
    """Describe whose approval is needed for what, and who gave it."""
    found = []
    for need in verdict.needs:
        who = join_words(need.who, "or")
        count = f"{need.count} of {who}" if need.count > 1 else who
        given = tuple(approval.by for approval in need.given)
        found.append(Approver(count, need.what, given, need.is_met))
    return found
