"""What the lab's site serves: phones of its own, and the desired state of a project."""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls.caller import SIPP
from ccstate.desired import ParseCache, Settings, load, load_settings
from ccstate.desired.settings import FILE
from ccstate.diff import secret_references
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.model import State
from ccstate.secrets.allowed import FILES, NAMES
from ccstate_lab import walls
from ccstate_lab.etc import write_private
from ccstate_lab.programs import ESPEAK, path_with_espeak
from ccstate_lab.site import Site

SOFTPHONE = "7001"
ANSWERING, RINGING, ENGAGED = "7101", "7102", "7103"

_PHONE = """[{name}]
type = endpoint
context = lab
disallow = all
allow = ulaw,alaw,g722
aors = {name}
auth = {name}
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
[{name}]
type = auth
username = {name}
password = {password}
[{name}]
type = aor
max_contacts = 1
remove_existing = yes
"""

# A call without a name dials as a phone would; only this machine can place one.
_CALLERS = """[anonymous]
type = endpoint
context = lab
disallow = all
allow = ulaw,alaw
direct_media = no
"""

_NUMBERS = """[lab]
include => internal
include => ccstate-test-numbers
exten => _7[01]XX,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
"""


@dataclass(frozen=True, slots=True)
class OwnPhones:
    """The lab's own phones, and what makes the site know them."""

    passwords: Mapping[str, str]
    files: Mapping[str, str]


def own_phones(before: Mapping[str, str]) -> OwnPhones:
    """The lab's own phones, with the passwords that they had before, if any."""
    names = (SOFTPHONE, ANSWERING, RINGING, ENGAGED)
    passwords = {name: before.get(name) or secrets.token_hex(6) for name in names}
    phones = [_PHONE.format(name=name, password=word) for name, word in passwords.items()]
    files = {"pjsip.d/lab.conf": _CALLERS + "".join(phones), "extensions.d/lab.conf": _NUMBERS}
    return OwnPhones(passwords, files)


def extensions(site: Site) -> Mapping[str, str]:
    """The extensions that the site serves beside the lab's own, with their passwords."""
    login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
    with Ami.connect(login) as ami:
        auths = {auth["ObjectName"]: auth["Password"] for auth in ami.read("PJSIPShowAuths")}
        aors = {aor["ObjectName"] for aor in ami.read("PJSIPShowAors")}
    ours = {SOFTPHONE, ANSWERING, RINGING, ENGAGED}
    return {
        name: password
        for name, password in sorted(auths.items())
        if name in aors - ours and not name.startswith("trunk-")
    }


FOLDER = "project"
SECRETS = "secrets.json"
ENVIRONMENT = "environment.sh"
"""For people: exports what the project refers to, and where ccstate and espeak-ng are."""
VARIABLE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
TARGET = "lab"


@dataclass(frozen=True, slots=True)
class Served:
    """What can be dialled and seen of a project."""

    numbers: Mapping[str, str]
    """Inbound numbers, each with its label."""
    walls: Mapping[str, str]
    """Addresses of the pages of displays, each with its label."""
    queues: Sequence[str] = ()
    """Numbers by which phones inside dial queues."""


def apply_to(site: Site, folder: Path, source: Path) -> Served:
    """The desired state of a project on the site, by `ccstate plan` and `ccstate apply`.

    Each secret that it refers to gets a value of the lab's own. Where it has displays, a Node-RED
    beside the site shows them, with the figures of an exporter. Raises InvalidInput where it cannot
    be applied.
    """
    given = load_settings(source)
    project = folder / FOLDER
    shutil.rmtree(project / given.desired_state, ignore_errors=True)
    shutil.copytree(source / given.desired_state, project / given.desired_state)
    spelled = _spelled(given, site)
    (project / FILE).write_text(json.dumps(spelled, indent=2), encoding="utf-8")
    desired = load(load_settings(project), ParseCache(None))
    displays = {a.name: r.fields for a, r in desired.state.items() if a.kind == "display"}
    shown = walls.start(folder) if displays else None
    if shown:
        wall = {"adapter": "node-red", "kinds": ["display"], "connection": shown.connection}
        spelled = {**spelled, "targets": {**spelled["targets"], walls.TARGET: wall}}
        (project / FILE).write_text(json.dumps(spelled, indent=2), encoding="utf-8")
    _copy_recordings(desired.state, source, project)
    references = {r for found in secret_references(desired.state).values() for r in found.values()}
    values = _values(folder, sorted(references))
    environment = {
        name.removeprefix("env:"): value
        for name, value in values.items()
        if VARIABLE.fullmatch(name)
    }
    # What its references may reach is said outside of a project: here, for the lab's copy of it.
    environment[NAMES] = " ".join(environment)
    environment[FILES] = str(site.secret_file.parent)
    environment[SIPP] = shlex.quote(str((site.folder / "sipp").absolute()))
    path = path_with_espeak()
    _note(folder / ENVIRONMENT, environment, path)
    for command in ("plan", "apply"):
        _run(project, command, {**os.environ, **environment, "PATH": path})
    if shown:
        walls.serve(shown, folder, project, {**environment, "PATH": path})
    return Served(
        {
            address.name.removeprefix("+"): str(resource.fields.get("label") or "")
            for address, resource in desired.state.items()
            if address.kind == "number"
        },
        {shown.server.wall(n): str(f.get("label") or n) for n, f in displays.items()}
        if shown
        else {},
        _dialled_inside(desired.state),
    )


def _dialled_inside(state: State) -> list[str]:
    """List the numbers by which phones inside dial queues."""
    queues = (resource.fields for address, resource in state.items() if address.kind == "queue")
    return [str(number) for fields in queues if (number := fields.get("extension"))]


def _note(file: Path, environment: Mapping[str, str], path: str) -> None:
    """Write what a shell reads; its own PATH stays, with ccstate before it and espeak-ng after."""
    ours = shlex.quote(str(Path(sys.executable).parent))
    spoken = shlex.quote(str(Path(shutil.which(ESPEAK.name, path=path) or "").parent))
    lines = [f'export PATH={ours}:"$PATH":{spoken}']
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    write_private(file, "".join(f"{line}\n" for line in lines))


def _spelled(given: Settings, site: Site) -> dict[str, Any]:
    """The project with the site as its only target."""
    connection = {
        "etc": str(site.etc),
        "sounds": str(site.sounds),
        "spool": str(site.spool),
        "ami": {"port": site.ami_port, "secret": f"file:{site.secret_file}"},
        "sip": {"port": site.sip_port},
        "test_site": True,
    }
    limits = {"updates": "100%", "deletions": "100%"}
    return {
        "version": 1,
        "desired_state": given.desired_state,
        "targets": {TARGET: {"adapter": "asterisk", "connection": connection, "limits": limits}},
        "defaults": {kind: dict(fields) for kind, fields in given.defaults.items()},
        "rules": {code: found.value if found else "ignore" for code, found in given.rules.items()},
    }


def _copy_recordings(state: State, source: Path, project: Path) -> None:
    for address, resource in state.items():
        languages = resource.fields.get("languages") if address.kind == "prompt" else None
        for wording in languages.values() if isinstance(languages, dict) else ():
            audio = wording.get("audio") if isinstance(wording, dict) else None
            if isinstance(audio, str) and (source / audio).is_file():
                (project / audio).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / audio, project / audio)


def _values(folder: Path, references: list[str]) -> dict[str, str]:
    """A value for each secret, as of the last time where there was one."""
    path = folder / SECRETS
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    values = {name: known.get(name) or _value(name) for name in references}
    write_private(path, json.dumps(values, indent=2) + "\n")
    return values


def _value(reference: str) -> str:
    """Digits where it may be typed on a phone, which suits a password of the lab as well."""
    return str(secrets.randbelow(9000) + 1000) if "PIN" in reference else secrets.token_hex(8)


def _run(project: Path, command: str, environment: Mapping[str, str]) -> None:
    arguments = [sys.executable, "-m", "ccstate", "--project", str(project), command]
    ran = subprocess.run(  # noqa: S603 - ourselves, with arguments of our own
        arguments, env=environment, capture_output=True, text=True, check=False
    )
    nothing_to_apply = command == "apply" and "CC306" in ran.stderr
    if ran.returncode and not nothing_to_apply:
        raise InvalidInput(
            Diagnostic(
                "CC929",
                f"`ccstate {command}` of the project does not work on the lab's site",
                # A plan says on top why it is refused; other messages end with what counts.
                cause=ran.stderr.strip()[-2000:] or ran.stdout.strip()[:2000],
                hint=f"look at it: . {project.parent / ENVIRONMENT}; "
                f"ccstate --project {project} {command}",
            )
        )
