"""A project by environment: which folders declare, how a file there is parsed, what is wrong in each."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ccstate import codes
from ccstate.desired import Desired
from ccstate.desired.documents import valid_document
from ccstate.desired.findings import did_you_mean
from ccstate.desired.overlays import overlay_document
from ccstate.desired.settings import ENVIRONMENTS
from ccstate.errors import Diagnostic, InvalidInput, sort_key
from ccstate.kinds import KINDS, PLURALS
from ccstate.model import Address
from ccstate.project.addresses import address_of
from ccstate.render.values import join_words

if TYPE_CHECKING:
    from ccstate.desired.insertion import Parsed
    from ccstate.project import Project, Validated
    from ccstate.render.resolved import Resolved


def declaring_folders(project: "Project") -> Iterator[Path]:
    """List the folder of the desired state, and those of its environments that are there."""
    yield project.root / project.settings.desired_state
    for name in project.settings.environments:
        folder = project.root / ENVIRONMENTS / name
        if folder.is_dir():
            yield folder


def parser_of(project: "Project", path: Path) -> "Parsed":
    """Choose how a file is parsed: whole, or as what an environment changes."""
    return overlay_document if _is_overlay(project, path) else valid_document


def schema_of(project: "Project", path: Path) -> str:
    """Return the way from a file to the schema that editors complete it from."""
    name = "overlay" if _is_overlay(project, path) else "document"
    return os.path.relpath(project.root / "schema" / f"{name}.json", path.parent)


def resolve(project: "Project", what: str = "") -> "Resolved":
    """Resolve the desired state: an object, all of a kind, or everything, with the origin of each line.

    Raises InvalidInput where files have errors, or nothing of that name is declared.
    """
    from ccstate.desired.positions import locate
    from ccstate.desired.resolved import resolved_lines
    from ccstate.render.resolved import Resolved

    def content(file: str) -> bytes:
        return (project.root / file).read_bytes()

    desired = project.load()
    wanted = _wanted(desired, what)
    removed = []
    for address, file in desired.removed.items():
        if address in wanted:
            place = (KINDS[address.kind].plural, address.name)
            removed.append((address, locate(content(file), file, [place])[place]))
    fields = {a: r.fields for a, r in desired.state.items() if a in wanted}
    lines = resolved_lines(desired, fields, content)
    return Resolved(project.environment, fields, lines, removed)


def _wanted(desired: Desired, what: str) -> set[Address]:
    """Find the resources that are meant, which the environment has or removes."""
    known = {*desired.state, *desired.removed}
    kind = PLURALS[what].name if what in PLURALS else what
    if not what or kind in KINDS:
        return {address for address in known if not what or address.kind == kind}
    address = address_of(what)
    if address not in known:
        hint = did_you_mean(str(address), map(str, known)) or "`ccstate show --resolved` lists all"
        raise InvalidInput(codes.TREE_UNKNOWN(name=address, hint=hint))
    return {address}


def validate_each(project: "Project", today: date | None) -> "Validated":
    """Validate every environment of a project."""
    from ccstate.project import Validated

    names = project.settings.environments
    each = {name: project.in_environment(name).validate(today) for name in names}
    problems = _in_each({name: found.problems for name, found in each.items()})
    return Validated(problems, None, all(found.judged for found in each.values()), each)


def _in_each(found: Mapping[str, Sequence[Diagnostic]]) -> list[Diagnostic]:
    """Merge the problems of each environment; what is not so in all of them says where it is.

    A comment that silences a rule has its use where any environment needs it.
    """
    where: dict[Diagnostic, list[str]] = {}
    for environment, problems in found.items():
        for problem in dict.fromkeys(problems):
            where.setdefault(problem, []).append(environment)
    from ccstate.rules.silence import is_idle  # only here: rules take time to import

    merged = []
    for problem, environments in where.items():
        if len(environments) == len(found):
            merged.append(problem)
        elif not is_idle(problem):
            said = f"{problem.message} (in {join_words(environments)})"
            merged.append(replace(problem, message=said))
    return sorted(merged, key=sort_key)


def _is_overlay(project: "Project", path: Path) -> bool:
    if not path.absolute().is_relative_to(project.root / ENVIRONMENTS):
        return False
    with suppress(InvalidInput):  # a file alone, of no project
        return bool(project.settings.environments)
    return False
