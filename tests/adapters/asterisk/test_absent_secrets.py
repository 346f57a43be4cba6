"""A plan on a real Asterisk where secrets of its phones and trunks are not there."""

import pytest

from tests.adapters.asterisk.estate import SECRETS, Estate


@pytest.fixture
def without(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """The applied estate, whose secrets are not there any more."""
    for name in SECRETS:
        monkeypatch.delenv(name)
    return estate


def passwords(estate: Estate) -> list[str]:
    files = sorted(estate.site.etc.rglob("*.conf"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.startswith("password")]


def test_secrets_that_are_not_there_are_not_checked_and_stay(without: Estate) -> None:
    assert without.run("plan") == 0, without.err
    assert "lab matches the desired state; not all secrets are checked" in without.lines
    assert "env:PIN_2001, env:SIP_2001, env:SIP_2002 and 2 more: each is not set" in without.lines
    before = passwords(without)
    assert set(SECRETS.values()) - {SECRETS["PIN_2001"]} <= {
        line.partition("=")[2].strip() for line in before
    }
    without.edit("extensions", "2002", "ring_for", value="25s")
    without.apply()
    assert passwords(without) == before


def test_a_phone_whose_secret_is_not_there_is_planned_and_not_made(without: Estate) -> None:
    new = {"device": "softphone", "site": "sydney", "secret": "env:SIP_2004"}
    without.edit("extensions", "2004", value={**new, "voicemail": {"pin": "env:PIN_2004"}})
    shown = without.plan()
    assert "+ extension/2004" in shown
    assert "secrets that were not here: env:PIN_2004 and env:SIP_2004." in without.lines
    assert "refused" not in shown
    assert without.run("apply") == 3
    assert "CC319" in without.err
