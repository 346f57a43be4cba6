"""The project file `ccstate.yaml`: which platforms there are, and what each of them manages."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ccstate import codes
from ccstate.desired.findings import Finding, diagnose, did_you_mean, explain, quote
from ccstate.desired.policy import PolicyForm, check_policy
from ccstate.desired.tree import content_of, link_refused
from ccstate.desired.yaml_values import read
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Expectation, Name, SetOf, Strict
from ccstate.kinds.shape import Path as FieldPath
from ccstate.kinds.shape import shape_of
from ccstate.model import Address, Fields, Json, Platform, fingerprint

FILE = "ccstate.yaml"
ENVIRONMENTS = "environments"
"""The field of the project file; and the folder that holds a folder of overlays for each."""
BASE = "base"
"""What the desired state below all environments is called: none of them can have this name."""

Share = Annotated[
    str,
    StringConstraints(pattern=r"^(100|[0-9]{1,2})%$"),
    Field(examples=["30%"]),
    Expectation("a percentage such as 30%"),
]
RuleCode = Annotated[
    str,
    StringConstraints(pattern=r"^CC2[0-9]{2}$"),
    Field(examples=["CC223"]),
    Expectation("the code of a rule, such as CC223"),
]
GONE: dict[FieldPath, str] = {
    ("engine",): "remove it: an apply needs no database, the plan's journal is its record"
}
"""What stands in files of an earlier release, and what to do about it."""
KindName: TypeAlias = Literal[tuple(KINDS)]  # type: ignore[valid-type]  # from the kinds


class Limits(Strict):
    """How much of one kind a plan may change before it asks for a reason."""

    updates: Share = "30%"
    """Largest share of the managed objects of a kind that one plan may update."""
    deletions: Share = "30%"
    """Largest share of the managed objects of a kind that one plan may delete."""


class TargetFile(Strict):
    """One platform."""

    adapter: Name
    """Adapter that speaks to the platform, such as `embedded`."""
    connection: dict[str, Any] = Field(default_factory=dict)
    """What the adapter needs to reach the platform; see the adapter's page."""
    kinds: SetOf[KindName] | None = None
    """Kinds managed there; all that the adapter supports where left out."""
    sites: SetOf[Name] | None = None
    """Sites managed there; objects without a site go to every target. All where left out."""
    limits: Limits = Limits()
    """How much one plan may change."""


_Targets: TypeAlias = Annotated[dict[Name, TargetFile], Field(min_length=1)]


class EnvironmentFile(Strict):
    """One environment: what `environments/NAME` changes of the desired state, on its own platforms."""

    targets: _Targets
    """Platforms by name; two environments may use the same names for theirs."""


class ProjectFile(Strict):
    """The project: its desired state, its platforms, its defaults."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["targets"]}, {"required": [ENVIRONMENTS]}]}
    )

    version: Literal[1]
    """Version of this format."""
    desired_state: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}$"),
        Expectation("the path of a folder below this file, such as desired_state"),
    ] = "desired_state"
    """Folder of the desired state, relative to this file."""
    targets: _Targets = Field(default_factory=dict)
    """Platforms by name, in a project without environments."""
    environments: Annotated[dict[Name, EnvironmentFile], Field(min_length=1)] = Field(
        default_factory=dict
    )
    """Environments by name, such as staging and production, each with its own platforms."""
    defaults: dict[KindName, dict[str, Any]] = Field(default_factory=dict)
    """Fields for every resource of a kind that does not declare them itself."""
    rules: dict[RuleCode, Literal["ignore", "warning", "error"]] = Field(default_factory=dict)
    """How severe a rule is in this project, by its code."""
    policy: PolicyForm | None = None
    """Who has to approve which changes, and when they may be applied."""


@dataclass(frozen=True, slots=True)
class Target:
    """One platform and its share of the desired state; limits are in percent."""

    name: str
    adapter: str
    connection: dict[str, Json]
    kinds: frozenset[str]
    sites: frozenset[str] | None
    most_updates: int
    most_deletions: int
    environment: str = ""

    @property
    def path(self) -> FieldPath:
        """Where ccstate.yaml declares the target."""
        above = (ENVIRONMENTS, self.environment) if self.environment else ()
        return (*above, "targets", self.name)

    @property
    def title(self) -> str:
        """The name of the target among those of all environments."""
        return f"{self.name} of {self.environment}" if self.environment else self.name

    @property
    def platform(self) -> Platform:
        """What a plan is bound to; references to secrets stay references."""
        return Platform(self.adapter, fingerprint(self.connection))

    def manages(self, address: Address, fields: Fields) -> bool:
        """Whether an object, declared or live, belongs to this platform."""
        if address.kind not in self.kinds:
            return False
        if self.sites is None:
            return True
        site = address.name if address.kind == "site" else fields.get("site")
        return site is None or site in self.sites


@dataclass(frozen=True, slots=True)
class Settings:
    """A project that has been read: `root` is the folder of its file.

    `rules` holds the severity of rules by code, None where one is ignored. In a project with
    environments, `targets` are those of the chosen `environment`, none where none is chosen.
    """

    root: Path
    desired_state: str
    targets: tuple[Target, ...]
    defaults: dict[str, Fields]
    rules: dict[str, Severity | None]
    policy: PolicyForm
    environment: str = ""
    environments: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    """The targets of every environment, by its name."""

    @property
    def overlay(self) -> str:
        """Return the folder of what the chosen environment changes; "" where none is chosen."""
        return f"{ENVIRONMENTS}/{self.environment}" if self.environment else ""

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders that declare what is desired: the base, and the overlay."""
        return (self.desired_state, self.overlay) if self.environment else (self.desired_state,)

    def chosen(self, environment: str) -> "Settings":
        """Return the settings for one environment; InvalidInput where ccstate.yaml does not name it."""
        if environment not in self.environments:
            known = ", ".join(self.environments) or "none: it names targets"
            near = did_you_mean(environment, self.environments)
            raise InvalidInput(
                codes.ENVIRONMENT_UNKNOWN(
                    Span(FILE), name=quote(environment), hint=near or f"{FILE} names {known}"
                )
            )
        return replace(self, environment=environment, targets=self.environments[environment])

    def require_environment(self) -> None:
        """Refuse to go on without an environment in a project that has several."""
        if self.environments and not self.environment:
            raise InvalidInput(codes.ENVIRONMENT_NEEDED(known=", ".join(self.environments)))


def load_settings(root: Path) -> Settings:
    """Read `ccstate.yaml`, no environment chosen; InvalidInput with every problem in it."""
    path = root / FILE
    if not os.path.lexists(path):
        raise InvalidInput(codes.PROJECT_MISSING(file=FILE, folder=root))
    content = content_of(path, FILE)
    if isinstance(content, Diagnostic):
        raise InvalidInput(content)
    document, problems = read(content, FILE)
    if problems:
        raise InvalidInput(problems)
    try:
        file = ProjectFile.model_validate(document)
    except ValidationError as error:
        found = explain(error, shape_of(ProjectFile), FILE, ())
        wrong = [
            replace(one, problem=replace(one.problem, hint=GONE[one.path]))
            if one.path in GONE
            else one
            for one in found
        ]
        raise InvalidInput(diagnose(wrong, lambda _: content)) from None
    findings, defaults = _defaults(file)
    findings += _check_desired_folder(root, file.desired_state)
    findings += _check_environments(root, file)
    targets = tuple(_target(name, target) for name, target in file.targets.items())
    environments = {
        environment: tuple(
            _target(name, target, environment) for name, target in inside.targets.items()
        )
        for environment, inside in file.environments.items()
    }
    for each in (*targets, *chain.from_iterable(environments.values())):
        findings += find_plain_secrets(each.connection, FILE, (*each.path, "connection"))
    if file.policy:
        known = {each.name for each in (*targets, *chain.from_iterable(environments.values()))}
        wrong_policy = check_policy(file.policy, known, environments)
        findings += [Finding(FILE, ("policy", *path), problem) for path, problem in wrong_policy]
    if findings:
        raise InvalidInput(diagnose(findings, lambda _: content))
    return Settings(
        root=root,
        desired_state=file.desired_state,
        targets=targets,
        defaults=defaults,
        rules={
            code: None if word == "ignore" else Severity(word) for code, word in file.rules.items()
        },
        environments=environments,
        policy=file.policy or PolicyForm(),
    )


def _check_desired_folder(root: Path, folder: str) -> Iterator[Finding]:
    """Refuses a folder of the desired state that is, or may be, outside of the project."""
    place: FieldPath = ("desired_state",)
    parts = folder.split("/")
    if ".." in parts:
        yield Finding(FILE, place, codes.FOLDER_LEADS_OUT(folder=quote(folder)))
        return
    ways = [root.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    if any(way.is_symlink() for way in ways):
        yield Finding(FILE, place, link_refused(folder))


def _check_environments(root: Path, file: ProjectFile) -> Iterator[Finding]:
    """Check that targets stand in one place, and that overlays and the base are apart."""
    if not file.targets and not file.environments:
        yield Finding(FILE, (), codes.FIELD_MISSING(field="targets", cause=""))
    if file.targets and file.environments:
        yield Finding(FILE, ("targets",), codes.TARGETS_TWICE())
    if not file.environments:
        return
    if file.desired_state.split("/")[0] == ENVIRONMENTS:
        yield Finding(FILE, ("desired_state",), codes.OVERLAYS_IN_BASE(folder=ENVIRONMENTS))
    if BASE in file.environments:
        yield Finding(FILE, (ENVIRONMENTS, BASE), codes.ENVIRONMENT_NAMED_BASE(name=BASE))
    for name in file.environments:
        if any((root / part).is_symlink() for part in (ENVIRONMENTS, f"{ENVIRONMENTS}/{name}")):
            yield Finding(FILE, (ENVIRONMENTS, name), link_refused(f"{ENVIRONMENTS}/{name}"))


def _target(name: str, file: TargetFile, environment: str = "") -> Target:
    return Target(
        environment=environment,
        name=name,
        adapter=file.adapter,
        connection=file.connection,
        kinds=frozenset(file.kinds if file.kinds is not None else KINDS),
        sites=None if file.sites is None else frozenset(file.sites),
        most_updates=int(file.limits.updates.rstrip("%")),
        most_deletions=int(file.limits.deletions.rstrip("%")),
    )


def _defaults(file: ProjectFile) -> tuple[list[Finding], dict[str, Fields]]:
    """Defaults in canonical form; each field is checked by the kind that declares it."""
    findings: list[Finding] = []
    defaults: dict[str, Fields] = {}
    for kind, given in file.defaults.items():
        fields = KINDS[kind].model.model_fields
        root: FieldPath = ("defaults", kind)
        try:
            # The kind itself says what is wrong with the fields that are there; those that are
            # missing are none of a default's business.
            KINDS[kind].model.model_validate(given)
        except ValidationError as error:
            found = explain(error, shape_of(KINDS[kind].model), FILE, root)
            findings += [f for f in found if f.problem.code != codes.FIELD_MISSING.code]
        if not findings:
            defaults[kind] = {
                name: _canonical(fields[name], value) for name, value in given.items()
            }
    return findings, defaults


def _canonical(field: FieldInfo, value: object) -> Json:
    """The value of a field as kinds spell it; null is the kind's own default, as in a resource."""
    if value is None:
        value = field.get_default(call_default_factory=True)
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    return cast("Json", adapter.dump_python(adapter.validate_python(value), exclude_unset=True))


_SECRET_NAMES = ("password", "passwd", "secret", "token", "pin", "key")
_SECRET_REFERENCES = ("env:", "file:", "bundle:")
_PASSWORD_IN_ADDRESS = re.compile(
    r"(?<![^/\s])(?!(?:sips?|mailto):)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE
)
"""`user:password@` of an address, as in `postgresql://user:password@host/name`."""
_PASSWORD_IN_OPTIONS = re.compile(
    rf"(?:^|[?&;\s])\w*(?:{'|'.join((*_SECRET_NAMES, 'pwd'))})=(?!env:|file:|bundle:)[^&;\s]",
    re.IGNORECASE,
)
"""`?password=…` of an address, or `password=…` between blanks."""


def find_plain_secrets(
    connection: Mapping[str, Json], file: str, root: FieldPath
) -> Iterator[Finding]:
    """Find fields of a connection that hold a secret in clear, by their name or in an address.

    An adapter's fields are its own: only names and forms show what they hold. No message quotes a value.
    """
    for name, value in connection.items():
        yield from _plain_secrets_in(name, value, file, (*root, name))


def _plain_secrets_in(name: str, value: Json, file: str, path: FieldPath) -> Iterator[Finding]:
    match value:
        case dict():
            yield from find_plain_secrets(value, file, path)
        case list():
            for place, item in enumerate(value):
                yield from _plain_secrets_in(name, item, file, (*path, place))
        case bool() | None:
            pass
        case _ if name.lower().endswith(_SECRET_NAMES) and not _is_reference(value):
            yield Finding(
                file, path, codes.SECRET_IN_CLEAR(field=quote(name), variable=_variable(name))
            )
        case str() if not _is_reference(value) and _holds_a_password(value):
            yield Finding(file, path, codes.SECRET_IN_ADDRESS(field=quote(name)))


def _holds_a_password(text: str) -> bool:
    return bool(_PASSWORD_IN_ADDRESS.search(text) or _PASSWORD_IN_OPTIONS.search(text))


def _is_reference(value: Json) -> bool:
    return isinstance(value, str) and (not value or value.startswith(_SECRET_REFERENCES))


def _variable(name: str) -> str:
    """Suggest a name for the variable: `AMI_PASSWORD` for `ami-password`."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
