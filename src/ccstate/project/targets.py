"""The targets of a project: what is wrong with them, what they hold, what a plan changes there."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from ccstate import codes
from ccstate.adapter import Adapter, Module, SecretsUnseen, TellsMoves, audited, connect, module_of
from ccstate.desired import Desired, Settings, Target
from ccstate.desired.settings import FILE
from ccstate.diff import diff, sealed, sealed_as_recorded, secret_references
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.kinds import KINDS
from ccstate.kinds import Path as FieldPath
from ccstate.kinds import secrets as secrets_of
from ccstate.model import (
    ANNOTATIONS,
    UNSEEN_SEAL,
    Action,
    Activity,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Observation,
    Plan,
    Refusal,
    Resource,
    State,
    Why,
    by_target,
    edited,
)
from ccstate.plan import TargetPlan, refusal, with_methods
from ccstate.project.listener import Listener
from ccstate.render.values import plural
from ccstate.secrets import ABSENT, Unresolved, counted, diagnostics

if TYPE_CHECKING:
    from ccstate.desired.findings import Finding


@dataclass(frozen=True, slots=True)
class Targets:
    """The platforms that ccstate.yaml names."""

    settings: Settings
    listener: Listener

    def named(self, names: Collection[str]) -> list[Target]:
        """Return the named targets, all where none is named.

        Raises InvalidInput where one is unknown, or one in the project cannot be worked with.
        """
        if problems := self.problems():
            raise InvalidInput(problems)
        known = {target.name: target for target in self.settings.targets}
        if unknown := [name for name in names if name not in known]:
            raise InvalidInput(
                codes.TARGET_UNKNOWN(Span(FILE), name=unknown[0], file=FILE, known=", ".join(known))
            )
        return [known[name] for name in dict.fromkeys(names)] or list(known.values())

    def problems(self) -> list[Diagnostic]:
        """Find what is wrong with the platforms in ccstate.yaml; none of them is asked."""
        from ccstate.desired.findings import Finding, diagnose

        findings, places = [], []
        everywhere = self.settings.environments.values() or [self.settings.targets]
        for target in chain.from_iterable(everywhere):
            # Of another environment it matters only whether its platform is one of ours.
            is_ours = target.environment == self.settings.environment
            try:
                module = module_of(target.adapter)
            except InvalidInput as error:
                path = (*target.path, "adapter")
                findings += [Finding(FILE, path, problem) for problem in error.problems if is_ours]
                continue
            found = list(_wrong_connection(target, module))
            findings += found if is_ours else ()
            if module.places and not found:
                place = set(module.places(target.connection, self.settings.root))
                places.append((target, place))
        findings += _same_platform(places)
        return diagnose(findings, self.content)

    def unmanaged(self, state: State) -> list[Diagnostic]:
        """Warn about resources that no target manages, and targets' sites that none declares."""
        from ccstate.desired.findings import diagnose

        targets = self.settings.targets
        found = diagnose(_unknown_sites(targets, state), self.content)
        if any(target.sites is None and target.kinds >= KINDS.keys() for target in targets):
            return found
        lost: dict[str, list[Resource]] = {}
        for resource in state.values():
            if not any(target.manages(resource.address, resource.fields) for target in targets):
                lost.setdefault(resource.address.kind, []).append(resource)
        for kind, resources in lost.items():
            more = len(resources) - 1
            others = f" and {more:,} more {KINDS[kind].plural}" if more else ""
            found.append(
                codes.UNTARGETED(
                    Span(resources[0].file), address=resources[0].address, others=others, file=FILE
                )
            )
        return found

    def adapter(self, target: Target) -> Adapter:
        """Connect to the platform of a target."""
        return connect(target.adapter, target.connection, self.settings.root)

    def observe(self, target: Target, adapter: Adapter) -> Observation:
        """Read all managed kinds of a platform at once."""
        return observe_kinds(target, adapter, target.kinds & adapter.supports.keys())

    def live_objects(self, desired: Desired) -> dict[Address, Fields]:
        """Read every object as the platforms have it; kinds that none of them shows, as desired."""
        found: dict[Address, Fields] = {}
        kinds: set[str] = set()
        for target in self.named(()):
            with self.listener.during(f"Reading {target.name}"):
                adapter = self.adapter(target)
                seen = self.observe(target, adapter)
            kinds |= target.kinds & adapter.supports.keys()
            found = {**seen.objects, **found}
        wanted = {a: r.fields for a, r in desired.state.items() if a.kind not in kinds}
        return {**wanted, **found}

    def compare(self, target: Target, desired: Desired) -> TargetPlan:
        """Compare what one target should be with what it is: the changes between the two."""
        with self.listener.during(f"Reading {target.name}"):
            try:
                return _compare_kinds(target, self.adapter(target), desired)
            except Unresolved as wrong:
                places = self._references(target, desired.state, wrong.causes)
                raise InvalidInput(diagnostics(wrong.causes, places)) from None

    def audit(self, plan: Plan) -> Iterator[Refusal]:
        """Ask the platforms what they would refuse of a plan."""
        changes = by_target(plan.changes())
        for target in self.named(list(changes)) if changes else ():
            with self.listener.during(f"Asking {target.name}"):
                for problem in audited(self.adapter(target), changes[target.name]):
                    place = f"{problem.span}: " if problem.span and problem.span.file else ""
                    yield refusal(replace(problem, message=f"{place}{problem.message}"))

    def content(self, file: str) -> bytes:
        """Read a file of the project."""
        return (self.settings.root / file).read_bytes()

    def _references(
        self, target: Target, state: State, references: Collection[str]
    ) -> dict[str, Span]:
        """Find where references to secrets stand: in the connection of a target, or in a resource."""
        from ccstate.desired.positions import locate

        found = {
            f"{scheme}{value}": (FILE, (*target.path, "connection", *path))
            for path, value in _texts(target.connection, ())
            for scheme in ("", "file:")
        }
        for address, secrets in secret_references(state).items():
            for path, reference in secrets.items():
                steps = tuple(path.split("."))
                there = (KINDS[address.kind].plural, address.name, *steps)
                found.setdefault(reference, (state[address].file_at(steps), there))
        by_file: dict[str, dict[FieldPath, str]] = {}
        for reference in references:
            if reference in found:
                file, place = found[reference]
                by_file.setdefault(file, {})[place] = reference
        return {
            by_file[file][field]: span
            for file, fields in by_file.items()
            for field, span in locate(self.content(file), file, fields).items()
        }


def _compare_kinds(target: Target, adapter: Adapter, desired: Desired) -> TargetPlan:
    kinds = target.kinds & adapter.supports.keys()
    wanted: State = {a: r for a, r in desired.state.items() if a.kind in kinds}
    if target.sites is not None:
        wanted = {a: r for a, r in wanted.items() if target.manages(a, r.fields)}
    secrets = secret_references(wanted)
    references = {text for found in secrets.values() for text in found.values()}
    unchecked: tuple[str, ...] = ()
    try:
        seals, absent = _seals(adapter, references)
        seen = observe_kinds(target, adapter, kinds)
        if absent:
            wanted = sealed_as_recorded(wanted, secrets, seen, seals, desired.moves)
            unchecked = counted(_as_recorded(wanted, secrets, absent))
        elif references:
            wanted = sealed(wanted, secrets, seals)
    except SecretsUnseen as closed:
        count = plural(sum(map(len, secrets.values())), "secret")
        words = f"{count}, not compared with the platform's: no right to read {closed}"
        seen = observe_kinds(target, adapter, kinds)
        seen = replace(seen, unseen=(*seen.unseen, words))
        wanted = sealed_as_recorded(wanted, secrets, seen, moves=desired.moves)
    moves = {a: names for a, names in desired.moves.items() if a in wanted}
    possible = {a: n for a, n in moves.items() if adapter.supports[a.kind].moves}
    changes = with_methods(
        diff(
            target.name,
            wanted,
            seen,
            secrets=secrets,
            release=desired.release,
            moves=possible,
        ),
        adapter.supports,
    )
    return TargetPlan(
        name=target.name,
        changes=changes,
        desired=wanted,
        seen=seen,
        supports=adapter.supports,
        most_updates=target.most_updates,
        most_deletions=target.most_deletions,
        platform=target.platform,
        unchecked=unchecked,
        moves=moves,
        moving=moving_words(adapter, changes, seen),
    )


def moving_words(
    adapter: Adapter, changes: Sequence[Change], seen: Observation
) -> Mapping[str, str]:
    """Ask what goes along with objects that get another name, where the platform keeps more than fields."""
    if isinstance(adapter, TellsMoves) and any(c.action is Action.MOVE for c in changes):
        return adapter.moving(changes, seen)
    return {}


def _seals(
    adapter: Adapter, references: Collection[str]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Seal the secrets that are here; of the others return why they are not.

    Raises Unresolved where a reference is wrong wherever a plan is made, or a connection's is.
    """
    if not references:
        return {}, {}
    try:
        return adapter.seal(references), {}
    except Unresolved as wrong:
        absent = wrong.causes
        if not absent.keys() <= set(references) or not ABSENT.issuperset(absent.values()):
            raise
    here = set(references) - absent.keys()
    return (adapter.seal(here) if here else {}), absent


def _as_recorded(
    wanted: State, secrets: Mapping[Address, Mapping[str, str]], absent: Mapping[str, str]
) -> dict[str, str]:
    """Select the absent secrets that are desired as they were written, with why they are absent."""
    return {
        reference: absent[reference]
        for address, found in secrets.items()
        for path, reference in found.items()
        if reference in absent
        and secrets_of(address.kind, wanted[address].fields)[path] != UNSEEN_SEAL
    }


def observe_kinds(target: Target, adapter: Adapter, kinds: Collection[str]) -> Observation:
    """Read a platform once, without the objects that belong to other targets."""
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


def activity_of(plan: Plan, target: str, seen: Observation) -> dict[Address, Activity]:
    """Select what is going on at the objects that a plan changes on a target."""
    addresses = [change.address for change in plan.changes() if change.target == target]
    return {a: seen.activity[a] for a in addresses if a in seen.activity}


def declarable(address: Address, fields: Fields) -> tuple[Fields, int]:
    """Return the fields of a live object that YAML can hold, and how many secrets that leaves out."""
    paths = secrets_of(address.kind, fields)
    taken = [*paths, *(key for key in ANNOTATIONS if key in fields)]
    return edited(fields, [Edit(path, None, None, why=Why.NEW) for path in taken]), len(paths)


def _texts(value: Json, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """List every text in a value, with its path."""
    match value:
        case str():
            yield path, value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner, (*path, name))
        case list():
            for place, inner in enumerate(value):
                yield from _texts(inner, (*path, place))


def _wrong_connection(target: Target, module: Module) -> Iterator["Finding"]:
    """Check a target's connection by the model of its adapter."""
    from pydantic import ValidationError

    from ccstate.desired.findings import explain
    from ccstate.kinds.shape import shape_of

    if module.model is None:
        return
    path = (*target.path, "connection")
    try:
        module.model.model_validate(target.connection)
    except ValidationError as error:
        for finding in explain(error, shape_of(module.model), FILE, path):
            hint = module.gone.get(finding.path[len(path) :], finding.problem.hint)
            problem = replace(finding.problem, code=codes.CONNECTION_WRONG.code, hint=hint)
            yield replace(finding, problem=problem)


def _unknown_sites(targets: Iterable[Target], state: State) -> Iterator["Finding"]:
    """Find sites that a target names and no file declares."""
    from ccstate.desired.findings import Finding, did_you_mean

    declared = [address.name for address in state if address.kind == "site"]
    for target in targets:
        for site in sorted((target.sites or frozenset()).difference(declared)):
            yield Finding(
                FILE,
                (*target.path, "sites"),
                codes.SITE_OF_TARGET_UNKNOWN(
                    name=target.name,
                    site=site,
                    hint=did_you_mean(site, declared) or "declare it, or take it out",
                ),
            )


def _same_platform(places: Sequence[tuple[Target, set[str]]]) -> Iterator["Finding"]:
    """Find targets that are the same platform as one before them."""
    from ccstate.desired.findings import Finding

    first: dict[str, Target] = {}
    for target, found in places:
        owner = next((first[place] for place in sorted(found) if place in first), None)
        first |= dict.fromkeys(found - first.keys(), target)
        if owner:
            problem = codes.SAME_PLATFORM(owner=owner.title, name=target.title)
            yield Finding(FILE, target.path, problem)
