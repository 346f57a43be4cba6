"""What git shows for each criterion of the unit that assesses people who administer contact centres.

The unit is BSBCCO407A, "Administer customer contact technology", release 1, which training.gov.au names
as superseded by and equivalent to BSBCUE407, "Administer customer engagement technology" (seen at
https://training.gov.au/Training/Details/BSBCCO407A). Its numbers are used, its sentences are not: what each
criterion asks is said here in words of our own, and the unit itself counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ccstate.audit.chain import Checked
from ccstate.audit.change_sets import Audit, ChangeSet, Gap, State

UNIT = "BSBCCO407A"
SUCCESSOR = "BSBCUE407"
SOURCE = "https://training.gov.au/Training/Details/BSBCCO407A"

Selection = Callable[[ChangeSet], bool]


def _none(_: ChangeSet) -> bool:
    return False


def _lacks(*gaps: Gap) -> Selection:
    return lambda one: bool(set(one.gaps) & set(gaps))


@dataclass(frozen=True, slots=True)
class Criterion:
    """One performance criterion: what it asks, which change sets show it, and which lack it."""

    number: str
    asks: str
    shows: str
    """What a change set that is named shows; "" where git can show nothing."""
    beyond: str
    """What git does not show, and where an assessor finds that."""
    by: Selection = _none
    lacking: Selection = _none


@dataclass(frozen=True, slots=True)
class Element:
    number: str
    title: str
    criteria: tuple[Criterion, ...]


def _is_requested(one: ChangeSet) -> bool:
    return bool(one.request.request) and Gap.NO_REQUEST not in one.gaps


def _follows_procedure(one: ChangeSet) -> bool:
    missing = {Gap.NO_REVIEW, Gap.NOT_COMMITTED, Gap.NOT_RECORDED}
    return bool(one.plan) and not missing & set(one.gaps)


def _is_fault(one: ChangeSet) -> bool:
    return bool(one.by_hand) or one.state in {
        State.NOT_CONFIRMED,
        State.NOT_ATTEMPTED,
        State.INTERRUPTED,
        State.TAKEN_BACK,
    }


def _is_contingency(one: ChangeSet) -> bool:
    return bool(one.corrects) or any(each.name.startswith("switch/") for each in one.objects)


ELEMENTS = (
    Element(
        "1",
        "Reprogramming the system",
        (
            Criterion(
                "1.1",
                "The details of a requested change are confirmed with the people concerned.",
                "a request by its number, with who asked and why, as commits and merges name them",
                "what was said on the telephone or in the request itself; the pull request that is "
                "named holds the discussion",
                _is_requested,
                _lacks(Gap.NO_REQUEST),
            ),
            Criterion(
                "1.2",
                "A method is chosen that suits the change.",
                "the method by which the plan was carried out on each platform: by ccstate itself, by a "
                "person with a sheet, or by the vendor on request",
                "which other methods were weighed",
                lambda one: bool(one.methods),
                _lacks(Gap.NEVER_APPLIED),
            ),
            Criterion(
                "1.3",
                "The change is made by the procedures of the centre.",
                "a plan from a commit, approved by another person, and the record of its apply",
                "procedures that are not written as the project's policy",
                _follows_procedure,
                _lacks(Gap.NO_REVIEW, Gap.NOT_COMMITTED, Gap.NOT_RECORDED),
            ),
            Criterion(
                "1.4",
                "The outcome is checked, and held against what was asked.",
                "what the platforms showed when they were read again after the change",
                "whether the person who asked was content",
                lambda one: one.state in {State.CONFIRMED, State.NOTHING_TO_DO},
                _lacks(Gap.NOT_CONFIRMED, Gap.HANDED_OVER, Gap.INTERRUPTED),
            ),
            Criterion(
                "1.5",
                "Action is taken where the change needs more.",
                "the correction, the way back or the revert that followed, or that this is",
                "action that was taken outside of ccstate",
                lambda one: bool(one.corrective or one.corrects),
                _lacks(Gap.NOT_CONFIRMED, Gap.INTERRUPTED, Gap.NEVER_APPLIED),
            ),
        ),
    ),
    Element(
        "2",
        "Reports of the system",
        (
            Criterion(
                "2.1",
                "What a report is for, and what it has to say, is confirmed.",
                "",
                "who asked for a report and for which purpose: look at the request for it",
            ),
            Criterion(
                "2.2",
                "Reports are generated.",
                "the reports plan.md and receipt.md of its plan; this pack is one as well",
                "reports about calls, queues and agents, which other systems make",
                lambda one: bool(one.plan),
            ),
            Criterion(
                "2.3",
                "Reports are changed where people need them otherwise.",
                "",
                "how reports were changed for their readers: look at both versions",
            ),
            Criterion(
                "2.4",
                "Reports reach the people they are for, in time.",
                "the pull request in which its plan stands, for all who follow it",
                "when each person read it: the code host knows that",
                lambda one: bool(one.change),
            ),
            Criterion(
                "2.5",
                "Reports are explained where people ask.",
                "",
                "answers to questions: they are in the discussion of pull requests, or were spoken",
            ),
        ),
    ),
    Element(
        "3",
        "Faults of the system",
        (
            Criterion(
                "3.1",
                "Faults are found, and the best repair is chosen.",
                "a fault that was found: a change that was not confirmed or was interrupted, with the "
                "reason, or a change by hand that was noticed and undone",
                "faults of telephones, lines and servers",
                _is_fault,
            ),
            Criterion(
                "3.2",
                "Faults are passed on to others in time where that is needed.",
                "an emergency that was declared, with its reason",
                "issues and calls for help: the code host and the vendor know them",
                lambda one: bool(one.request.emergency),
            ),
            Criterion(
                "3.3",
                "The repair is made, and its progress is watched.",
                "the repair, with what the platforms showed afterwards",
                "what was watched besides",
                lambda one: bool(one.corrective or one.corrects),
                _lacks(Gap.NOT_CONFIRMED, Gap.INTERRUPTED),
            ),
            Criterion(
                "3.4",
                "A contingency plan is chosen and carried out as procedures say.",
                "a way back, a revert, or a switch for emergencies that was changed",
                "contingency plans themselves, and those that need no change of the configuration",
                _is_contingency,
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The change sets of a span of time, of one person where one is named, and the check of records."""

    audit: Audit
    checked: Checked
    person: str = ""

    def showing(self, criterion: Criterion) -> Sequence[ChangeSet]:
        return [one for one in self.audit.change_sets if criterion.by(one)]

    def lacking(self, criterion: Criterion) -> Sequence[ChangeSet]:
        return [one for one in self.audit.change_sets if criterion.lacking(one)]


def evidence(audit: Audit, checked: Checked, person: str = "") -> Evidence:
    """Collect the evidence; with a person, of change sets that the person wrote, approved or applied."""
    wanted = person.casefold()
    kept = [one for one in audit.change_sets if not wanted or _concerns(one, wanted)]
    return Evidence(replace(audit, change_sets=kept), checked, person)


def _concerns(one: ChangeSet, wanted: str) -> bool:
    names = (one.author, one.applied_by, *(approval.by for approval in one.approvals))
    return any(wanted in name.casefold() for name in names)
