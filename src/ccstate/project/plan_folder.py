"""The folder of plans: one folder a plan, named by its id.

The folder of a plan that was not applied holds a .gitignore that keeps it out of git. An apply
removes that file, because from then on the journal records what was done.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ccstate import __version__, codes, plan_file
from ccstate.apply import codes as apply_codes
from ccstate.apply.confirmation import PENDING
from ccstate.apply.journal import ENDS, JOURNAL, Event
from ccstate.apply.perform import Receipt
from ccstate.checkout import display_path, refuse_links, write_file
from ccstate.desired.settings import FILE as SETTINGS_FILE
from ccstate.desired.settings import Settings
from ccstate.errors import Blocked, Diagnostic, InvalidInput, Span
from ccstate.history.records import FILE as RECORD
from ccstate.history.records import Record, record_bytes, sha256
from ccstate.history.stored_plans import newest_records
from ccstate.model import Change, Fields, Outcome, Plan, by_target
from ccstate.plan_file import FOLDER

if TYPE_CHECKING:
    from ccstate.project.sharing import Shared

RECEIPT = "receipt.md"
MARKDOWN = "plan.md"
RECORDED = (plan_file.FILE, MARKDOWN, JOURNAL, RECEIPT)
"""Files of which a record holds the digests."""
IGNORE = ".gitignore"
MOST_FAULTS = 20
LATEST = "latest-plan"
MOST_AT_THE_END = 2_000
"""Bytes of a journal in which its last lines are."""


@dataclass(frozen=True, slots=True)
class SavedPlans:
    """The plans of the project at `root`; `state` is the folder that records the latest one.

    Where an `environment` is chosen, the latest and the interrupted ones are among its own.
    """

    root: Path
    state: Path
    environment: str = ""
    shared: "Shared | None" = None
    """Where changes that wait for a confirmation are kept for other machines; None: only in this folder."""

    def folder(self, plan_id: str) -> Path:
        """Return the folder of a plan; InvalidInput where it, or a file in it, is a link."""
        folder = self.root / FOLDER / plan_id
        refuse_links(self.root, folder)
        refuse_links(self.root, *(folder.iterdir() if folder.is_dir() else ()))
        return folder

    def ids(self) -> list[str]:
        """List every plan in the folder; InvalidInput where one, or a file in it, is a link."""
        paths = (self.root / FOLDER).glob(f"*/{plan_file.FILE}")
        found = sorted(path.parent.name for path in paths)
        for plan_id in found:
            self.folder(plan_id)
        return found

    def own_ids(self) -> list[str]:
        """List the plans of the chosen environment; every plan where none is chosen."""
        return [plan_id for plan_id in self.ids() if self._is_own(plan_id)]

    def _is_own(self, plan_id: str) -> bool:
        file = self.root / FOLDER / plan_id / plan_file.FILE
        return not self.environment or plan_file.environment_of(file) == self.environment

    @property
    def _latest(self) -> Path:
        return self.state / (f"{LATEST}-{self.environment}" if self.environment else LATEST)

    def write(self, plan: Plan) -> tuple[str, Plan]:
        """Write plan.json and plan.md, and return the plan with its id.

        A plan that says the same as one that was begun becomes another, by its `repeat`: what was
        begun has its own journal, and ends by itself.
        """
        from ccstate.render.plan import plan_markdown

        digest, content = plan_file.packed(plan)
        while self.is_begun(digest[: plan_file.ID_LENGTH]):
            plan = replace(plan, repeat=plan.repeat + 1)
            digest, content = plan_file.packed(plan)
        plan_id = digest[: plan_file.ID_LENGTH]
        folder = self.folder(plan_id)
        write_file(folder / IGNORE, "# A plan that was not applied is not kept in git.\n*\n")
        write_file(folder / plan_file.FILE, content)
        write_file(folder / MARKDOWN, plan_markdown(plan, digest))
        return plan_id, plan

    def keep(self, plan_id: str) -> None:
        """Let git see a plan, for an apply of it begins."""
        with suppress(OSError):  # of a folder that cannot be written to, the journal complains
            (self.root / FOLDER / plan_id / IGNORE).unlink(missing_ok=True)

    def read(self, plan_id: str, given: str = "") -> tuple[Plan, str]:
        """Read the plan of a folder, and its digest; Blocked where folder or `given` name another."""
        file = self.folder(plan_id) / plan_file.FILE
        plan, digest = plan_file.read_with_digest(file)
        if plan_id != digest[: plan_file.ID_LENGTH] or not digest.startswith(given):
            name = given or plan_id
            raise Blocked(codes.PLAN_OF_ANOTHER_NAME(Span(str(file)), name=name, digest=digest))
        return plan, digest

    def reviewed(self, plan_id: str, given: str = "") -> Plan:
        """Read the plan of a folder, which is the one that was reviewed, as far as its files show.

        Folder, content, the digest that was given and `plan.md`, which people read, agree, and
        every change is one that the kinds allow. Raises Blocked where that is not so.
        """
        from ccstate.plan_values import faults
        from ccstate.render.plan import plan_markdown

        plan, digest = self.read(plan_id, given)
        folder = self.root / FOLDER / plan_id
        file = folder / plan_file.FILE
        if found := list(islice(faults(plan), MOST_FAULTS)):
            raise Blocked(
                [
                    codes.PLAN_IMPOSSIBLE(
                        Span(str(file)), address=change.address, target=change.target, fault=words
                    )
                    for change, words in found
                ]
            )
        try:
            reviewed = (folder / MARKDOWN).read_bytes()
        except OSError as error:
            how = f"cannot be read: {error.strerror}"
            raise Blocked(_unreviewed(folder, plan, how)) from None
        if reviewed != plan_markdown(plan, digest).encode():
            raise Blocked(_unreviewed(folder, plan, "does not say what plan.json does"))
        return plan

    def remember(self, plan_id: str) -> None:
        """Note in the state folder which plan is the latest; "" where there are no changes."""
        write_file(self._latest, plan_id)

    def latest(self) -> str:
        """Find the plan that the latest `ccstate plan` or apply wrote; the only one in a fresh clone.

        Raises InvalidInput where that is none, or where it cannot be known.
        """
        waiting = [plan_id for plan_id in self.own_ids() if not self.is_begun(plan_id)]
        try:
            latest = self._latest.read_text(encoding="utf-8")
        except OSError:
            if len(waiting) > 1:
                problem = codes.PLANS_WAIT(Span(FOLDER), count=len(waiting), plan_id=waiting[0])
                raise InvalidInput(problem) from None
            latest = waiting[0] if waiting else ""
        if latest in waiting:
            return latest
        if handed := self.waiting():
            raise InvalidInput(apply_codes.PLAN_WAITS(Span(FOLDER), plan_id=handed[0]))
        if stopped := self.interrupted():
            raise InvalidInput(codes.PLAN_INTERRUPTED(Span(FOLDER), plan_id=stopped[0]))
        raise InvalidInput(codes.NO_PLAN_WAITS(Span(FOLDER)))

    def interrupted(self) -> list[str]:
        """List every plan whose apply was begun and did not end."""
        return [
            p
            for p in self.own_ids()
            if self.is_begun(p) and not self.is_finished(p) and not self.waits(p)
        ]

    def waiting(self) -> list[str]:
        """List every plan whose apply goes on once people have done what was handed over."""
        return [p for p in self.own_ids() if self.waits(p)]

    def waits(self, plan_id: str) -> bool:
        """Check whether the apply of the plan ended for now, for people have to do something."""
        try:
            journal = self.journal(plan_id).read_bytes()
        except OSError:
            return False
        last = {
            event: journal.rfind(f'"event":"{event}"'.encode())
            for event in (Event.WAITS, Event.STARTED, Event.RESUMED, *ENDS)
        }
        return last[Event.WAITS] == max(last.values()) > -1

    def interrupted_last(self) -> str:
        """Find the plan whose apply was interrupted last; InvalidInput where there is none."""
        stopped = self.interrupted()
        if not stopped:
            raise InvalidInput(codes.NO_PLAN(Span(FOLDER), why="no apply was interrupted"))
        return max(stopped, key=lambda plan_id: self.journal(plan_id).stat().st_mtime_ns)

    def find(self, given: str) -> str:
        """Find the plan whose id begins so; InvalidInput where there is none, or several.

        More of the digest than the id may be given: `reviewed` compares the plan with all of it.
        """
        short = given[: plan_file.ID_LENGTH]
        found = [plan_id for plan_id in self.ids() if short and plan_id.startswith(short)]
        if len(found) == 1:
            return found[0]
        message = f'no plan is called "{given}"'
        if found:
            message = f'"{given}" may be {" or ".join(found[:3])}'
        raise InvalidInput(codes.NO_PLAN(Span(FOLDER), why=message))

    def record(self, receipt: Receipt, plan: Plan) -> None:
        """Write the record of an apply of a plan that ended; it names the records known before it."""
        folder = self.folder(receipt.plan_id)
        files = {
            name: (folder / name).read_bytes() for name in RECORDED if (folder / name).exists()
        }
        record = Record(
            plan=plan_file.digest(plan),
            commit=plan.commit,
            started=receipt.started,
            finished=receipt.finished,
            outcome=receipt.outcome,
            changes=len(receipt.results),
            confirmed=len(receipt.of(Outcome.CONFIRMED)),
            standing=receipt.settled.standing.value if receipt.settled else "",
            corrective=receipt.corrective,
            authority=receipt.authority,
            files={name: sha256(content) for name, content in files.items()},
            before=newest_records(self.root, besides=receipt.plan_id),
        )
        write_file(folder / RECORD, record_bytes(record))

    def journal(self, plan_id: str) -> Path:
        return self.root / FOLDER / plan_id / JOURNAL

    def is_begun(self, plan_id: str) -> bool:
        """Check whether an apply of the plan has written to its journal."""
        return self.journal(plan_id).exists()

    def is_finished(self, plan_id: str) -> bool:
        """Check whether an apply of the plan went to its end, or is being taken back."""
        return self._ends_with(plan_id, ENDS)

    def is_taken_back(self, plan_id: str) -> bool:
        """Check whether the change of the plan was taken back for want of a confirmation."""
        return self._ends_with(plan_id, {Event.TAKEN_BACK})

    def _ends_with(self, plan_id: str, events: Collection[Event]) -> bool:
        try:
            journal = self.journal(plan_id).read_bytes()
        except OSError:
            return False
        return any(f'"event":"{event}"'.encode() in journal[-MOST_AT_THE_END:] for event in events)

    def pending(self) -> list[str]:
        """List every plan whose change waits for its confirmation."""
        paths = (self.root / FOLDER).glob(f"*/{PENDING}")
        return sorted(name for path in paths if self._is_own(name := path.parent.name))

    def remove(self, plan_id: str) -> bool:
        """Remove a plan that was never begun, and no file that ccstate did not write there."""
        folder = self.root / FOLDER / plan_id
        if self.is_begun(plan_id) or folder.is_symlink():
            return False
        try:
            for name in (IGNORE, MARKDOWN, plan_file.FILE):
                (folder / name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        except OSError as error:
            name, why = display_path(folder), (error.strerror or str(error)).lower()
            problem = codes.PLAN_UNREMOVED(Span(name), folder=name, reason=why)
            raise InvalidInput(problem) from None
        return True


def _unreviewed(folder: Path, plan: Plan, how: str) -> Diagnostic:
    if plan.made_by == __version__:
        cause = "People review plan.md: what they read is not what would be done."
        hint = "make a new plan with `ccstate plan`, and review that"
    else:
        cause = f"ccstate {plan.made_by} made the plan, and this is ccstate {__version__}."
        hint = f"plan again and review that; or apply it with ccstate {plan.made_by}"
    return codes.PLAN_READ_OTHERWISE(
        Span(str(folder / MARKDOWN)), file=MARKDOWN, fault=how, cause=cause, hint=hint
    )


def refuse_other_environment(plan: Plan, settings: Settings) -> None:
    """Refuse a plan that was made for another environment than the chosen one."""
    made, chosen = plan.environment, settings.environment
    if made == chosen:
        return
    hint = f"apply it there: --environment {made}; or plan again, for the environment that is meant"
    if made not in settings.environments:
        hint = "make a new plan with `ccstate plan`, and review that"
    raise Blocked(
        codes.PLAN_OF_ANOTHER_ENVIRONMENT(
            Span(SETTINGS_FILE), made=_of(made), chosen=_of(chosen), hint=hint
        )
    )


def _of(environment: str) -> str:
    return f"of {environment}" if environment else "of no environment"


def refuse_other_platforms(plan: Plan, settings: Settings) -> None:
    """Refuse a plan for whose target ccstate.yaml names another platform now."""
    targets = {target.name: target for target in settings.targets}
    problems = []
    for name, changed in sorted(by_target(plan.changes()).items()):
        target, made = targets.get(name), plan.platforms.get(name)
        if target is None:
            problems.append(codes.TARGET_GONE(Span(SETTINGS_FILE), target=name))
        elif made != target.platform:
            cause = "Its connection says something else than when the plan was made."
            if made is None or made.adapter != target.adapter:
                was = made.adapter if made else "none"
                cause = f"The plan was made with the adapter {was}; it is {target.adapter} now."
            problems.append(codes.TARGET_CHANGED(Span(SETTINGS_FILE), target=name, cause=cause))
        elif strange := [c for c in changed if not target.manages(c.address, _with_site(c))]:
            first, more = strange[0].address, len(strange) - 1
            objects = f"{first} and {more} more" if more else first
            problems.append(
                codes.TARGET_MANAGES_LESS(Span(SETTINGS_FILE), target=name, objects=objects)
            )
    if problems:
        raise Blocked(problems)


def _with_site(change: Change) -> Fields:
    """Return the site of the object that a change makes, or takes away."""
    if change.ledger is not None:
        return {"site": change.ledger.get("site")}
    return {"site": next((edit.before for edit in change.edits if edit.path == "site"), None)}
