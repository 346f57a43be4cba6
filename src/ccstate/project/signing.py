"""What people say of changes that were handed over to them: recorded, and never taken for confirmed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ccstate.adapter import HandsOver, SignOff
from ccstate.apply import codes as apply_codes
from ccstate.apply.journal import Entry, Event, Journal, open_journal
from ccstate.apply.lock import holding, this_process
from ccstate.errors import Blocked, Diagnostic
from ccstate.model import Address, Change, by_target
from ccstate.project import confirming
from ccstate.project.addresses import address_in
from ccstate.project.applying import read_plan
from ccstate.project.plan_folder import SavedPlans
from ccstate.project.targets import Targets

MOST_NAMED = 5


class SignedOff(NamedTuple):
    """The changes of a plan on which somebody gave their word; `left` are those that still wait for one."""

    plan_id: str
    changes: Sequence[Change]
    word: SignOff
    left: Sequence[Change]


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The changes that applies handed over to people."""

    plans: SavedPlans
    targets: Targets

    def sign_off(
        self,
        plan: str,
        addresses: Iterable[Address | str] = (),
        *,
        by: str = "",
        not_done: str = "",
    ) -> SignedOff:
        """Record that changes of a plan were made: those named, or all that have no word yet.

        `not_done` is why they were not; `by` is who says so, this user where left out. Nothing is
        confirmed by it. Raises Blocked where one was not handed over, Locked while an apply runs.
        """
        plan_id = self.plans.find(plan)
        changes = [*read_plan(self.plans, self.targets, plan_id, plan).changes()]
        named = {address_in(each) for each in addresses}
        now = confirming.in_words(confirming.clock())
        word = SignOff(by or confirming.this_user(), now, not_done)
        on = list(dict.fromkeys(c.target for c in changes if c.method != "api"))
        adapters = {
            each.name: self.targets.adapter(each) for each in (self.targets.named(on) if on else ())
        }
        holder = this_process(confirming.this_user(), now, plan_id)
        with holding(adapters, holder, self.targets.listener.warn):
            journal = open_journal(self.plans.journal(plan_id))
            handed = [change for change in changes if _is_open(change, journal)]
            silent = [c for c in handed if journal.word(c.target, str(c.address)) is None]
            chosen = [c for c in handed if c.address in named] if named else silent
            missing = set(named) - {change.address for change in chosen}
            if missing or not chosen:
                raise Blocked(_refusal(plan_id, missing, handed))
            for target, made in by_target(chosen).items():
                adapter = adapters[target]
                if isinstance(adapter, HandsOver):
                    adapter.sign_off(made, word)
            event = Event.NOT_DONE if not_done else Event.SIGNED_OFF
            reason = f"{word.by}: {not_done}" if not_done else word.by
            journal.record(
                [Entry(event, c.target, str(c.address), c.action.value, reason) for c in chosen],
                lambda: now,
            )
        places = {(change.target, change.address) for change in chosen}
        left = [change for change in silent if (change.target, change.address) not in places]
        return SignedOff(plan_id, chosen, word, left)


def _is_open(change: Change, journal: Journal) -> bool:
    """Whether a change was handed over, and has not come to its end."""
    place = change.target, str(change.address)
    return bool(journal.sheet(*place)) and journal.outcome(*place) is None


def _refusal(plan_id: str, missing: Collection[Address], handed: Sequence[Change]) -> Diagnostic:
    named = ", ".join(map(str, sorted(missing)[:MOST_NAMED])) or "what could be signed off"
    known = ", ".join(str(change.address) for change in handed[:MOST_NAMED]) or "nothing"
    return apply_codes.NOT_HANDED_OVER(plan_id=plan_id, objects=named, handed=known)
