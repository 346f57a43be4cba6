"""`python -m ccstate_lab up`: a site with phones, to call and to look at. `make lab` runs it."""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ccstate.desired.settings import FILE
from ccstate.errors import CcstateError
from ccstate.render.diagnostics import diagnostics_text
from ccstate.render.text import safe
from ccstate_lab import estate, node_red, phones, walls
from ccstate_lab import site as sites
from ccstate_lab.etc import write_private
from ccstate_lab.programs import ASTERISK, at_hand, path_with_espeak, programs, sipp
from ccstate_lab.site import Site

FOLDER = Path(".ccstate/lab")
NAME = "lab"
NUMBERS = 15
"""Numbers of a project that are listed; what is beyond is counted."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ccstate_lab", description="A real Asterisk on loopback, with phones."
    )
    parser.add_argument("what", choices=["up", "down", "status"])
    parser.add_argument(
        "--project",
        type=Path,
        default=Path(),
        help="whose desired state the site serves; here, where there is a ccstate.yaml",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    parser.add_argument("--release", choices=sorted(ASTERISK), default="22", help="default: 22")
    given = parser.parse_args(arguments)
    try:
        match given.what:
            case "up":
                return up(given.folder, given.release, given.project)
            case "down":
                return down(given.folder)
            case _:
                return status(given.folder)
    except CcstateError as wrong:
        sys.stderr.write(diagnostics_text(wrong.problems))
        return wrong.exit_code


def up(folder: Path, release: str, source: Path) -> int:
    """Start the site with its phones and a project's numbers, and say what is where.

    Where it runs already, nothing is done.
    """
    if sites.find(folder):
        return status(folder)
    if not at_hand(release):
        sys.stderr.write(
            f"Fetching Asterisk {release}, sipp and espeak-ng, about a minute, once …\n"
        )
    asterisk, caller = programs(release), sipp()
    path_with_espeak()
    if not node_red.at_hand():
        sys.stderr.write("Fetching Node-RED, some 20 seconds, once …\n")
    own = estate.own_phones(_noted(folder, "phones"))
    site = sites.start(folder, name=NAME, programs=asterisk, files=own.files)
    try:
        _note(folder, _facts(site, own.passwords, estate.Served({}, {})))
        write_private(folder / "sipp", f'#!/bin/sh\nexec {shlex.join(caller)} -i 127.0.0.1 "$@"\n')
        (folder / "sipp").chmod(0o700)
        phones.end_all(folder)  # those of a site that was not stopped but killed
        phones.answer(site, _of(own.passwords, estate.ANSWERING))
        phones.ring(site, _of(own.passwords, estate.RINGING))
        phones.busy(site, _of(own.passwords, estate.ENGAGED))
        served = estate.Served({}, {})
        if (source / FILE).is_file():
            sys.stderr.write("Applying the desired state …\n")
            served = estate.apply_to(site, folder, source)
            _note(folder, _facts(site, own.passwords, served))
        if extensions := estate.extensions(site):
            phones.answer(site, extensions)
        if served.walls and served.queues:
            walls.call(site, served.queues)
    except BaseException:
        down(folder)
        raise
    return status(folder)


def down(folder: Path) -> int:
    """End the phones, the walls, then the site; its folder stays, and `up` finds its ports and passwords."""
    phones.end_all(folder)
    walls.end(folder)
    site = sites.find(folder)
    if site:
        sites.stop(site)
    sys.stdout.write("Stopped.\n" if site else f"No site runs in {folder}.\n")
    return 0


def status(folder: Path) -> int:
    """Say what runs, and where; 1 where nothing does."""
    site = sites.find(folder)
    if not site:
        sys.stdout.write(f"No site runs in {folder}.\n")
        return 1
    noted = estate.Served(_noted(folder, "numbers"), _noted(folder, "walls"))
    sys.stdout.write(page(site, folder, _noted(folder, "phones"), noted))
    return 0


def page(site: Site, folder: Path, passwords: Mapping[str, str], served: estate.Served) -> str:
    server = f"{site.ami_host}:{site.sip_port}"
    stop = "make lab-stop" if folder == FOLDER else f"python -m ccstate_lab down --folder {folder}"
    return f"""\
Asterisk {site.programs.release} runs as process {site.pid}; only this machine can reach it.

  SIP            {server}, over UDP and TCP
  AMI            {site.ami_host}:{site.ami_port}, user {site.ami_username}
    its secret   {folder}/ami.secret
  configuration  {folder}/etc
  sounds         {folder}/share/sounds
  log            {folder}/var/log/full
  for programs   {folder}/lab.json

Numbers to dial:

  600    says back what it hears
  {estate.ANSWERING}   answers
  {estate.RINGING}   rings, and is never answered
  {estate.ENGAGED}   is busy
  {estate.SOFTPHONE}   your softphone, once it has registered
{_listed(served.numbers)}{_hanging(served.walls)}
Dial with a softphone on this machine:

  server {server}, user {estate.SOFTPHONE}, password {passwords.get(estate.SOFTPHONE, "?")}

or with sipp, a call of five seconds:

  {folder}/sipp {server} -sn uac -s {estate.ANSWERING} -m 1 -d 5000
{_served(folder) if served.numbers else ""}
Stop it: {stop}
"""


def _served(folder: Path) -> str:
    """Commands that plan and test the project of the site, with the lab's own secrets."""
    copy = folder / estate.FOLDER
    ccstate = f"  ccstate --project {copy}"
    return f"""
Plan and test the project against it; change it in {copy}:

  . {folder / estate.ENVIRONMENT}
{ccstate} plan
{ccstate} test --live {estate.TARGET}
"""


def _listed(numbers: Mapping[str, str]) -> str:
    """The numbers of the project, as callers dial them."""
    shown = [f"  {number:<14} {safe(label)[:60]}".rstrip() for number, label in numbers.items()]
    more = [f"  … and {len(shown) - NUMBERS} more"] if len(shown) > NUMBERS else []
    return "".join(f"{line}\n" for line in ["", *shown[:NUMBERS], *more]) if shown else ""


def _hanging(shown: Mapping[str, str]) -> str:
    """The walls of the project, whose figures move: a call comes every few seconds."""
    rows = [f"  {address}\n    {safe(label)[:60]}\n" for address, label in shown.items()]
    return "".join(["\nWalls, for a browser:\n\n", *rows]) if rows else ""


def _facts(site: Site, passwords: Mapping[str, str], served: estate.Served) -> Mapping[str, object]:
    return {
        "name": site.name,
        "release": site.programs.release,
        "etc": str(site.etc),
        "sounds": str(site.sounds),
        "spool": str(site.spool),
        "log": str(site.log),
        "ami": {
            "host": site.ami_host,
            "port": site.ami_port,
            "username": site.ami_username,
            "secret_file": str(site.secret_file),
        },
        "sip": {"host": site.ami_host, "port": site.sip_port},
        "phones": dict(passwords),
        "numbers": dict(served.numbers),
        "walls": dict(served.walls),
    }


def _note(folder: Path, facts: Mapping[str, object]) -> None:
    write_private(folder / "lab.json", json.dumps(facts, indent=2) + "\n")


def _noted(folder: Path, what: str) -> Mapping[str, str]:
    """Passwords of the lab's own phones, or numbers, as of the last time it was up."""
    try:
        noted = json.loads((folder / "lab.json").read_text(encoding="utf-8"))[what]
        return {str(name): str(text) for name, text in noted.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _of(passwords: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {name: passwords[name]}


if __name__ == "__main__":
    sys.exit(main())
