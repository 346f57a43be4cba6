"""Plan a proposed change for its reviewers: one comment, one check, everything at length in files."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ccstate.checkout import write_file
from ccstate.ci.changed import Touched, touched
from ccstate.ci.job import Job
from ccstate.ci.markers import check_name, marker
from ccstate.ci.page import page_of
from ccstate.ci.pictures import ChangedTree, ChangedWall, changed_trees, changed_walls
from ccstate.ci.word import approvers, verdict_of
from ccstate.errors import CcstateError, Diagnostic, Severity
from ccstate.forge import ChangeRequest, Check, Conclusion, Forge
from ccstate.forge.files import PlainFiles
from ccstate.model import Plan
from ccstate.plan_file import content_digest
from ccstate.plan_file import digest as digest_of
from ccstate.policy import Verdict
from ccstate.project import Project
from ccstate.project.planning import compared
from ccstate.render.call_tests import CALL_TESTS, broken_tests
from ccstate.render.call_tests import TestRun as WalkedTests
from ccstate.render.comment import Agreed, Answer, comment
from ccstate.render.plan import plan_markdown
from ccstate.secrets import bundle_in_project

PLAN = "plan"
"""Marker of the comment on a change."""
CHECK = "ccstate plan"
MOST_PICTURES = 6
"""Pictures in a comment; the others are files beside it."""
WHOLE = "whole.md"
PAGE = "page.html"

FORK = (
    "A change from another repository is validated and not planned: a run for it has no access to "
    "the platforms. Who may push to this repository reads it, and pushes its branch here to plan it."
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was said of a change: where, and with which exit code the run ends."""

    answer: Answer
    exit_code: int
    address: str = ""
    """Of the comment; "" where none was written."""
    problems: Sequence[Diagnostic] = ()
    """Problems at lines that the change touches, files named from the top of the repository."""


def plan_change(
    project: Project,
    job: Job,
    forge: Forge | None,
    *,
    targets: Collection[str] = (),
    into: Path | None = None,
    today: date,
) -> Answered:
    """Validate, test and plan what is checked out, and say so where its reviewers read.

    Whatever becomes of it, the comment is replaced: no older plan stays there to be approved.
    """
    bundle = bundle_in_project(project.root)
    read = [*folders_of(project), *([bundle] if bundle else [])]
    found = touched(project.root, read, job.base)
    job = replace(
        job,
        title=job.title or found.title,
        author=job.author or found.author,
        head=job.head or found.head,
    )
    forge = None if job.is_fork else forge  # a run for a fork may read and write nothing there
    planner = _Planner(project, job, forge, found, into, targets, today)
    answered = planner.answer()
    body = comment(answered.answer)
    whole = comment(answered.answer, 10**9)
    if into is not None:
        write_file(into / WHOLE, whole)
    job.write_summary(whole)
    if forge is None:
        return answered
    return replace(answered, address=_say(project, forge, job, answered, body))


def _say(project: Project, forge: Forge, job: Job, answered: Answered, body: str) -> str:
    """Write comment and check; no comment where none of the configuration is touched, and none was."""
    answer, address, mark = answered.answer, "", marker(project, PLAN)
    can_comment = job.change or isinstance(forge, PlainFiles)
    is_concerned = answer.plan or answer.problems or answer.unplanned
    if can_comment and (is_concerned or forge.read_comment(job.change, mark) is not None):
        address = forge.write_comment(job.change, mark, body)
    if job.head:
        title = body.partition("\n")[0].removeprefix("### ")
        conclusion: Conclusion = "failure" if answered.exit_code else "success"
        name = check_name(project, CHECK)
        forge.write_check(job.head, Check(name, conclusion, title, body, answered.problems))
    return address


def folders_of(project: Project) -> Sequence[str]:
    """Return the folders of the desired state; the usual one where ccstate.yaml cannot be read."""
    try:
        return project.settings.folders
    except CcstateError:
        return ("desired_state",)


@dataclass(frozen=True, slots=True)
class _Planner:
    project: Project
    job: Job
    forge: Forge | None
    touched: Touched
    into: Path | None
    targets: Collection[str]
    today: date

    def answer(self) -> Answered:
        start = Answer(
            title=self.job.title,
            author=self.job.author,
            request=self.touched.request,
            whole=self.job.address,
        )
        if not self.touched.anything:
            return Answered(start, 0)
        validated = self.project.validate(self.today)
        errors = [p for p in validated.problems if p.severity is Severity.ERROR]
        seen = [p for p in validated.problems if p in errors or self.touched.has(p.span)]
        start = replace(start, problems=seen, elsewhere=len(validated.problems) - len(seen))
        placed = tuple(self._from_top(problem) for problem in seen)
        if errors:
            return Answered(start, 1, problems=placed)
        try:
            tested = self._tested(start)
            if self.job.is_fork:
                unplanned = replace(tested, unplanned=FORK)
                return Answered(unplanned, 1 if tested.broken else 0, problems=placed)
            answer = self._planned(tested)
        except CcstateError as error:
            failed = replace(start, problems=[*seen, *error.problems])
            return Answered(failed, error.exit_code, problems=placed)
        refused = 3 if (answer.plan and answer.plan.refusals) or answer.forbidden else 0
        return Answered(answer, refused or (1 if answer.broken else 0), problems=placed)

    def _from_top(self, problem: Diagnostic) -> Diagnostic:
        span = problem.span
        if span is None:
            return problem
        return replace(problem, span=replace(span, file=f"{self.touched.prefix}{span.file}"))

    def _tested(self, answer: Answer) -> Answer:
        run = self.project.test(today=self.today)
        if self.into is not None and run.verdicts:
            walked = WalkedTests(run.flow, run.verdicts, run.coverage, run.files)
            write_file(self.into / "call-tests.xml", CALL_TESTS.render("junit", walked))
        return replace(answer, broken=broken_tests(run.flow, run.verdicts), tests=len(run.verdicts))

    def _planned(self, answer: Answer) -> Answer:
        planned = self.project.plan(self.targets, today=self.today)
        plan = planned.plan
        if not plan.steps:
            return replace(answer, plan=plan)
        desired = self.project.load()
        comparison = compared(plan, planned.shares, desired, self.today)
        trees, walls = changed_trees(comparison), changed_walls(comparison)
        changed: list[ChangedTree | ChangedWall] = [*trees, *walls]
        if self.into is not None:
            self._write(plan_markdown(plan, digest_of(plan)), changed)
        verdict, unknown = self._verdict(plan)
        answer = replace(answer, problems=[*answer.problems, *unknown])
        drawn = [(each.title, each.picture) for each in changed]
        pictures = [picture for _, picture in drawn if picture][:MOST_PICTURES]
        shown = {picture.title for picture in pictures}
        answer = replace(
            answer,
            plan=plan,
            pictures=pictures,
            more_pictures=[title for title, _ in drawn if title not in shown],
            approvers=approvers(verdict),
            blocked=(*verdict.blocked, *verdict.frozen),
            overruled=verdict.overruled,
            forbidden=bool(verdict.refused),
            agreed=None if verdict.refused else self._agreed(plan),
        )
        if self.into is not None:
            write_file(self.into / PAGE, page_of(answer, trees, walls))
        return answer

    def _verdict(self, plan: Plan) -> tuple[Verdict, list[Diagnostic]]:
        """Judge the plan; where the host does not say who approves, as if nobody did, with the reason."""
        try:
            return verdict_of(self.project, plan, self.job, self.forge, self._change())[0], []
        except CcstateError as error:
            unknown = [replace(p, severity=Severity.WARNING) for p in error.problems]
            return verdict_of(self.project, plan, self.job, None, None)[0], unknown

    def _change(self) -> ChangeRequest | None:
        """Return the change as this run knows it: the host need not be asked for that."""
        if not self.job.change:
            return None
        job = self.job
        return ChangeRequest(job.change, "", job.author, job.title, "", job.base, job.head)

    def _agreed(self, plan: Plan) -> Agreed | None:
        """Return what an approval agrees to; nothing of a plan that may not be applied."""
        if plan.refusals or not self.job.head:
            return None
        return Agreed(content_digest(plan), self.job.head)

    def _write(self, plan: str, pictures: Sequence[ChangedTree | ChangedWall]) -> None:
        """Write the plan as `ccstate plan` does, and each picture as a file."""
        if self.into is None:
            return
        write_file(self.into / "plan.md", plan)
        for picture in pictures:
            for name, text in picture.files():
                write_file(self.into / "pictures" / re.sub(r"[^A-Za-z0-9._+-]", "-", name), text)
