"""Phones on loopback, played by sipp: one process for as many as behave alike.

They register with the site, by digest, from the port on which they answer, and again and again:
a site that was started anew, or learned of an extension only now, has them within 20 seconds.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate_lab import process, sipp
from ccstate_lab.etc import write_private
from ccstate_lab.process import Process
from ccstate_lab.sipp import Account
from ccstate_lab.site import Site

REGISTERING = 10.0  # seconds; 60 phones take 0.3
AGAIN = 20.0  # seconds between two registrations of a phone
SOUND = "sound.ulaw"  # what phones send, in their folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """Phones that behave alike, in one process, on one port."""

    extensions: tuple[str, ...]
    port: int
    sip_port: int
    """The site's."""
    folder: Path
    process: Process


def answer(
    site: Site,
    extensions: Mapping[str, str | Account],
    *,
    after: float = 0.2,
    wait: float = REGISTERING,
    sound: bytes = b"",
) -> Phones:
    """Start phones that answer after so many seconds, and talk until the caller hangs up.

    `extensions`: by the name of each, which is its PJSIP endpoint and AOR, its account, or its
    password where it logs in by that name.
    `sound`: mu-law samples, 8000 a second, that they send again and again while they talk.
    Returns once all of them are registered; `wait=0` does not wait for that.

    Raises Unreadable where they are not registered `wait` seconds later.
    """
    scenario = sipp.answering(after, SOUND if sound else "")
    return _phones(site, "answers", extensions, scenario, wait, sound=sound)


def hold(
    site: Site,
    extensions: Mapping[str, str | Account],
    *,
    after: float = 0.2,
    talks: float = 1.0,
    holds: float = 1.0,
    wait: float = REGISTERING,
) -> Phones:
    """Start phones that answer after so many seconds, talk, put the caller on hold, and talk again."""
    times = {"after": after, "holds_after": talks, "holds_for": holds}
    scenario = sipp.scenario("hold", **{n: sipp.milliseconds(s) for n, s in times.items()})
    return _phones(site, "holds", extensions, scenario, wait)


def ring(
    site: Site, extensions: Mapping[str, str | Account], *, wait: float = REGISTERING
) -> Phones:
    """Start phones that ring and do not answer."""
    return _phones(site, "rings", extensions, sipp.scenario("ring"), wait)


def busy(
    site: Site, extensions: Mapping[str, str | Account], *, wait: float = REGISTERING
) -> Phones:
    """Start phones that are always busy."""
    return _phones(site, "busy", extensions, sipp.scenario("refuse", status="486 Busy Here"), wait)


def stop(phones: Phones) -> None:
    """End phones, and have the site forget them; calls that they are in stay up at the site."""
    process.kill(phones.process)
    leaving = _each("unregister.xml", phones.extensions, phones.sip_port)
    sipp.run(phones.folder, phones.port, leaving, within=3.0)


def cut_off(phones: Phones) -> None:
    """End phones on the spot; the site believes that they are there until it asks, or they expire."""
    process.kill(phones.process)


def end_all(folder: Path) -> None:
    """End all phones and carriers of the site in that folder on the spot."""
    for started in sipp.noted(folder):
        process.kill(started)


def registered(site: Site) -> frozenset[str]:
    """The AORs at which a phone is registered now; from before a restart of the site, too."""
    return frozenset(aor for aor, _ in _contacts(site))


def _contacts(site: Site) -> list[tuple[str, str]]:
    """Each AOR, and the address of a phone of its."""
    login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
    with Ami.connect(login) as ami:
        contacts = ami.read("PJSIPShowContacts")
    # "2001;@76e186…": the AOR, and a hash of where the phone is (16.28, 22.10).
    return [(found["ObjectName"].partition(";@")[0], found["Uri"]) for found in contacts]


def _phones(
    site: Site,
    behaviour: str,
    extensions: Mapping[str, str | Account],
    scenario: str,
    wait: float,
    *,
    sound: bytes = b"",
) -> Phones:
    accounts = _accounts(extensions)
    port = sipp.free_port(site)
    folder = site.folder / "phones" / f"{behaviour}-{port}"
    write_private(
        folder / "register.xml", sipp.scenario("register", again=sipp.milliseconds(AGAIN))
    )
    write_private(folder / "unregister.xml", sipp.scenario("unregister"))
    write_private(folder / "called.xml", scenario)
    if sound:
        (folder / SOUND).write_bytes(sound)
    # One field with both, for sipp takes them from a file as a whole only (3.6.1).
    lines = [f"{name};{account.proof}\n" for name, account in accounts.items()]
    write_private(folder / "phones.csv", "SEQUENTIAL\n" + "".join(lines))
    phones = Phones(
        extensions=tuple(sorted(extensions)),
        port=port,
        sip_port=site.sip_port,
        folder=folder,
        process=sipp.start(
            folder,
            port,
            ["-oocsf", "called.xml", *_each("register.xml", extensions, site.sip_port)],
        ),
    )
    try:
        if wait:
            _wait_until_registered(site, phones, wait)
    except BaseException:
        cut_off(phones)
        raise
    return phones


def _each(scenario: str, extensions: Collection[str], sip_port: int) -> list[str]:
    """The scenario once for each extension; calls to them count on top of these."""
    count = len(extensions)
    calls = ["-m", str(count), "-l", str(count + 1000), "-r", "200"]
    return ["-sf", scenario, "-inf", "phones.csv", *calls, f"127.0.0.1:{sip_port}"]


def _accounts(extensions: Mapping[str, str | Account]) -> dict[str, Account]:
    if not extensions:
        hint = "name at least one extension"
        raise InvalidInput(Diagnostic("CC928", "no phones to start", hint=hint))
    return {
        name: Account(name, given) if isinstance(given, str) else given
        for name, given in sorted(extensions.items())
    }


def _registered_here(site: Site, phones: Phones) -> set[str]:
    here = f"@{sipp.LOOPBACK}:{phones.port}"
    return {aor for aor, address in _contacts(site) if address.endswith(here)}


def _wait_until_registered(site: Site, phones: Phones, wait: float) -> None:
    deadline = time.monotonic() + wait
    while missing := set(phones.extensions) - _registered_here(site, phones):
        if time.monotonic() > deadline or not process.alive(phones.process):
            named = ", ".join(sorted(missing)[:5]) + (", …" if len(missing) > 5 else "")
            raise Unreadable(
                Diagnostic(
                    "CC927",
                    f"{len(missing)} of {len(phones.extensions)} phones cannot register with "
                    f"{site.name}: {named}",
                    cause="the site may not know them, or know another password",
                    hint=f"read {site.log} and {phones.folder / 'sipp.log'}",
                )
            )
        time.sleep(0.05)
