"""What must hold between resources: every mention resolves, nothing has two owners."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from ccstate import codes
from ccstate.desired.checks import find_cycle
from ccstate.desired.documents import MOVED, Document, in_source_order, list_mentions
from ccstate.desired.findings import Finding, did_you_mean, quote
from ccstate.errors import Diagnostic
from ccstate.kinds import KINDS, Path, internal_number_field
from ccstate.kinds.parking_lot import slot_numbers
from ccstate.model import Address, Fields, Json, Resource, State, parse_address

Documents: TypeAlias = Mapping[str, Document]


def check_together(
    documents: Documents,
    state: State,
    content: Callable[[str], bytes],
    removed: Mapping[Address, str] = MappingProxyType({}),
) -> Iterator[Finding]:
    """Check what shows only in all files together; `removed` is what an environment takes away."""
    yield from _unresolved(documents, state, content, removed)
    owner: dict[str, Resource] = {}
    yield from _numbers_owned_twice(state, owner)
    yield from _codes_owned_twice(state, owner)
    yield from _places(state)
    yield from _released_and_declared(documents, state)
    yield from _endless_numbers(state)
    yield from _moves(documents, state)


MOST_HINTS = 50
"""Unknown names for which near ones are looked for: a missing file makes thousands."""

_PLACED = frozenset({"user", "extension", "display"})


def _at(resource: Resource, path: Path, problem: Diagnostic) -> Finding:
    """Report a problem at a path in a resource, in the file that gives the value there."""
    kind, name = resource.address
    return Finding(resource.file_at(path), (KINDS[kind].plural, name, *path), problem)


def declared_twice(address: Address, file: str, first: str) -> Finding:
    """Report a resource that two files declare."""
    return Finding(
        file,
        (KINDS[address.kind].plural, address.name),
        codes.DECLARED_TWICE(address=address, first=first),
    )


def _unresolved(
    documents: Documents,
    state: State,
    content: Callable[[str], bytes],
    removed: Mapping[Address, str],
) -> Iterator[Finding]:
    declared = {f"{kind}/{name}" for kind, name in state}
    declared.update(broken for document in documents.values() for broken in document.broken)
    declared.update(
        f"voicemail/{name}"
        for (kind, name), resource in state.items()
        if kind == "extension" and resource.fields.get("voicemail") is not None
    )
    known: dict[str, list[str]] = {}
    hints = MOST_HINTS
    renamed = {old: new for document in documents.values() for old, new in document.moved}
    for file, document in documents.items():
        unresolved = {target for target in document.mentions if target not in declared}
        if not unresolved:
            continue
        if not known:
            for kind, _, name in (other.partition("/") for other in sorted(declared)):
                known.setdefault(kind, []).append(name)
        problems = {}
        for target in sorted(unresolved):
            hints -= 1
            names = known if hints >= 0 else {}
            problems[target] = _unresolved_name(target, declared, names, removed, renamed)
        written = document if document.merged else in_source_order(document, content(file), file)
        for who, path, target in list_mentions(written, unresolved):
            if (problem := problems[target]) is not None:
                at = state[who].file_at(path) if document.merged else file
                place = (KINDS[who.kind].plural, who.name, *path)
                found = problem(owner=who, field=".".join(map(str, path)))
                # What is merged has the lists of the base in canonical order.
                yield Finding(at, place, found, canonical=at != file)


def _unresolved_name(
    target: str,
    declared: set[str],
    known: Mapping[str, Sequence[str]],
    removed: Mapping[Address, str],
    renamed: Mapping[str, str],
) -> Callable[..., Diagnostic] | None:
    """Describe a mention of a missing resource, wherever it is; None where another finding says it."""
    kind, _, name = target.partition("/")
    if kind == "voicemail":
        if f"extension/{name}" not in declared:
            return None  # the missing extension is reported
        return partial(codes.MAILBOX_UNKNOWN, extension=f"extension/{name}")
    hint = did_you_mean(name, known.get(kind, ())) or f"declare it below {KINDS[kind].plural}:"
    if new := renamed.get(target):
        hint = f"it is called {new} now: write that name"
    if file := removed.get(Address(kind, name)):
        hint = f"{file} removes it: change there what names it too, or keep it"
    return partial(codes.NAME_UNKNOWN, kind=kind.replace("_", " "), name=quote(name), hint=hint)


def _numbers_owned_twice(state: State, owner: dict[str, Resource]) -> Iterator[Finding]:
    """Find internal numbers with two owners: extensions, queues and trees share one plan.

    `owner` collects the first owner of each.
    """
    holder: dict[str, Resource] = {}
    for resource in state.values():
        is_user = resource.address.kind == "user"
        owners = holder if is_user else owner
        for number, field in _numbers_of(resource):
            first = owners.setdefault(number, resource)
            if first is not resource and (is_user or number.isdigit()):
                what = f"extension/{number}" if is_user else f"number {number}"
                yield _owned_twice(resource, field, what, first.address)


def _numbers_of(resource: Resource) -> Iterator[tuple[str, str]]:
    """List the internal numbers of a resource, each with its field; of a user, the extension."""
    kind, name = resource.address
    field = "extension" if kind == "user" else internal_number_field(kind)
    if number := cast("str", resource.fields.get(field)):
        yield number, field
    elif kind == "extension":
        yield name, ""
    if kind == "parking_lot":
        for slot in slot_numbers(cast("str", resource.fields["slots"])):
            yield slot, "slots"


def _codes_owned_twice(state: State, owner: Mapping[str, Resource]) -> Iterator[Finding]:
    """Find feature codes that are internal numbers, or have two owners at one site."""
    by_code: dict[str, list[Resource]] = {}
    for address, resource in state.items():
        if address.kind != "feature_code":
            continue
        code = cast("str", resource.fields["code"])
        others = by_code.setdefault(code, [])
        first = owner.get(code) or next((o for o in others if _share_site(o, resource)), None)
        if first:
            yield _owned_twice(resource, "code", f"code {code}", first.address)
        others.append(resource)


def _share_site(one: Resource, other: Resource) -> bool:
    """Whether phones of one site may dial both feature codes."""
    sites = [cast("list[str] | None", r.fields.get("sites")) for r in (one, other)]
    return any(not named for named in sites) or not set(sites[0] or ()).isdisjoint(sites[1] or ())


def _owned_twice(resource: Resource, field: str, what: str, first: Address) -> Finding:
    path = (field,) if field else ()
    return _at(resource, path, codes.NUMBER_OWNED_TWICE(number=what, first=first))


def _places(state: State) -> Iterator[Finding]:
    """Check that the area and the desk of a user, a phone or a display exist at its site.

    A phone without a place of its own is where its user is.
    """
    people = {
        cast("str", resource.fields.get("extension")): cast("Mapping[str, Any]", resource.fields)
        for address, resource in state.items()
        if address.kind == "user" and resource.fields.get("extension")
    }
    for address, resource in state.items():
        if address.kind not in _PLACED:
            continue
        fields = cast("Mapping[str, Any]", resource.fields)
        area, desk = fields.get("area"), fields.get("desk")
        if not area and not desk:
            continue
        named = "area" if area else "desk"
        person = people.get(address.name, {}) if address.kind == "extension" else {}
        name = fields.get("site") or person.get("site") or ""
        if not area and name == person.get("site"):
            area = person.get("area")
        site = state.get(Address("site", name))
        if site is None:
            if not name:
                problem = codes.PLACE_WITHOUT_SITE(
                    address=address, place="an area" if area else "a desk"
                )
                yield _at(resource, (named,), problem)
            continue
        areas = cast("Mapping[str, Any]", site.fields.get("areas") or {})
        if area and area not in areas:
            if named == "desk":
                continue  # reported for the user
            hint = did_you_mean(area, areas) or f"declared in {site.file}"
            problem = codes.AREA_UNKNOWN(site=site.address, area=quote(area), hint=hint)
            yield _at(resource, ("area",), problem)
            continue
        searched = [areas[area]] if area else areas.values()
        desks = [name for found in searched if found for name in found.get("desks") or ()]
        if desk and desk not in desks:
            where = f"{quote(desk)} in {area}" if area else quote(desk)
            hint = did_you_mean(desk, desks) or f"declared in {site.file}"
            problem = codes.DESK_UNKNOWN(site=site.address, desk=where, hint=hint)
            yield _at(resource, ("desk",), problem)


def _released_and_declared(documents: Documents, state: State) -> Iterator[Finding]:
    for file, document in documents.items():
        for index, entry in enumerate(document.release):
            kind, _, name = entry.partition("/")
            if resource := state.get(Address(kind, name)):
                yield Finding(
                    file,
                    ("release", index),
                    codes.DECLARED_AND_RELEASED(address=entry, file=resource.file),
                )


def earlier_names(documents: Documents) -> dict[Address, tuple[Address, ...]]:
    """List the earlier names of each object that got another one, the latest of them first."""
    before = {new: old for _, _, old, new in _moved(documents)}
    found: dict[Address, tuple[Address, ...]] = {}
    for new in before:
        names: list[Address] = []
        name = new
        while (name := before.get(name, new)) != new and name not in names:
            names.append(name)
        found[new] = tuple(names)
    return found


def _moved(documents: Documents) -> Iterator[tuple[str, int, Address, Address]]:
    """List the entries of all files: the file, its place there, the old and the new name."""
    for file, document in documents.items():
        for index, (old, new) in enumerate(document.moved):
            yield file, index, parse_address(old), parse_address(new)


def _moves(documents: Documents, state: State) -> Iterator[Finding]:
    """Check that what moved is there under its last name, under no earlier one, and moved once."""
    after: dict[Address, Address] = {}
    taken: set[Address] = set()
    for file, index, old, new in _moved(documents):
        if old in after or new in taken:
            address, way = (old, "to") if old in after else (new, "from")
            problem = codes.MOVED_TWICE(address=address, way=way)
            yield Finding(file, (MOVED, index), problem)
        after.setdefault(old, new)
        taken.add(new)
    if circle := find_cycle({str(old): [str(new)] for old, new in after.items()}):
        file, index = next((f, i) for f, i, old, _ in _moved(documents) if str(old) == circle[0])
        problem = codes.MOVED_ROUND(circle=" → ".join(circle))
        yield Finding(file, (MOVED, index), problem)
        return
    for file, index, old, new in _moved(documents):
        if resource := state.get(old):
            problem = codes.MOVED_AND_STAYED(address=old, file=resource.file)
            yield Finding(file, (MOVED, index, "from"), problem)
        if new not in state and new not in after:
            known = (name for kind, name in state if kind == new.kind)
            hint = (
                did_you_mean(new.name, known)
                or "declare it; or remove this entry, where it is gone"
            )
            problem = codes.MOVED_NOWHERE(address=new, old=old, hint=hint)
            yield Finding(file, (MOVED, index, "to"), problem)


def _number_targets(fields: Fields) -> Iterator[Json]:
    """List where the calls to a number may go."""
    for field in ("to", "closed", "holiday", "on"):
        yield fields.get(field)
    callers = fields.get("callers")
    for entry in callers if isinstance(callers, list) else ():
        if isinstance(entry, dict):
            yield entry.get("to")


def _endless_numbers(state: State) -> Iterator[Finding]:
    edges = {
        address.name: [
            target.removeprefix("number/")
            for target in _number_targets(resource.fields)
            if isinstance(target, str) and target.startswith("number/")
        ]
        for address, resource in state.items()
        if address.kind == "number"
    }
    if cycle := find_cycle(edges):
        resource = state[Address("number", cycle[0])]
        yield _at(resource, (), codes.NUMBERS_ENDLESS(round=" → ".join(cycle)))
