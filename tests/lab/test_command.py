import json
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3
from urllib3.exceptions import HTTPError

from ccstate_lab import estate, phones, walls
from ccstate_lab import site as sites
from ccstate_lab.__main__ import main
from tests.waiting import until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the lab goes; commands run beside it, where there is no project."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "lab"
    phones.end_all(tmp_path / "lab")
    walls.end(tmp_path / "lab")
    if site := sites.find(tmp_path / "lab"):
        sites.kill(site)


def test_a_lab_goes_up_says_where_everything_is_and_goes_down(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--folder", str(folder)]) == 0
    page = capsys.readouterr().out
    site = sites.find(folder)
    assert site
    assert f"127.0.0.1:{site.sip_port}" in page
    assert f"127.0.0.1:{site.ami_port}, user ccstate" in page
    assert site.ami_secret not in page
    assert phones.registered(site) == {estate.ANSWERING, estate.RINGING, estate.ENGAGED}

    noted = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
    assert noted["ami"]["port"] == site.ami_port
    assert Path(noted["ami"]["secret_file"]).read_text(encoding="utf-8").strip() == site.ami_secret
    assert Path(noted["etc"]) == site.etc
    assert stat.S_IMODE((folder / "lab.json").stat().st_mode) == 0o600

    assert main(["up", "--folder", str(folder)]) == 0, "it runs already, and that is fine"
    assert capsys.readouterr().out == page

    assert main(["down", "--folder", str(folder)]) == 0
    assert sites.find(folder) is None
    assert main(["down", "--folder", str(folder)]) == 0
    assert main(["status", "--folder", str(folder)]) == 1
    assert capsys.readouterr().out.endswith(f"No site runs in {folder}.\n")


def test_the_worked_example_can_be_dialled(
    folder: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    assert main(["up", "--folder", str(folder), "--project", str(request.config.rootpath)]) == 0
    page = capsys.readouterr().out
    assert "611300975707   Main line" in page
    assert max(map(len, page.splitlines())) <= 80 + len(str(folder))
    site = sites.find(folder)
    assert site
    assert {"2101", "3590"} <= phones.registered(site), "every extension has a phone"
    assert "Every change is confirmed" in _receipt(folder)

    server = walls.find(folder)
    assert server
    assert f"  {server.wall('sydney-wall')}\n    Sydney, level 3\n" in page
    asked = f"{_walls(folder)['figures']}/figures.json?figure=offered:{QUEUES}"
    until(lambda: _counted(asked), "calls come, and the exporter counts them")

    # What the page says is what a shell can do, word by word; of 15 call tests one is enough here.
    load, plan, test = page.partition("change it in")[2].splitlines()[2:5]
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    for line, says in ((plan, "Nothing to do"), (f"{test} saturday-sales", "agree  yes")):
        shell = ["sh", "-euc", f"{load}\n{line}"]
        ran = subprocess.run(shell, env=bare, check=False, capture_output=True, text=True)
        assert (ran.returncode, says in ran.stdout) == (0, True), ran.stdout + ran.stderr


QUEUES = "sales,moves,business,complaints,reception,faults,billing,payment-support"


def _walls(folder: Path) -> dict[str, str]:
    told = json.loads((folder / "project/ccstate.yaml").read_text(encoding="utf-8"))
    found: dict[str, str] = told["targets"]["walls"]["connection"]
    return found


def _counted(url: str) -> bool:
    with suppress(HTTPError):  # it has only begun
        (figure,) = urllib3.request("GET", url, retries=False).json()["figures"]
        return bool(figure["value"])
    return False


def _receipt(folder: Path) -> str:
    (receipt,) = (folder / "project/plans").glob("*/receipt.md")
    return receipt.read_text(encoding="utf-8")


def test_the_page_fits_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        main(["up"])
    finally:
        page = capsys.readouterr().out
        main(["down"])
    assert max(map(len, page.splitlines())) <= 80


def test_phones_of_an_estate_come_back_with_the_lab(folder: Path) -> None:
    main(["up", "--folder", str(folder)])
    main(["down", "--folder", str(folder)])
    (folder / "etc/pjsip.d/ccstate.conf").write_text(
        """[2001]
type = endpoint
aors = 2001
auth = 2001
disallow = all
allow = ulaw
[2001]
type = auth
username = 2001
password = made-up
[2001]
type = aor
max_contacts = 1
[ccstate-rev]
type = auth
username = 1234
password = 1234
""",
        encoding="utf-8",
    )
    main(["up", "--folder", str(folder)])
    site = sites.find(folder)
    assert site
    assert estate.extensions(site) == {"2001": "made-up"}
    assert "2001" in phones.registered(site)


def test_what_cannot_go_up_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CCSTATE_ASTERISK_22", str(folder.parent))
    assert main(["up", "--folder", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("CC921 no Asterisk 22 in ")
    assert "hint: unset CCSTATE_ASTERISK_22" in said.err
    assert "Stopped" not in said.out
