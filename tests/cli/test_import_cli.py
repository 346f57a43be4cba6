"""`ccstate import` as its users meet it."""

import gzip
import json
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ccstate import schemas
from ccstate.adapters.asterisk.importing.files import WORDS
from ccstate.secrets import resolve
from tests.adapters.asterisk.estates import estate
from tests.cli.screens import Screen

PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
MENU = """\
[inbound]
exten => 255501000,1,Goto(menu,s,1)
[menu]
exten => s,1,Answer()
 same => n,Background(menu)
 same => n,WaitExten(7)
exten => 1,1,Queue(help)
exten => t,1,Hangup()
exten => i,1,Hangup()
"""
LISTED = "; words of recordings\nmenu: For help, press one.\n"


class Importing(Screen):
    """A fresh project, and a configuration beside it."""

    def __init__(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(tmp_path / "project", capsys)
        self.etc = tmp_path / "server/etc/asterisk"
        self.desired = self.folder / "desired_state"
        self.desired.mkdir(parents=True)
        (self.folder / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
        self.configured(estate())

    def configured(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            path = self.etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def imports(self, *options: str) -> int:
        return self.run("import", str(self.etc), *options)

    @property
    def written(self) -> list[str]:
        return sorted(p.relative_to(self.desired).as_posix() for p in self.desired.rglob("*.yaml"))


@pytest.fixture
def screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importing:
    return Importing(tmp_path, capsys)


def test_each_group_goes_to_a_file_of_its_own(screen: Importing) -> None:
    assert screen.imports() == 0
    assert screen.written == ["people.yaml", "queues.yaml", "trunks.yaml"]
    assert "secret: env:SIP_2001" in (screen.desired / "people.yaml").read_text(encoding="utf-8")
    assert "ccstate validate finds no error now." in screen.out
    assert screen.run("validate") == 0


def test_a_new_project_gets_its_folder(screen: Importing) -> None:
    screen.desired.rmdir()
    assert screen.imports("--dry-run") == 0
    assert not screen.desired.exists()
    assert screen.imports() == 0
    assert screen.written == ["people.yaml", "queues.yaml", "trunks.yaml"]


def test_a_file_in_place_of_its_folder_is_reported(screen: Importing) -> None:
    screen.desired.rmdir()
    screen.desired.write_text("mine", encoding="utf-8")
    assert screen.imports() == 1
    assert "desired_state: CC001 desired_state cannot be made: File exists" in screen.err
    assert screen.desired.read_text(encoding="utf-8") == "mine"


def test_what_stands_in_a_file_already_stays(screen: Importing) -> None:
    (screen.desired / "queues.yaml").write_text("queues:\n  old: {members: []}  # ours\n")
    (screen.folder / "ccstate.yaml").write_text(PROJECT + "rules: {CC210: warning}\n")
    assert screen.imports() == 0
    text = (screen.desired / "queues.yaml").read_text(encoding="utf-8")
    assert "  old: {members: []}  # ours\n" in text
    assert "  help:\n" in text


def test_nothing_is_written_where_anything_is_declared_already(screen: Importing) -> None:
    declared = "queues:\n  help: {members: [{user: ann.lee}]}\nusers:\n  ann.lee: {name: Ann Lee}\n"
    (screen.desired / "all.yaml").write_text(declared, encoding="utf-8")
    (screen.folder / "ccstate.yaml").write_text(PROJECT + "rules: {CC210: warning}\n")
    assert screen.imports("--secrets", str(screen.folder / "secrets")) == 1
    assert "desired_state/all.yaml: CC811 2 objects of the import are declared" in screen.err
    assert "  queue/help, user/ann.lee\n" in screen.err
    assert screen.written == ["all.yaml"]
    assert not (screen.folder / "secrets").exists()


def test_a_second_import_writes_nothing_and_a_dry_run_tells_all_again(screen: Importing) -> None:
    assert screen.imports() == 0
    reported = screen.out
    assert screen.imports() == 1
    assert screen.imports("--dry-run") == 0
    said = screen.out.replace("Would import", "Imported")
    assert said.partition("\nNext\n")[0] == reported.partition("\nNext\n")[0]


def test_a_dry_run_writes_no_yaml(screen: Importing) -> None:
    assert screen.imports("--dry-run") == 0
    assert screen.written == []


def test_a_file_that_cannot_take_more_is_refused_before_anything_is_written(
    screen: Importing,
) -> None:
    (screen.desired / "trunks.yaml").mkdir()
    assert screen.imports() == 1
    assert "desired_state/trunks.yaml: CC813" in screen.err
    assert screen.written == ["trunks.yaml"]


def test_a_file_that_leads_out_of_the_desired_state_is_refused(screen: Importing) -> None:
    outside = screen.folder / "elsewhere.yaml"
    outside.write_text("", encoding="utf-8")
    (screen.desired / "people.yaml").symlink_to(outside)
    assert screen.imports() == 1
    assert "people.yaml is a link" in screen.err
    assert outside.read_text(encoding="utf-8") == ""


# Calls before and after


def test_it_ends_with_one_line_about_calls_and_a_report_lists_them(screen: Importing) -> None:
    screen.configured(estate("[inbound]\nexten => 61255501000,1,Queue(help,,,,60)\n"))
    assert screen.imports("--prefix", "+61") == 0
    last = screen.out.splitlines()[-1]
    # The number: answered, no agent, full; each phone: answered, and four ways without an answer.
    assert re.fullmatch(r"[0-9]+ calls compared: [0-9]+ the same, 0 differ, 0 not followed", last)
    report = (screen.folder / "import-report.txt").read_text(encoding="utf-8")
    assert last in report


def test_what_callers_meet_otherwise_is_reported_with_its_line(screen: Importing) -> None:
    screen.configured(
        estate("[inbound]\nexten => 61255501000,1,Wait(30)\n same => n,Queue(help)\n")
    )
    screen.imports("--prefix", "+61", "--format", "json")
    said = json.loads(screen.out)["calls"]
    reported = [*said["differences"], *said["unfollowed"]]
    assert any(
        one["call"] == "61255501000 dialled by trunk/line" and one["file"] == "extensions.conf"
        for one in reported
    )


def test_a_file_that_is_not_read_is_in_the_report(screen: Importing) -> None:
    screen.configured({"sip.conf": "[2009]\ntype=friend\n"})
    assert screen.imports("--dry-run") == 0
    assert "1 section of chan_sip are not read" in screen.out


def test_a_file_that_is_no_report_is_not_replaced(screen: Importing) -> None:
    path = screen.folder / "import-report.txt"
    path.write_text("mine\n", encoding="utf-8")
    assert screen.imports() == 1
    assert "import-report.txt: CC813" in screen.err
    assert path.read_text(encoding="utf-8") == "mine\n"
    assert screen.written == []


def test_a_report_of_an_earlier_import_is_replaced(screen: Importing) -> None:
    assert screen.imports("--dry-run") == 0
    assert screen.imports() == 0
    report = (screen.folder / "import-report.txt").read_text(encoding="utf-8")
    assert "\nImported " in report


# What is read


@pytest.mark.parametrize(
    "names, said",
    [
        ((), "has no pjsip.conf and no extensions.conf"),
        (("extensions.conf", "sip.conf"), "sip_to_pjsip.py makes pjsip.conf of it"),
        (("pjsip.conf", "extensions.ael"), "`aelparse -w` makes extensions.conf of it"),
    ],
)
def test_a_folder_that_is_no_configuration_is_refused(
    screen: Importing, tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    for name in names:
        (tmp_path / name).write_text("", encoding="utf-8")
    assert screen.run("import", str(tmp_path)) == 1
    assert "CC810" in screen.err
    assert said in screen.err


def test_includes_are_followed_and_nothing_outside_of_the_folder(screen: Importing) -> None:
    texts = estate()
    inside = {f"queues.d/{n}.conf": f"[{n}]\nmember => PJSIP/2001\n" for n in ("a", "b", "ccstate")}
    outside = screen.etc.parent / "outside.conf"
    outside.write_text("[outside]\n", encoding="utf-8")
    texts["queues.conf"] = (
        "#include queues.d/*.conf\n#include queues.d/ccstate.conf\n"
        "#tryinclude /etc/asterisk/custom.conf\n"
        f"#tryinclude ../outside.conf\n#tryinclude {outside}\n"
    )
    screen.configured({**texts, **inside, "custom.conf": "[custom]\nmember => PJSIP/2001\n"})
    assert screen.imports("--format", "json") == 0
    queues = [o["address"] for o in json.loads(screen.out)["objects"] if "queue/" in o["address"]]
    assert queues == ["queue/a", "queue/b", "queue/custom"]


def test_what_cannot_be_read_is_reported(screen: Importing) -> None:
    (screen.etc / "voicemail.conf").unlink()
    (screen.etc / "voicemail.conf").symlink_to("/proc/self/mem")  # whose first byte cannot be read
    assert screen.imports() == 1
    assert "voicemail.conf cannot be read: Input/output error" in screen.err
    assert screen.written == []


def test_prefix_and_words_make_numbers_and_trees(screen: Importing, tmp_path: Path) -> None:
    screen.configured(estate(MENU))
    listed = tmp_path / "words.txt"
    listed.write_text(LISTED, encoding="utf-8")
    assert screen.imports("--prefix", "+61", "--words", str(listed), "--language", "en-AU") == 0
    assert {"ivrs/menu.yaml", "numbers.yaml", "prompts.yaml"} <= set(screen.written)
    assert "+61255501000" in (screen.desired / "numbers.yaml").read_text(encoding="utf-8")
    assert "en-AU:" in (screen.desired / "prompts.yaml").read_text(encoding="utf-8")


def test_the_words_of_the_package_are_found_above_the_folder(
    screen: Importing, tmp_path: Path
) -> None:
    screen.configured(estate(MENU))
    listed = tmp_path / f"server/{WORDS}.gz"
    listed.parent.mkdir(parents=True)
    listed.write_bytes(gzip.compress(LISTED.encode()))
    assert screen.imports("--prefix", "+61") == 0
    assert "ivrs/menu.yaml" in screen.written


def test_damaged_words_are_reported(screen: Importing, tmp_path: Path) -> None:
    listed = tmp_path / "words.txt.gz"
    listed.write_bytes(b"no gzip")
    assert screen.imports("--words", str(listed)) == 1
    assert "CC810" in screen.err


@pytest.mark.parametrize(
    "option, value",
    [
        ("--prefix", "1"),
        ("--prefix", "+0"),
        ("--timezone", "Sydney"),
        ("--timezone", "../../etc/passwd"),
        ("--language", "english"),
    ],
)
def test_options_that_cannot_be_are_refused(screen: Importing, option: str, value: str) -> None:
    assert screen.imports(option, value) == 1
    assert f'CC814 {option} "{value}" is no' in screen.err
    assert screen.written == []


def test_a_configuration_of_which_nothing_becomes_an_object_exits_with_1(screen: Importing) -> None:
    screen.configured(dict.fromkeys(estate(), "[general]\n"))
    assert screen.imports() == 1
    assert "became an object.\n" in screen.out
    assert screen.written == []


# Secrets


@pytest.mark.process
def test_secrets_are_written_for_a_shell_and_only_their_owner_may_read_them(
    screen: Importing, tmp_path: Path
) -> None:
    texts = estate()
    texts["pjsip.conf"] = texts["pjsip.conf"].replace("hidden-2001", "it's $HOME `id`")
    screen.configured(texts)
    secrets = tmp_path / "secrets"
    assert screen.imports("--secrets", str(secrets)) == 0
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    said = subprocess.run(
        ["/bin/sh", "-c", f'. {secrets}; echo "$SIP_2001|$SIP_2002|$VOICEMAIL_2001"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "it's $HOME `id`|hidden-2002|4711\n"
    assert "hidden" not in screen.out + screen.err
    assert f"source {secrets} gives 3 secrets".replace(" ", "") in "".join(screen.out.split())


def test_secrets_are_written_as_a_bundle_that_the_references_lead_to(
    screen: Importing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = estate()
    texts["pjsip.conf"] = texts["pjsip.conf"].replace("hidden-2001", "it's \"#: 0123\\")
    screen.configured(texts)
    bundle = tmp_path / "secrets.yaml"
    assert screen.imports("--secrets", str(bundle)) == 0, screen.err
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    said = " ".join(screen.out.split())
    assert f"export CCSTATE_SECRET_BUNDLE={bundle}".replace(" ", "") in said.replace(" ", "")
    assert "gives 3 secrets their values" in said
    assert "hidden" not in screen.out + screen.err
    files = (screen.folder / "desired_state").rglob("*.yaml")
    written = "".join(path.read_text(encoding="utf-8") for path in files)
    references = re.findall(r"bundle:\w+", written)
    assert sorted(references) == ["bundle:SIP_2001", "bundle:SIP_2002", "bundle:VOICEMAIL_2001"]
    assert "env:" not in written
    monkeypatch.setenv("CCSTATE_SECRET_BUNDLE", str(bundle))
    assert resolve(references, screen.folder) == {
        "bundle:SIP_2001": "it's \"#: 0123\\",
        "bundle:SIP_2002": "hidden-2002",
        "bundle:VOICEMAIL_2001": "4711",
    }


def test_without_a_file_for_secrets_it_says_how_they_get_their_values(screen: Importing) -> None:
    assert screen.imports() == 0
    said = " ".join(screen.out.split())
    assert "--secrets FILE in an empty project writes down what 3 secrets stand for" in said


def test_a_dry_run_writes_no_secrets(screen: Importing) -> None:
    secrets = screen.folder / "secrets"
    assert screen.imports("--dry-run", "--secrets", str(secrets)) == 0
    assert not secrets.exists()
    assert "source" not in screen.out


@pytest.mark.parametrize(
    "place, said",
    [
        ("project/desired_state/secrets", "is in the desired state"),
        ("project/ccstate.yaml", "is there already"),
        ("nowhere/secrets", "there is no folder"),
    ],
)
def test_secrets_do_not_go_everywhere(
    screen: Importing, tmp_path: Path, place: str, said: str
) -> None:
    assert screen.imports("--secrets", str(tmp_path / place)) == 1
    assert "CC812" in screen.err
    assert said in screen.err
    assert screen.written == []


@pytest.mark.git
@pytest.mark.parametrize("ignored", [True, False])
def test_secrets_that_git_would_take_are_warned_of(screen: Importing, ignored: bool) -> None:
    subprocess.run(["git", "init", "-q", str(screen.folder)], check=True)
    if ignored:
        (screen.folder / ".gitignore").write_text("secrets\n", encoding="utf-8")
    assert screen.imports("--secrets", str(screen.folder / "secrets")) == 0
    assert ("warning: CC812" in screen.err) is not ignored


# The report


def test_what_callers_suffer_already_is_an_error_with_the_ways_to_keep_it(
    screen: Importing, tmp_path: Path
) -> None:
    screen.configured(estate(MENU.replace("exten => t,1,Hangup()", "exten => t,1,Goto(s,1)")))
    listed = tmp_path / "words.txt"
    listed.write_text(LISTED, encoding="utf-8")
    options = ("--prefix", "+61", "--words", str(listed))
    assert screen.imports(*options) == 0
    assert "finds 1 error: CC203. As it is, callers meet that" in " ".join(screen.out.split())
    assert screen.run("validate") == 1
    project = screen.folder / "ccstate.yaml"
    project.write_text(PROJECT + "rules: {CC203: warning}\n", encoding="utf-8")
    assert screen.run("validate") == 0


def test_json_has_every_line_and_no_secret(screen: Importing) -> None:
    assert screen.imports("--format", "json") == 0
    said = json.loads(screen.out)
    Draft202012Validator(schemas.schema("report/import")).validate(said)
    assert said["written"] is True
    assert {"address": "queue/help", "file": "desired_state/queues.yaml"} in said["objects"]
    assert said["secrets"] == ["SIP_2001", "SIP_2002", "VOICEMAIL_2001"]
    assert said["lines_listed"][0] == {
        "file": "queues.conf",
        "line": 1,
        "text": "[help]",
        "differs": True,
        "reasons": [
            "differs: reports call members by their names here, not by phone or membername"
        ],
    }
    assert "hidden" not in screen.out


def test_markdown_is_for_a_comment(screen: Importing) -> None:
    assert screen.imports("--format", "markdown") == 0
    assert screen.out.startswith("### Imported `")
    assert "- `desired_state/queues.yaml`: 1 queue\n" in screen.out
