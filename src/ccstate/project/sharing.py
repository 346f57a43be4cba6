"""A change that waits for its confirmation, as machines know it that share no folder.

What takes it back, and in the end what became of it, is kept where all of them reach it, in the database
of the worker. The folder stays where each machine works: what is due is fetched into it, read there as
any file is, and the outcome comes home in the same way. Only the files of plans are kept, which hold
no secret. Why: docs/adr/0050-what-a-revert-needs-is-in-the-database.md.
"""

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ccstate import plan_file
from ccstate.apply import codes as apply_codes
from ccstate.apply import confirmation
from ccstate.apply.confirmation import Decision, Pending
from ccstate.apply.journal import JOURNAL, Entry, Event, open_journal
from ccstate.checkout import write_file
from ccstate.errors import Unreadable
from ccstate.history.records import FILE as RECORD
from ccstate.plan_file import FOLDER
from ccstate.project.plan_folder import RECORDED, SavedPlans

FILES = (*RECORDED, RECORD, confirmation.PENDING)
"""Files of a plan that are kept; the last one says that all others are there."""
APPLY_JOURNAL = "journal-of-the-apply.jsonl"
"""The journal of an apply that knew more than who settled its change."""
_NAME = re.compile(rf"([0-9a-f]{{{plan_file.ID_LENGTH}}})/({'|'.join(map(re.escape, FILES))})")


@dataclass(frozen=True, slots=True)
class SharedChange:
    """A change as it is kept: whose it is, and when another machine may take it back."""

    plan: str
    environment: str
    home: str
    """The machine and the folder of its apply."""
    due: datetime
    is_open: bool
    """Whether it still has to be settled; what became of it waits for its home otherwise."""


class Shared(Protocol):
    """The place where changes are kept. Each method raises Unreadable where it does not answer."""

    def changes(self, environment: str) -> Sequence[SharedChange]:
        """List the changes of an environment."""

    def keep(self, change: SharedChange, files: Mapping[str, str]) -> None:
        """Keep the files, by `plan/name`, in place of earlier ones; the first home of a change stays."""

    def files(self, plan_id: str) -> Mapping[str, str]:
        """Read the files of a change."""

    def decide(self, plan_id: str, decision: Decision) -> Decision:
        """Decide, unless somebody did; return what is decided."""

    def decision(self, plan_id: str) -> Decision | None:
        """Read what was decided; None where nothing was."""

    def close(self, plan_id: str) -> None:
        """Note that a change is settled."""

    def remove(self, plan_id: str) -> None:
        """Forget a change."""


def here(plans: SavedPlans) -> str:
    """Name this machine and this folder."""
    return f"{socket.gethostname()}:{plans.root.resolve()}"


def share(plans: SavedPlans, plan_id: str, pending: Pending) -> None:
    """Keep what this folder knows of a change that is pending, where there is a shared place."""
    if plans.shared is None:
        return
    back = open_journal(plans.journal(plan_id)).last(Event.TAKING_BACK)
    paths = {
        f"{each}/{name}": plans.folder(each) / name
        for each in ([plan_id, back.entry.reason] if back else [plan_id])
        for name in FILES[:-1]
    }
    files = {
        name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.is_file()
    }
    files[f"{plan_id}/{confirmation.PENDING}"] = confirmation.pending_text(pending)
    due = pending.due(elsewhere=True)
    change = SharedChange(plan_id, plans.environment, pending.home, due, is_open=True)
    plans.shared.keep(change, files)


def due_here(plans: SavedPlans, now: datetime) -> list[str]:
    """List the changes of other machines that may be taken back from here, and those that come home."""
    if plans.shared is None:
        return []
    known, own = set(plans.pending()), here(plans)
    return [
        change.plan
        for change in plans.shared.changes(plans.environment)
        if (change.is_open and change.plan not in known and now >= change.due)
        or (not change.is_open and change.home == own and change.plan in known)
    ]


def pending_of(plans: SavedPlans, plan_id: str) -> Pending | None:
    """Read what is pending here, or else on another machine; None where nothing is."""
    found = confirmation.read_pending(plans.folder(plan_id))
    if found is None and plans.shared and _change(plans, plan_id):
        text = plans.shared.files(plan_id).get(f"{plan_id}/{confirmation.PENDING}", "")
        found = confirmation.parse_pending(text)
    return found


def waiting(plans: SavedPlans) -> list[str]:
    """List the plans whose changes wait, here and on other machines."""
    elsewhere = plans.shared.changes(plans.environment) if plans.shared else ()
    return sorted({*plans.pending(), *(change.plan for change in elsewhere if change.is_open)})


def fetch(plans: SavedPlans, plan_id: str, now: datetime) -> None:
    """Fetch what is due of another machine; or what became of a change of this one.

    What is pending in this folder is settled also where other machines cannot be asked.
    """
    folder = plans.folder(plan_id)
    pending = confirmation.read_pending(folder)
    is_own = pending is not None and pending.home == here(plans)
    try:
        change = _change(plans, plan_id)
    except Unreadable:
        if is_own:
            return
        raise
    if plans.shared is None or change is None:
        return
    comes_home = is_own and change.home == here(plans)
    if change.is_open if comes_home else now < change.due:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with confirmation.alone(folder) as is_alone:
        if not is_alone:
            return
        files = _checked(plan_id, plans.shared.files(plan_id))
        if comes_home:
            _set_aside(plans, plan_id, files)
        for name, text in files.items():
            path = plans.root / FOLDER / name
            # A process that was killed here knows more than what it fetched.
            if comes_home or not path.exists() or path.name == confirmation.PENDING:
                write_file(path, text)
        plans.keep(plan_id)
        if decision := plans.shared.decision(plan_id):
            confirmation.decide(folder, decision)
        _begin(plans, plan_id)


def ended_elsewhere(plans: SavedPlans, plan_id: str, pending: Pending) -> bool:
    """Whether a change of another machine that was fetched has ended there, or on a third one."""
    if not plans.shared or pending.home in {"", here(plans)}:
        return False
    change = _change(plans, plan_id)
    return change is None or not change.is_open


def close(plans: SavedPlans, plan_id: str, pending: Pending) -> None:
    """Note that a change is settled; where it is at home, nobody has to know more."""
    if plans.shared is None:
        return
    if pending.home == here(plans):
        plans.shared.remove(plan_id)
    else:
        plans.shared.close(plan_id)


def _change(plans: SavedPlans, plan_id: str) -> SharedChange | None:
    if plans.shared is None:
        return None
    found = plans.shared.changes(plans.environment)
    return next((change for change in found if change.plan == plan_id), None)


def _checked(plan_id: str, files: Mapping[str, str]) -> dict[str, str]:
    """Check the names of files that come from a database; each is read as foreign when it is there."""
    last = f"{plan_id}/{confirmation.PENDING}"
    if wrong := [name for name in files if not _NAME.fullmatch(name)]:
        raise Unreadable(
            apply_codes.SHARED_UNREADABLE(plan_id=plan_id, reason=f"it has {wrong[0]!r}")
        )
    if last not in files:
        raise Unreadable(apply_codes.SHARED_UNREADABLE(plan_id=plan_id, reason="it lacks its note"))
    confirmation.parse_pending(files[last])
    return {**{name: text for name, text in files.items() if name != last}, last: files[last]}


def _set_aside(plans: SavedPlans, plan_id: str, files: Mapping[str, str]) -> None:
    """Keep the journal of this machine's apply where it says more than the one that comes home."""
    journal = plans.journal(plan_id)
    own = journal.read_text(encoding="utf-8") if journal.is_file() else ""
    if not files.get(f"{plan_id}/{JOURNAL}", "").startswith(own):
        write_file(journal.with_name(APPLY_JOURNAL), own)


def _begin(plans: SavedPlans, plan_id: str) -> None:
    """Begin the journal of an apply that died before its own was known elsewhere: it may have written."""
    pending = confirmation.read_pending(plans.folder(plan_id))
    journal = open_journal(plans.journal(plan_id))
    if pending is not None and not journal.recorded:
        started = pending.started
        journal.record([Entry(Event.STARTED, plan=pending.plan)], lambda: started)
