"""Apply what was merged, by itself where it says what its reviewers read, and ask again where not."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from ccstate.apply import codes as apply_codes
from ccstate.apply.perform import Interrupted
from ccstate.authority import Authority
from ccstate.checkout import write_file
from ccstate.ci.changed import touched
from ccstate.ci.issues import Unfinished, close_fix_issues, open_fix_issue
from ccstate.ci.job import Job
from ccstate.ci.markers import check_name, marker
from ccstate.ci.plan import PLAN, folders_of
from ccstate.ci.word import approvers, commit_before, verdict_of
from ccstate.errors import Blocked, CcstateError, Diagnostic, Severity
from ccstate.forge import ChangeRequest, Check, Conclusion, Forge
from ccstate.model import Plan
from ccstate.plan_file import FOLDER, content_digest
from ccstate.policy import Verdict
from ccstate.project import Project
from ccstate.render.comment import Answer, agreed_in, comment
from ccstate.render.diagnostics import counted
from ccstate.render.receipt import receipt_markdown
from ccstate.render.values import count_changes

CHECK = "ccstate apply"


class Outcome(StrEnum):
    """What became of a merged change; later steps of a workflow read the word."""

    NOTHING = "nothing"
    """Nothing was to be done."""
    APPLIED = "applied"
    UNCONFIRMED = "unconfirmed"
    """Applied, and not everything was there when it was read again; or lost in the middle."""
    ASKED = "asked"
    """Not applied: somebody has to agree to this plan first."""
    REFUSED = "refused"
    """Not applied: limits, policy, a lock, or a platform that does not answer."""


ASKED = 2
"""Exit code where somebody has to agree first: there are changes, and they wait."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended, and what it says; `digest` is what has to be agreed to, where it asks."""

    outcome: Outcome
    exit_code: int
    text: str
    """Markdown: the comment, without its marker."""
    digest: str = ""
    plan_id: str = ""
    warnings: tuple[Diagnostic, ...] = ()
    """What could not be said on the host, after the platforms were written to."""


def apply_change(
    project: Project,
    job: Job,
    forge: Forge | None,
    *,
    agreed: str = "",
    targets: Collection[str] = (),
    into: Path | None = None,
    today: date,
) -> Ended:
    """Plan again what was merged; apply it where it does what was agreed to, and say what came of it.

    Agreed is what the comment on the change said at its last commit, as this account wrote it there,
    or the digest `agreed`. No file of the repository says what was agreed to.
    """
    here = touched(project.root, folders_of(project), "")
    job = replace(job, head=job.head or here.head)
    change = forge.change_of(job.head) if forge and job.head else None
    applier = _Applier(project, job, forge, change, agreed, targets, today, here.prefix)
    ended = applier.run()
    if into is not None:
        write_file(into / "apply.md", ended.text)
    job.write_summary(ended.text)
    job.write_outputs(outcome=ended.outcome, digest=ended.digest, plan=ended.plan_id)
    return replace(ended, warnings=tuple(applier.warnings))


@dataclass(slots=True)
class _Applier:
    project: Project
    job: Job
    forge: Forge | None
    change: ChangeRequest | None
    agreed: str
    targets: Collection[str]
    today: date
    prefix: str
    """Path from the top of the repository to the project, with `/` behind it."""
    warnings: list[Diagnostic] = field(default_factory=list)

    def run(self) -> Ended:
        try:
            plan = self.project.plan(self.targets, today=self.today).plan
        except CcstateError as error:
            return self._refused(error, Answer(problems=error.problems))
        if plan.refusals:
            heading = "✗ Not applied: the plan may not be applied as it stands"
            answer = replace(self._answer(plan), heading=heading)
            return self._say(Outcome.REFUSED, Blocked.exit_code, comment(answer))
        if not plan.steps:
            self._close_issues("")
            return self._say(Outcome.NOTHING, 0, comment(Answer(plan=plan)))
        if by_hand := [change for change in plan.changes() if change.method != "api"]:
            target = by_hand[0].target
            kept = Blocked(apply_codes.BY_HAND_IN_A_JOB(target=target, count=len(by_hand)))
            return self._refused(kept, replace(self._answer(plan), problems=kept.problems))
        digest = content_digest(plan)
        if why := self._disagreement(digest):
            return self._ask(plan, digest, why)
        return self._apply(plan)

    def _disagreement(self, digest: str) -> str:
        """Say why nobody agreed to this plan; "" where somebody did."""
        if self.agreed:
            return "" if self.agreed == digest else "It is not the plan that was agreed to."
        return self._disagreement_of_review(digest)

    def _disagreement_of_review(self, digest: str) -> str:
        """Say why its review was not of this plan; "" where it was."""
        if self.forge is None or self.change is None:
            return "It comes from no change request on which it could have been reviewed."
        body = self.forge.read_comment(self.change.number, marker(self.project, PLAN))
        found = agreed_in(body or "")
        if found is None:
            return "There was no plan on its change request to agree to."
        if found.commit != self.change.head_commit:
            return "The plan on its change request was of an earlier commit than was merged."
        if found.content != digest:
            return "It says something else than the plan that was reviewed: files or platforms changed."
        return ""

    def _ask(self, plan: Plan, digest: str, why: str) -> Ended:
        how = (
            f"{why} Whoever may apply reads it, and agrees by approving the next step of the run, "
            f"or by `ccstate ci apply --agreed {digest}`."
        )
        heading = f"⚠ Not applied, somebody has to agree first: {count_changes(plan.changes())}"
        text = comment(replace(self._answer(plan), heading=heading, unplanned=how))
        return self._say(Outcome.ASKED, ASKED, text, digest=digest)

    def _answer(self, plan: Plan) -> Answer:
        verdict, authority = self._judged(plan)
        return Answer(
            title=self.change.title if self.change else "",
            author=authority.author,
            request=authority.request,
            plan=plan,
            approvers=approvers(verdict),
            blocked=(*verdict.blocked, *verdict.frozen),
            overruled=verdict.overruled,
            forbidden=bool(verdict.refused),
            whole=self.job.address,
        )

    def _judged(self, plan: Plan) -> tuple[Verdict, Authority]:
        return verdict_of(self.project, plan, self.job, self.forge, self.change)

    def _apply(self, plan: Plan) -> Ended:
        saved = self.project.save(plan)
        unfinished = Unfinished(
            saved.id, plan.commit, f"{self.prefix}{FOLDER}/{saved.id}", run=self.job.address
        )
        try:
            _, authority = self._judged(plan)
            if self.agreed and self._disagreement_of_review(self.agreed):
                authority = replace(authority, agreed=self.agreed)
            receipt = self.project.apply(
                saved.id, authority=authority, base=commit_before(self.job, self.change)
            )
        except Interrupted as error:
            self._open_issue(replace(unfinished, problems=error.problems))
            heading = f"✗ Plan {saved.id} was not applied to the end"
            text = comment(Answer(heading=heading, problems=error.problems))
            return self._say(Outcome.UNCONFIRMED, error.exit_code, text, plan_id=saved.id)
        except CcstateError as error:
            return self._refused(error, replace(self._answer(plan), problems=error.problems))
        if not receipt.confirmed:
            self._open_issue(replace(unfinished, receipt=receipt))
        else:
            self._close_issues(saved.id)
        outcome = Outcome.APPLIED if receipt.confirmed else Outcome.UNCONFIRMED
        code = 0 if receipt.confirmed else Interrupted.exit_code
        return self._say(outcome, code, receipt_markdown(receipt), plan_id=saved.id)

    def _refused(self, error: CcstateError, answer: Answer) -> Ended:
        heading = f"✗ Not applied: {counted(error.problems)}"
        text = comment(replace(answer, heading=heading))
        return self._say(Outcome.REFUSED, error.exit_code, text)

    def _close_issues(self, plan_id: str) -> None:
        """Close issues about what earlier applies left, where this run looked at all targets."""
        if self.forge and not self.targets:
            with self._said_later():
                close_fix_issues(self.project, self.forge, plan_id, self.job.address)

    def _open_issue(self, unfinished: Unfinished) -> None:
        if self.forge:
            with self._said_later():
                open_fix_issue(self.project, self.forge, unfinished)

    def _say(
        self, outcome: Outcome, exit_code: int, text: str, *, digest: str = "", plan_id: str = ""
    ) -> Ended:
        """Say it on the change and on the commit; what the host does not take is a warning."""
        if self.forge and self.change and outcome is not Outcome.NOTHING:
            with self._said_later():
                mark = marker(self.project, "apply")
                self.forge.write_comment(self.change.number, mark, text)
        if self.forge and self.job.head:
            conclusions: dict[int, Conclusion] = {0: "success", ASKED: "action_required"}
            name = check_name(self.project, CHECK)
            title = text.partition("\n")[0].removeprefix("### ")
            with self._said_later():
                conclusion = conclusions.get(exit_code, "failure")
                self.forge.write_check(self.job.head, Check(name, conclusion, title, text))
        return Ended(outcome, exit_code, text, digest, plan_id)

    @contextmanager
    def _said_later(self) -> Iterator[None]:
        """Go on where the host takes no word: what was done on the platforms counts."""
        try:
            yield
        except CcstateError as error:
            self.warnings += [replace(p, severity=Severity.WARNING) for p in error.problems]
