"""What every command starts from: the project, its desired state, its platforms, its plans."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ccstate.adapter import Adapter, Module, SecretsUnseen, audited, connect, module_of
from ccstate.checkout import refuse_links
from ccstate.cli import days
from ccstate.cli.output import complain, shown, stage, write_file
from ccstate.desired import (
    Desired,
    ParseCache,
    Settings,
    Target,
    cache_folder,
    load,
    load_settings,
)
from ccstate.desired.settings import FILE
from ccstate.diff import diff, sealed, sealed_as_recorded, secret_references
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.git import GitFailed, repository
from ccstate.kinds import KINDS
from ccstate.kinds import Path as FieldPath
from ccstate.model import (
    Activity,
    Address,
    Change,
    Fields,
    Json,
    Observation,
    Plan,
    Refusal,
    Resource,
    State,
)
from ccstate.plan import Share, make_plan, narrowed, objects_after
from ccstate.render.values import plural
from ccstate.secrets import Unresolved, diagnostics

if TYPE_CHECKING:
    from ccstate.desired.findings import Finding

STATE_FOLDER = ".ccstate"
PLANS = "plans"
Busy: TypeAlias = Mapping[str, Mapping[Address, Activity]]
"""By target, what is going on at objects now."""


def find_root(given: Path | None) -> Path:
    """The folder of the project: the given one, or the nearest upwards that has its file.

    Raises InvalidInput where the given one leads through a link that git has.
    """
    if given is not None:
        _refuse_links_of_a_branch(given)
        return given.resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / FILE).is_file()), here)


def _refuse_links_of_a_branch(given: Path) -> None:
    """A link that the user made is the user's word; one that git has leads where a branch says."""
    from ccstate.desired.tree import link_refused

    way = Path.cwd() if not given.is_absolute() else Path(given.anchor)
    for part in given.relative_to(given.anchor).parts:
        way /= part
        if not way.is_symlink():
            continue
        try:
            found = repository(way.parent)
            if found is None or not found.holds(way):
                continue
        except GitFailed:
            continue  # no git to ask, and then no branch that was checked out here
        refused = link_refused(shown(way))
        raise InvalidInput([replace(refused, hint="name the folder of the project itself")])


@dataclass(frozen=True)
class Workspace:
    """A project that is being worked on."""

    root: Path

    @cached_property
    def project(self) -> Settings:
        project = load_settings(self.root)
        refuse_links(self.root, self.state_folder, self.root / PLANS)
        self._refuse_committed_state()
        return project

    def _refuse_committed_state(self) -> None:
        """Raises InvalidInput where git has files of the state folder: a branch could bring them."""
        if not self.state_folder.is_dir():
            return
        try:
            found = repository(self.root)
            committed = found is not None and found.holds(self.state_folder)
        except GitFailed:
            return  # no git to ask, and then no branch that was checked out here
        if committed:
            raise InvalidInput(
                [
                    Diagnostic(
                        "CC011",
                        f"git has files of {STATE_FOLDER}/",
                        Span(STATE_FOLDER),
                        cause="They say what this machine knows; a branch could say anything there.",
                        hint=f"git rm -r --cached {STATE_FOLDER}, and name /{STATE_FOLDER}/ in .gitignore",
                    )
                ]
            )

    @property
    def state_folder(self) -> Path:
        return self.root / STATE_FOLDER

    def desired(self) -> Desired:
        """The desired state with all its problems."""
        with stage("Reading the desired state"):
            return load(self.project, ParseCache(cache_folder(os.environ, self.root)))

    def valid(self) -> Desired:
        """The desired state; InvalidInput where anything in it is wrong. Warnings are shown."""
        desired = self.desired()
        problems = [*desired.problems, *self.unplaced(desired.state)]
        errors = [p for p in problems if p.severity is Severity.ERROR]
        if errors:
            raise InvalidInput(problems)
        complain(problems)
        return desired

    def unplaced(self, state: State) -> list[Diagnostic]:
        """Warnings about resources that no target manages, and targets' sites that none declares."""
        from ccstate.desired.findings import diagnose

        unknown = diagnose(_unknown_sites(self.project.targets, state), self.content)
        return [*unknown, *self._unmanaged(state)]

    def _unmanaged(self, state: State) -> list[Diagnostic]:
        if any(t.sites is None and t.kinds >= KINDS.keys() for t in self.project.targets):
            return []
        lost: dict[str, list[Resource]] = {}
        for resource in state.values():
            if not any(t.manages(resource.address, resource.fields) for t in self.project.targets):
                lost.setdefault(resource.address.kind, []).append(resource)
        return [
            Diagnostic(
                "CC115",
                f"no target manages {found[0].address}"
                + (f" and {len(found) - 1:,} more {KINDS[kind].plural}" if len(found) > 1 else ""),
                Span(found[0].file),
                hint=f"give a target in {FILE} its kind or its site, or remove it",
                severity=Severity.WARNING,
            )
            for kind, found in lost.items()
        ]

    def wrong_targets(self) -> list[Diagnostic]:
        """What is wrong with the platforms as ccstate.yaml names them; none of them is asked."""
        from ccstate.desired.findings import diagnose

        findings, places = [], []
        for target in self.project.targets:
            try:
                module = module_of(target.adapter)
            except InvalidInput as error:
                path = ("targets", target.name, "adapter")
                findings += [_at(path, problem) for problem in error.problems]
                continue
            found = list(_wrong_connection(target, module))
            findings += found
            if module.places and not found:
                places.append((target.name, set(module.places(target.connection, self.root))))
        findings += _met_twice(places)
        return diagnose(findings, self.content)

    def judged(self, desired: Desired, today: date) -> list[Diagnostic]:
        """What the rules say about a desired state, which has no errors, on that day."""
        from ccstate.rules import Estate
        from ccstate.rules.judge import judge

        with stage("Judging the desired state"):
            return judge(Estate(desired.state, today), self.project.rules, self.content)

    def judged_by(self, code: str, desired: Desired, today: date) -> list[Diagnostic]:
        """What one rule says about a desired state without errors, on that day."""
        from ccstate.rules import RULES, Estate
        from ccstate.rules.judge import judge

        severity = self.project.rules.get(code, RULES[code].severity)
        only = {**dict.fromkeys(RULES), code: severity}
        return judge(Estate(desired.state, today), only, self.content)

    def content(self, file: str) -> bytes:
        """The bytes of a file of the project."""
        return (self.root / file).read_bytes()

    def inside(self, given: Path | None, name: str) -> Path:
        """The file of the desired state to write to: the given one, or the one of that name.

        Raises InvalidInput where that would not be a part of the desired state.
        """
        folder = self.root / self.project.desired_state
        path = given if given is not None else folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            message = f"{shown(path)} is outside of {self.project.desired_state}/"
            raise InvalidInput([Diagnostic("CC804", message, hint="choose a file inside of it")])
        return path

    def declare(self, path: Path, resources: Mapping[Address, Fields]) -> None:
        """Writes more resources into a file; what stands there already stays as it is."""
        from ccstate.desired.insertion import with_resources

        refuse_links(self.root, path.absolute())
        try:
            before = path.read_bytes() if path.exists() else b""
        except OSError as error:
            message = f"{shown(path)} cannot be read: {(error.strerror or str(error)).lower()}"
            raise InvalidInput([Diagnostic("CC001", message, Span(shown(path)))]) from None
        schema = os.path.relpath(self.root / "schema" / "document.json", path.parent)
        write_file(path, with_resources(before, shown(path), resources, schema))

    def extend(self, path: Path, address: Address, field: str, items: list[Json]) -> None:
        """Writes more items into a list of a resource; what stands in the file stays as it is."""
        from ccstate.desired.insertion import with_items

        write_file(path, with_items(path.read_bytes(), str(path), address, field, items))

    def targets(self, names: Collection[str]) -> list[Target]:
        """The named targets, all where none is named.

        Raises InvalidInput where one is unknown, or one in the project cannot be worked with.
        """
        if wrong := self.wrong_targets():
            raise InvalidInput(wrong)
        known = {target.name: target for target in self.project.targets}
        if unknown := [name for name in names if name not in known]:
            message = f'no target is named "{unknown[0]}"'
            hint = f"targets in {FILE}: {', '.join(known)}"
            raise InvalidInput([Diagnostic("CC801", message, Span(FILE), hint=hint)])
        return [known[name] for name in dict.fromkeys(names)] or list(known.values())

    def adapter(self, target: Target) -> Adapter:
        """The platform of a target."""
        return connect(target.adapter, target.connection, self.root)

    def live_objects(self, desired: Desired) -> dict[Address, Fields]:
        """Every object as the platforms have it; kinds that none of them shows, as desired."""
        found: dict[Address, Fields] = {}
        shown: set[str] = set()
        for target in self.targets(()):
            with stage(f"Reading {target.name}"):
                adapter = self.adapter(target)
                kinds = target.kinds & adapter.supports.keys()
                seen = observed(target, adapter, kinds)
            shown |= kinds
            found = {**seen.objects, **found}
        wanted = {a: r.fields for a, r in desired.state.items() if a.kind not in shown}
        return {**wanted, **found}

    def share(self, target: Target, desired: Desired) -> Share:
        """What one target should be, what it is, and the changes between the two."""
        with stage(f"Reading {target.name}"):
            try:
                return self._share(target, desired)
            except Unresolved as wrong:
                places = self._places(target, desired.state, wrong.causes)
                raise InvalidInput(diagnostics(wrong.causes, places)) from None

    def _places(self, target: Target, state: State, references: Collection[str]) -> dict[str, Span]:
        """Where references to secrets stand: in the connection of a target, or in a resource."""
        from ccstate.desired.positions import locate

        found = {
            f"{scheme}{value}": (FILE, ("targets", target.name, "connection", *path))
            for path, value in _texts(target.connection, ())
            for scheme in ("", "file:")
        }
        for address, secrets in secret_references(state).items():
            for path, reference in secrets.items():
                way = (KINDS[address.kind].plural, address.name, *path.split("."))
                found.setdefault(reference, (state[address].file, way))
        by_file: dict[str, dict[FieldPath, str]] = {}
        for reference in references:
            if reference in found:
                file, steps = found[reference]
                by_file.setdefault(file, {})[steps] = reference
        return {
            by_file[file][way]: span
            for file, ways in by_file.items()
            for way, span in locate(self.content(file), file, ways).items()
        }

    def _share(self, target: Target, desired: Desired) -> Share:
        adapter = self.adapter(target)
        kinds = target.kinds & adapter.supports.keys()
        wanted: State = {a: r for a, r in desired.state.items() if a.kind in kinds}
        if target.sites is not None:
            wanted = {a: r for a, r in wanted.items() if target.manages(a, r.fields)}
        secrets = secret_references(wanted)
        references = {text for found in secrets.values() for text in found.values()}
        try:
            wanted = sealed(wanted, secrets, adapter.seal(references)) if references else wanted
            seen = observed(target, adapter, kinds)
        except SecretsUnseen as closed:
            count = plural(sum(map(len, secrets.values())), "secret")
            words = f"{count}, not compared with the platform's: no right to read {closed}"
            seen = observed(target, adapter, kinds)
            seen = replace(seen, unseen=(*seen.unseen, words))
            wanted = sealed_as_recorded(wanted, secrets, seen)
        changes = diff(target.name, wanted, seen, secrets=secrets, release=desired.release)
        return Share(
            name=target.name,
            changes=changes,
            desired=wanted,
            seen=seen,
            supports=adapter.supports,
            most_updates=target.most_updates,
            most_deletions=target.most_deletions,
            platform=target.platform,
        )

    def plan(
        self, names: Collection[str], forced: str, only: Collection[Address] = ()
    ) -> tuple[Plan, Busy]:
        """The plan for the named targets, from desired and live state as they are now.

        And what is going on at the objects that it touches. With `only`, the plan holds the
        changes of these objects and what they need.
        """
        from ccstate.history import head_commit
        from ccstate.plan_callers import objects_now, refused, with_callers
        from ccstate.rules import Estate
        from ccstate.rules.judge import new_errors, new_warnings

        desired, today = self.valid(), days.today()
        shares = [self.share(target, desired) for target in self.targets(names)]
        commit = head_commit(self.root, self.project.desired_state)
        whole = sum(len(share.changes) for share in shares)
        if only:
            check_known(only, [desired.state, *(share.seen.ledger for share in shares)])
            shares = [narrowed(share, only) for share in shares]
        made = make_plan(shares, commit=commit, forced=forced)
        if only:
            left_out = whole - sum(len(share.changes) for share in shares)
            made = replace(made, only=tuple(sorted(set(only))), left_out=left_out)
        busy = {share.name: touched(made, share.name, share.seen) for share in shares}
        if not made.steps:
            return made, {}
        with stage("Walking the calls"):
            objects = objects_now(shares, desired.state)
            now = Estate(_placed(objects, desired.state), today)
            then = Estate(_placed(objects_after(objects, made.changes()), desired.state), today)
            made = with_callers(made, now, then, call_tests(desired.state))
            made = refused(made, new_errors(then, now, self.project.rules, self.content))
            declared = Estate(desired.state, today)
            warnings = new_warnings(then, now, declared, self.project.rules, self.content)
        complain(warnings)
        made = replace(made, refusals=(*made.refusals, *self._audited(made)))
        return made, {target: found for target, found in busy.items() if found}

    def _audited(self, plan: Plan) -> Iterator[Refusal]:
        """What the platforms would refuse of a plan."""
        by_target: dict[str, list[Change]] = {}
        for change in plan.changes():
            by_target.setdefault(change.target, []).append(change)
        for target in self.targets(list(by_target)) if by_target else ():
            with stage(f"Asking {target.name}"):
                for problem in audited(self.adapter(target), by_target[target.name]):
                    place = f"{problem.span}: " if problem.span and problem.span.file else ""
                    yield Refusal(problem.code, f"{place}{problem.message}", problem.hint)


def _texts(value: Json, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """Every text in a value, with the way to it."""
    match value:
        case str():
            yield path, value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner, (*path, name))
        case list():
            for place, inner in enumerate(value):
                yield from _texts(inner, (*path, place))


def _at(path: FieldPath, problem: Diagnostic) -> "Finding":
    from ccstate.desired.findings import Finding

    return Finding(FILE, path, problem.code, problem.message, problem.cause, problem.hint)


def _wrong_connection(target: Target, module: Module) -> Iterator["Finding"]:
    """What is wrong with a target's connection, by the model of its adapter."""
    from pydantic import ValidationError

    from ccstate.desired.findings import explain
    from ccstate.kinds.shape import shape_of

    if module.model is None:
        return
    path = ("targets", target.name, "connection")
    try:
        module.model.model_validate(target.connection)
    except ValidationError as error:
        for finding in explain(error, shape_of(module.model), FILE, path):
            hint = module.gone.get(finding.path[len(path) :], finding.hint)
            yield replace(finding, code="CC402", hint=hint)


def _unknown_sites(targets: Iterable[Target], state: State) -> Iterator["Finding"]:
    """Sites that a target names and nobody declares: what is there is managed by none, or goes."""
    from ccstate.desired.findings import Finding, did_you_mean

    declared = [address.name for address in state if address.kind == "site"]
    for target in targets:
        for site in sorted((target.sites or frozenset()).difference(declared)):
            yield Finding(
                FILE,
                ("targets", target.name, "sites"),
                "CC124",
                f'target {target.name} manages the site "{site}", which no file declares',
                cause="Only objects that are left there on the platform belong to it.",
                hint=did_you_mean(site, declared) or "declare it, or take it out",
                severity=Severity.WARNING,
            )


def _met_twice(places: Sequence[tuple[str, set[str]]]) -> Iterator["Finding"]:
    """Targets that are the same platform as one before them."""
    from ccstate.desired.findings import Finding

    first: dict[str, str] = {}
    for name, found in places:
        owner = next((first[place] for place in sorted(found) if place in first), "")
        first |= dict.fromkeys(found - first.keys(), name)
        if owner:
            yield Finding(
                FILE,
                ("targets", name),
                "CC123",
                f"targets {owner} and {name} are the same platform",
                cause="Both would plan and write the same objects, and each would undo the other.",
                hint="make one target of them: `kinds` and `sites` say what it manages",
            )


def check_known(wanted: Iterable[Address], known: Sequence[Collection[Address]]) -> None:
    """InvalidInput where one of the objects is in none of the collections."""
    unknown = [address for address in wanted if not any(address in some for some in known)]
    if unknown:
        from ccstate.desired.findings import did_you_mean

        names = [str(address) for some in known for address in some]
        raise InvalidInput(
            [
                Diagnostic(
                    "CC803",
                    f"{address} is neither declared nor managed",
                    hint=did_you_mean(str(address), names) or "`ccstate plan` lists what changes",
                )
                for address in unknown
            ]
        )


def touched(plan: Plan, target: str, seen: Observation) -> dict[Address, Activity]:
    """What is going on at the objects that a plan touches on a target."""
    addresses = [change.address for change in plan.changes() if change.target == target]
    return {a: seen.activity[a] for a in addresses if a in seen.activity}


def call_tests(state: State) -> dict[str, Fields]:
    """The fields of every call test by its name."""
    return {a.name: resource.fields for a, resource in state.items() if a.kind == "call_test"}


def _placed(objects: Mapping[Address, Fields], desired: State) -> State:
    """Objects of platforms, each with the file that declares it; "" where none does."""
    return {
        address: Resource(address, fields, desired[address].file if address in desired else "")
        for address, fields in objects.items()
    }


def observed(target: Target, adapter: Adapter, kinds: Collection[str]) -> Observation:
    """One read of a platform, without the objects that belong to other targets."""
    seen = adapter.observe(sorted(kinds))
    if target.sites is None:
        return seen
    return Observation(
        {a: fields for a, fields in seen.objects.items() if target.manages(a, fields)},
        {
            a: fields
            for a, fields in seen.ledger.items()
            if target.manages(a, seen.objects.get(a, fields))
        },
        seen.activity,
    )
