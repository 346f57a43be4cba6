"""The Python API: a project that is loaded, planned, applied, verified, and called.

    project = Project.open("estate")
    planned = project.plan()
    receipt = project.apply(project.save(planned.plan).id)

Values in, values out: nothing is printed. Problems are raised as `ccstate.errors.CcstateError`, which
carries them as `problems`; warnings are in the results. Every read of files and platforms is made anew.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ccstate import codes
from ccstate.checkout import display_path, refuse_links, write_file
from ccstate.desired import Desired, ParseCache, Settings, cache_folder, load, load_settings
from ccstate.desired.settings import FILE
from ccstate.errors import CcstateError, Diagnostic, InvalidInput, Severity, Span, sort_key
from ccstate.model import Address, Fields, Json, Plan
from ccstate.project.addresses import address_in, address_of
from ccstate.project.branch import refuse_committed, refuse_link_of_branch
from ccstate.project.listener import Listener, Progress
from ccstate.project.plan_folder import SavedPlans
from ccstate.project.planning import Planned, call_tests, plan_changes
from ccstate.project.targets import Targets

if TYPE_CHECKING:
    from ccstate.apply.perform import Receipt
    from ccstate.authority import Authority
    from ccstate.imports import ImportOptions
    from ccstate.journeys.call_tests import CallResult
    from ccstate.journeys.flow import Flow
    from ccstate.policy import Policy
    from ccstate.project.applying import Unlocked
    from ccstate.project.calls import TestRun
    from ccstate.project.confirming import Unconfirmed
    from ccstate.project.policy import Judged, Word
    from ccstate.project.records import Records
    from ccstate.project.sharing import Shared
    from ccstate.project.signing import HandedOver
    from ccstate.render.comparison import Drifted, ObjectViews, Verified
    from ccstate.render.enumeration import Enumeration
    from ccstate.render.imported import Import
    from ccstate.render.plans import ListedPlan
    from ccstate.render.receipt import Adopted
    from ccstate.render.simulation import Simulation

__all__ = [
    "Listener",
    "Planned",
    "Progress",
    "Project",
    "SavedPlan",
    "Validated",
    "address_of",
    "now",
]

STATE_FOLDER = ".ccstate"
ADOPTED_FILE = "adopted.yaml"


class Validated(NamedTuple):
    """All problems of a project, by place; `desired` is None where it could not be read at all.

    `judged` says whether the rules were run: they judge a desired state without errors.
    `environments` holds what was found in each, where none was chosen.
    """

    problems: Sequence[Diagnostic]
    desired: Desired | None
    judged: bool
    environments: "Mapping[str, Validated]" = MappingProxyType({})


class SavedPlan(NamedTuple):
    """A plan in the folder of plans; `id` is "" where there are no changes to write down."""

    id: str
    plan: Plan


class Project:
    """A folder with `ccstate.yaml`: its desired state, its platforms, its plans."""

    def __init__(
        self,
        root: Path,
        listener: Listener | None = None,
        environment: str = "",
        shared: "Shared | None" = None,
    ) -> None:
        self.root = root
        self.shared = shared
        self.listener = listener or Listener()
        self.environment = environment

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        listener: Listener | None = None,
        environment: str = "",
        shared: "Shared | None" = None,
    ) -> "Project":
        """Open the project in a folder; in the nearest from here upwards where none is given.

        The environment is one that ccstate.yaml names, which is read when it is first needed; `shared` keeps changes
        that have to be confirmed for machines without the folder. Raises InvalidInput where the folder is reached
        through a link that git has: such a link leads where a branch says.
        """
        if folder is not None:
            given = Path(folder)
            refuse_link_of_branch(given)
            return cls(given.resolve(), listener, environment, shared)
        here = Path.cwd()
        found = (above for above in (here, *here.parents) if (above / FILE).is_file())
        return cls(next(found, here), listener, environment, shared)

    def in_environment(self, name: str) -> "Project":
        """Open the same project for one of its environments, this one where it is that already."""
        there = (self.root, self.listener, name, self.shared)
        return self if name == self.environment else Project(*there)

    @cached_property
    def settings(self) -> Settings:
        """Read ccstate.yaml; InvalidInput where it cannot be used."""
        settings = load_settings(self.root)
        if self.environment:
            settings = settings.chosen(self.environment)
        refuse_links(self.root, self._state_folder, self.root / "plans")
        refuse_committed(self.root, STATE_FOLDER)
        return settings

    # Desired state.

    def load(self) -> Desired:
        """Read the desired state; its problems are warnings. InvalidInput where there are errors."""
        desired = self.read()
        problems = [*desired.problems, *self._targets.unmanaged(desired.state)]
        if _has_errors(problems):
            raise InvalidInput(problems)
        self.listener.warn(problems)
        return replace(desired, problems=tuple(problems))

    def read(self) -> Desired:
        """Read the desired state with all its problems, errors too."""
        return self._read(self.parsed_documents())

    def validate(self, today: date | None = None) -> Validated:
        """Collect all problems of files, connections and rules; no platform is asked.

        Where no environment is chosen, those of each: a problem says in which it is so.
        """
        from ccstate.project.environments import validate_each
        from ccstate.project.verdict import verdict

        desired, judged = None, False
        try:
            if self.settings.environments and not self.environment:
                return validate_each(self, today)
            cache = self.parsed_documents()
            desired = self._read(cache)
            problems = [*desired.problems, *self._targets.unmanaged(desired.state)]
            if judged := not _has_errors(problems):
                with self.listener.during("Judging the desired state"):
                    problems += verdict(self.settings, desired, _day(today), cache)
            problems += self._targets.problems()
            if self.settings.policy.calendars():
                from ccstate.project.policy import calendar_problems

                problems += calendar_problems(self.settings, now())
        except CcstateError as error:
            return Validated(sorted(error.problems, key=sort_key), desired, judged)
        return Validated(sorted(problems, key=sort_key), desired, judged)

    def judge(
        self, desired: Desired, today: date | None = None, *, only: str = ""
    ) -> list[Diagnostic]:
        """Judge a state without errors by the rules, or by the one with the code `only`."""
        from ccstate.rules import RULES, Estate
        from ccstate.rules.judge import judge

        rules = self.settings.rules
        if only:
            rules = {**dict.fromkeys(RULES), only: rules.get(only, RULES[only].severity)}
        with self.listener.during("Judging the desired state"):
            return judge(Estate(desired.state, _day(today)), rules, self._targets.content)

    # Plans.

    def plan(
        self,
        targets: Collection[str] = (),
        only: Iterable[Address | str] = (),
        force: str = "",
        today: date | None = None,
    ) -> Planned:
        """Plan the targets, all where none is named, from files and platforms as they are.

        With `only`, it holds the changes of these objects and what they need. `force` is the reason
        for going beyond limits. A plan that must not be applied has `refusals`. Raises InvalidInput
        where files or arguments are wrong, Unreadable where a platform does not answer.
        """
        from ccstate.project.rollback import refuse_repetition

        chosen = [address_in(each) for each in only]
        desired = self.load()
        planned = plan_changes(
            self._targets, desired, targets, chosen, force=force, today=_day(today)
        )
        return refuse_repetition(self._plans, planned, force)

    def rollback(
        self,
        back: str,
        only: Iterable[Address | str] = (),
        force: str = "",
        today: date | None = None,
    ) -> Planned:
        """Plan what takes back an applied plan, named by its id; or what a commit desired.

        With `only`, for these objects and what they need. It is an ordinary plan, to be saved and
        applied; its `rollback` says what it leaves. Raises InvalidInput where nothing is named so.
        """
        from ccstate.project.rollback import plan_back

        chosen, day = [address_in(each) for each in only], _day(today)
        state = (self._plans, self._targets)
        return plan_back(*state, back, chosen, force=force, declared=self.load, today=day)

    def save(self, plan: Plan) -> SavedPlan:
        """Write a plan for review, as plans/ID/plan.json and plan.md; it becomes the latest."""
        saved = SavedPlan(*self._plans.write(plan)) if plan.steps else SavedPlan("", plan)
        self._plans.remember(saved.id)
        return saved

    def read_plan(self, plan_id: str) -> SavedPlan:
        """Read the saved plan whose id, or whole digest, begins so.

        Raises InvalidInput where there is none, Blocked where it is not as it was written.
        """
        found = self._plans.find(plan_id)
        return SavedPlan(found, self._plans.reviewed(found, plan_id))

    def apply(
        self,
        plan: Plan | str | None = None,
        *,
        resume: bool = False,
        wait: float | None = None,
        authority: "Authority | None" = None,
        base: str = "",
        emergency: str = "",
        confirm_within: float | None = None,
    ) -> "Receipt":
        """Apply a plan and confirm it by reading again: a plan, one by its id, or the latest.

        A plan that is not saved yet is saved. `resume` goes on with an apply that was interrupted.
        `wait` is for how many seconds to wait until no caller is in what the plan changes. `authority`
        is on whose word it is applied; where none is given, that of the plan's commit and of this
        process. The policy of the commit `base` counts (see `verdict`), and `emergency` is the reason
        for going beyond it. With `confirm_within`, seconds, the change is taken back unless call tests
        pass and it is confirmed in that time (see `unconfirmed`). Raises Blocked before the first write
        where the plan must not be applied, Locked where another apply runs or the policy has it wait, and
        `ccstate.apply.perform.Interrupted` where a platform is lost in the middle.
        """
        from ccstate.project import applying
        from ccstate.project.calls import failing_tests

        if self.settings.environments and not self.environment and plan is not None:
            named = plan if isinstance(plan, Plan) else self.read_plan(plan).plan
            if named.environment:
                there = self.in_environment(named.environment)
                return there.apply(
                    plan,
                    resume=resume,
                    wait=wait,
                    authority=authority,
                    base=base,
                    emergency=emergency,
                    confirm_within=confirm_within,
                )
        plans, targets = self._plans, self._targets
        if isinstance(plan, Plan) and not (plan := self.save(plan).id):
            return applying.nothing_to_apply()
        chosen = applying.choose_plan(plans, targets, plan, resume=resume)
        reviewed = applying.read_plan(plans, targets, chosen, plan or "")
        applying.refuse_overtaken(plans, targets, chosen, reviewed)
        return applying.apply_plan(
            plans,
            targets,
            chosen,
            reviewed,
            resume=resume,
            wait=wait,
            authority=authority,
            base=base,
            emergency=emergency,
            confirm=applying.ToConfirm(confirm_within, partial(failing_tests, self)),
        )

    @property
    def handed_over(self) -> "HandedOver":
        """The changes that people were asked to make: to be signed off."""
        from ccstate.project.signing import HandedOver

        return HandedOver(self._plans, self._targets)

    @property
    def unconfirmed(self) -> "Unconfirmed":
        """The changes that wait for a confirmation: to be listed, confirmed, taken back, settled."""
        from ccstate.project.confirming import Unconfirmed

        return Unconfirmed(self._plans, self._targets)

    def policy(self, base: str = "") -> "Policy":
        """Read the policy that counts: that of the commit before the change that is checked out.

        That is `base`; where none is given, where the branch left origin's main branch, or else the
        first parent of HEAD. Raises InvalidInput where it is not known, or cannot be used.
        """
        from ccstate.history.commit_before import base_of
        from ccstate.project.policy import policy_in_force

        return policy_in_force(self.settings, base_of(self.root, base))

    def verdict(
        self,
        plan: Plan,
        *,
        authority: "Word | None" = None,
        base: str = "",
        emergency: str = "",
    ) -> "Judged":
        """Judge by the policy that counts whether a plan may be applied now, as `apply` does."""
        from ccstate.project.policy import judge_now

        return judge_now(self.settings, plan, authority, base=base, emergency=emergency)

    def saved_plans(self) -> "list[ListedPlan]":
        """List every saved plan, with what became of it."""
        from ccstate.project.applying import list_plans

        if self.settings.environments and not self.environment:
            each = map(self.in_environment, self.settings.environments)
            return [listed for project in each for listed in project.saved_plans()]
        return list_plans(self._plans, self._targets)

    def remove_plan(self, plan_id: str) -> bool:
        """Remove a saved plan, unless an apply of it was begun; return whether it was removed."""
        return self._plans.remove(plan_id)

    def unlock(self, targets: Collection[str] = (), owner: str = "") -> "Unlocked":
        """Remove locks of applies that died; of another machine, those of the `owner`, user@host."""
        from ccstate.project.applying import unlock

        return unlock(self._plans, self._targets, targets, owner)

    # Platforms.

    def verify(self, targets: Collection[str] = ()) -> dict[str, "Verified"]:
        """Compare each platform with the desired state, by target."""
        from ccstate.project.platforms import verify

        return verify(self._targets, self.load(), targets)

    def drift(self, targets: Collection[str] = ()) -> dict[str, "Drifted"]:
        """Find what was changed by hand since the last apply, by target; needs no desired state."""
        from ccstate.project.platforms import drift

        return drift(self._targets, targets)

    def show(self, address: Address | str, targets: Collection[str] = ()) -> "ObjectViews":
        """Show an object as it is declared, and as each target has it and had it applied."""
        from ccstate.project.platforms import show

        return show(self._targets, self.read(), address_in(address), targets)

    def unmanaged(self, target: str = "") -> dict[Address, Fields]:
        """List objects of a target, the first where none is named, that were made by hand."""
        chosen = self._targets.named([target] if target else [])[0]
        seen = self._targets.observe(chosen, self._targets.adapter(chosen))
        declared = self.load().state
        return {
            address: fields
            for address, fields in sorted(seen.objects.items())
            if address not in seen.ledger and address not in declared
        }

    def adopt(
        self,
        addresses: Iterable[Address | str] | None = None,
        *,
        target: str = "",
        file: Path | None = None,
    ) -> "Adopted":
        """Declare objects of a target that were made by hand, all where None, as they are there.

        The file is `adopted.yaml` where none is given. Secrets are left out: no platform shows them.
        Raises InvalidInput where an object is not unmanaged.
        """
        from ccstate.project.adopting import adopt

        return adopt(self, addresses, target, self.inside(file, ADOPTED_FILE))

    @cached_property
    def records(self) -> "Records":
        """What git, plans and records remember: history, origins of fields, applies."""
        from ccstate.project.records import Records

        return Records(self.settings)

    # Calls.

    def flow(self, *, live: bool = False) -> "Flow":
        """Compute what callers meet by the desired state; or by the platforms as they are."""
        return self._flow(self.load(), live=live)

    def simulate(
        self,
        number: str,
        at: datetime | str = "",
        *,
        caller: str = "",
        keys: Sequence[str] = (),
        switches: Mapping[str, str] | None = None,
        live: bool = False,
    ) -> "Simulation":
        """Walk one call to a number, an address such as `queue/sales`, or to what a phone dials.

        `at` is a moment in the number's timezone, now where left out; `keys` has an entry for each
        question; `switches` maps names to `on` or `off`. Raises InvalidInput where one of them
        names nothing.
        """
        from ccstate.project.calls import simulate_call

        flow = self.flow(live=live)
        return simulate_call(flow, number, at, caller=caller, keys=keys, switches=switches or {})

    def enumerate_calls(
        self, number: str = "", first: date | str = "", *, live: bool = False
    ) -> "Enumeration":
        """Enumerate every call to a number, or to all, in the year from a day on, today where left out."""
        from ccstate.project.calls import enumerate_calls

        return enumerate_calls(self.flow(live=live), number, first)

    def test(
        self, names: Sequence[str] = (), *, live: bool = False, today: date | None = None
    ) -> "TestRun":
        """Walk the named call tests, all where none is named."""
        from ccstate.journeys.call_tests import verdicts
        from ccstate.journeys.moments import Year
        from ccstate.project.calls import TestRun, select_tests

        desired = self.load()
        tests = call_tests(desired.state)
        chosen = select_tests(tests, names)
        flow = self._flow(desired, live=live)
        year = Year(flow.centre, _day(today))
        run = list(verdicts(flow, year, chosen))
        files = {name: desired.state[Address("call_test", name)].file for name in chosen}
        asked = {
            a: r for a, r in desired.state.items() if a.kind != "call_test" or a.name in chosen
        }
        warnings = self.judge(replace(desired, state=asked), today, only="CC228")
        self.listener.warn(warnings)
        return TestRun(flow, run, files, (*desired.problems, *warnings), tests, year)

    def place_calls(
        self, target: str, run: "TestRun", each: "Callable[[CallResult], None] | None" = None
    ) -> "Sequence[CallResult]":
        """Make the tests of a live run as real calls on a target; `each` is called after each.

        Raises InvalidInput where no calls can be made there, Blocked where none may be made.
        """
        from ccstate.project.calls import place_calls

        adapter = self._targets.adapter(self._targets.named([target])[0])
        return place_calls(adapter, target, run, each, self.listener)

    # Files of the desired state.

    def inside(self, given: Path | None, name: str) -> Path:
        """Choose the file of the desired state to write to: the given one, or the one of that name.

        In an environment that is one of its own. Raises InvalidInput where that would not be a
        part of the desired state.
        """
        folders = self.settings.folders
        path = given if given is not None else self.root / folders[-1] / name
        if not any(path.resolve().is_relative_to((self.root / f).resolve()) for f in folders):
            raise InvalidInput(
                codes.OUTSIDE_DESIRED_STATE(path=display_path(path), folder="/ and ".join(folders))
            )
        return path

    def declare(self, path: Path, resources: Mapping[Address, Fields]) -> None:
        """Write more resources into a file; what stands there already stays as it is."""
        from ccstate.desired.insertion import with_resources
        from ccstate.project.environments import parser_of, schema_of

        refuse_links(self.root, path.absolute())
        name = display_path(path)
        try:
            before = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise InvalidInput(
                codes.FILE_UNREADABLE(
                    Span(name), file=name, reason=(error.strerror or str(error)).lower()
                )
            ) from None
        schema, parsed = schema_of(self, path), parser_of(self, path)
        write_file(path, with_resources(before, name, resources, schema, parsed))

    def extend(self, path: Path, address: Address, field: str, items: list[Json]) -> None:
        """Write more items into a list of a resource; what stands in the file stays as it is."""
        from ccstate.desired.insertion import with_items
        from ccstate.project.environments import parser_of

        data, parsed = path.read_bytes(), parser_of(self, path)
        write_file(path, with_items(data, str(path), address, field, items, parsed=parsed))

    def import_estate(
        self,
        folder: Path,
        options: "ImportOptions",
        *,
        adapter: str = "",
        secrets: Path | None = None,
        write: bool = True,
        command: str = "",
    ) -> "Import":
        """Write a configuration that was made by hand as YAML, and a report of what that leaves out.

        `adapter` names whose configuration it is, where several can read one; values of secrets go
        to the file `secrets`; `command` repeats the report. Raises InvalidInput before the first
        write where one of the files could not be written, or an object is declared already.
        """
        from ccstate.project.importing import import_estate

        return import_estate(
            self,
            folder,
            options,
            adapter=adapter,
            secrets=secrets,
            write=write,
            command=command,
        )

    def _flow(self, desired: Desired, *, live: bool) -> "Flow":
        from ccstate.journeys.centre import Centre, centre_of
        from ccstate.journeys.flow import Flow

        if live:
            return Flow(Centre(self._targets.live_objects(desired)))
        return Flow(centre_of(desired.state))

    def parsed_documents(self) -> ParseCache:
        """Open the cache of parsed documents."""
        return ParseCache(cache_folder(os.environ, self.root))

    def _read(self, cache: ParseCache) -> Desired:
        self.settings.require_environment()
        with self.listener.during("Reading the desired state"):
            return load(self.settings, cache)

    @property
    def _state_folder(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def _targets(self) -> Targets:
        self.settings.require_environment()
        return Targets(self.settings, self.listener)

    @property
    def _plans(self) -> SavedPlans:
        return SavedPlans(self.root, self._state_folder, self.environment, self.shared)


def now() -> datetime:
    """Return this moment, with the offset of the machine."""
    return datetime.now(UTC).astimezone()


def _day(given: date | None) -> date:
    return given if given is not None else now().date()


def _has_errors(problems: Iterable[Diagnostic]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)
