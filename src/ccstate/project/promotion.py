"""What one environment changes, written into another one or into the base."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ccstate import codes
from ccstate.checkout import refuse_links, write_file
from ccstate.desired import Desired, Settings, load
from ccstate.desired.amendment import amended
from ccstate.desired.documents import valid_document
from ccstate.desired.findings import did_you_mean
from ccstate.desired.overlays import REMOVE, joined, layered, overlay_document
from ccstate.desired.settings import BASE, ENVIRONMENTS
from ccstate.desired.tree import content_of, yaml_files
from ccstate.desired.yaml_values import read
from ccstate.diff import diff
from ccstate.errors import Diagnostic, InvalidInput, Severity
from ccstate.kinds import PLURALS
from ccstate.model import Address, Change, Fields, Observation
from ccstate.render.promotion import Promoted

if TYPE_CHECKING:
    from ccstate.project import Project


@dataclass(frozen=True, slots=True)
class _Written:
    """A resource as a file says it."""

    file: str
    fields: Fields


@dataclass(slots=True)
class _Amendments:
    """For each file the fields that its resources are to have; None for one that is to go."""

    wanted: dict[str, dict[Address, Fields | None]] = field(default_factory=dict)

    def give(self, file: str, address: Address, fields: Fields | None) -> None:
        self.wanted.setdefault(file, {})[address] = fields


def promote(
    project: "Project",
    source: str,
    destination: str,
    only: Collection[Address] = (),
    *,
    write: bool = True,
) -> Promoted:
    """Write what an environment says of some objects, or of all, into another one, or into the base.

    Nothing is written where that would leave errors in any environment. Raises InvalidInput.
    """
    found, files = promotion(project, source, destination, only)
    for file, content in files.items() if write else ():
        path = project.root / file
        refuse_links(project.root, path)
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_file(path, content)
    return found._replace(is_written=write)


def promotion(
    project: "Project", source: str, destination: str, only: Collection[Address] = ()
) -> tuple[Promoted, dict[str, bytes | None]]:
    """Find what a promotion changes, and the files as they would be; None for one that goes.

    What goes to the base is taken out of the environment, which has it from there. Raises InvalidInput, also
    where it would leave errors in any environment.
    """
    settings = project.settings
    settings.chosen(source)
    if destination != BASE:
        settings.chosen(destination)
    if source == destination:
        raise InvalidInput(codes.PROMOTED_TO_ITSELF(name=source))
    said = _written(settings, f"{ENVIRONMENTS}/{source}")
    _refuse_unknown(source, said, only)
    chosen = {address: said[address] for address in said if not only or address in only}
    into_base = destination == BASE
    amendments = (_into_base if into_base else _into_environment)(
        settings, source, destination, chosen
    )
    edited = _edited(settings, amendments)
    before = {name: _load(project, name, {}) for name in settings.environments}
    after = {name: _load(project, name, edited) for name in settings.environments}
    changes = {name: _changes(name, before[name], after[name]) for name in settings.environments}
    files = {file: None if _is_bare(content) else content for file, content in edited.items()}
    return Promoted(source, destination, sorted(edited), changes, is_written=False), files


def _written(settings: Settings, folder: str) -> dict[Address, _Written]:
    """Read what the files below a folder say, as it is written there."""
    found: dict[Address, _Written] = {}
    root = settings.root
    for entry in yaml_files(root / folder, root) if (root / folder).is_dir() else ():
        if isinstance(entry, Diagnostic):
            raise InvalidInput(entry)
        content = content_of(entry[1], entry[0])
        if isinstance(content, Diagnostic):
            raise InvalidInput(content)
        found |= {a: _Written(entry[0], fields) for a, fields in _resources(content, entry[0])}
    return found


def _resources(content: bytes, file: str) -> Iterator[tuple[Address, Fields]]:
    document: Any = read(content, file)[0]
    for plural, named in document.items() if isinstance(document, dict) else ():
        if plural in PLURALS and isinstance(named, dict):
            for name, fields in named.items():
                yield (
                    Address(PLURALS[plural].name, name),
                    fields if isinstance(fields, dict) else {},
                )


def _refuse_unknown(
    source: str, said: Mapping[Address, _Written], only: Collection[Address]
) -> None:
    unknown = [address for address in only if address not in said]
    if unknown or not said:
        problems = []
        for address in unknown:
            hint = (
                did_you_mean(str(address), map(str, said)) or "`ccstate show --resolved` shows it"
            )
            problems.append(codes.NOT_SAID_THERE(address=address, environment=source, hint=hint))
        where = f"what it changes stands in {ENVIRONMENTS}/{source}/"
        nothing = codes.NOT_SAID_THERE(address="the base", environment=source, hint=where)
        raise InvalidInput(problems or nothing)


def _into_environment(
    settings: Settings, source: str, destination: str, chosen: Mapping[Address, _Written]
) -> _Amendments:
    """Join what one environment says with what the other one says of the same objects."""
    amendments = _Amendments()
    there = _written(settings, f"{ENVIRONMENTS}/{destination}")
    for address, written in chosen.items():
        own = there.get(address)
        beside = written.file.removeprefix(f"{ENVIRONMENTS}/{source}/")
        file = own.file if own else f"{ENVIRONMENTS}/{destination}/{beside}"
        if own is None or REMOVE in own.fields or REMOVE in written.fields:
            fields = written.fields
        else:
            fields = joined(address.kind, own.fields, written.fields)
        if own is None or own.fields != fields:
            amendments.give(file, address, fields)
    return amendments


def _into_base(
    settings: Settings, source: str, _: str, chosen: Mapping[Address, _Written]
) -> _Amendments:
    """Merge what an environment says into the base, and take it out of the environment."""
    amendments = _Amendments()
    base = _written(settings, settings.desired_state)
    for address, written in chosen.items():
        own = base.get(address)
        beside = written.file.removeprefix(f"{ENVIRONMENTS}/{source}/")
        file = own.file if own else f"{settings.desired_state}/{beside}"
        if REMOVE in written.fields:
            amendments.give(file, address, None)
        else:
            below = own.fields if own else {}
            amendments.give(file, address, layered(address.kind, below, written.fields))
        amendments.give(written.file, address, None)
    return amendments


def _edited(settings: Settings, amendments: _Amendments) -> dict[str, bytes]:
    """Make the new content of each file."""
    edited = {}
    for file, wanted in amendments.wanted.items():
        path = settings.root / file
        is_overlay = file.startswith(f"{ENVIRONMENTS}/")
        content: bytes | Diagnostic = b""
        if path.exists() or path.is_symlink():
            content = content_of(path, file)
        if isinstance(content, Diagnostic):
            raise InvalidInput(content)
        up = "../" * file.count("/")
        edited[file] = amended(
            content,
            file,
            wanted,
            schema=f"{up}schema/{'overlay' if is_overlay else 'document'}.json",
            parsed=overlay_document if is_overlay else valid_document,
        )
    return edited


def _is_bare(content: bytes) -> bool:
    """Tell whether nothing is left in a file but the line for editors."""
    lines = (line for line in content.splitlines() if line.strip())
    return all(line.startswith(b"# yaml-language-server:") for line in lines)


def _load(project: "Project", environment: str, edited: Mapping[str, bytes]) -> Desired:
    """Load an environment with some files as they would be; InvalidInput where that has errors."""
    there = project.in_environment(environment)
    desired = load(there.settings, there.parsed_documents(), edited)
    if errors := [p for p in desired.problems if p.severity is Severity.ERROR]:
        where = f"(in {environment}{', once promoted' if edited else ''})"
        raise InvalidInput([replace(p, message=f"{p.message} {where}") for p in errors])
    return desired


def _changes(environment: str, before: Desired, after: Desired) -> list[Change]:
    """Compare an environment before and after."""
    then = {address: resource.fields for address, resource in before.state.items()}
    return diff(environment, after.state, Observation(then, then), secrets={}, release=())
