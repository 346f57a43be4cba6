"""What keeps Asterisk from loading ccstate's files at its next start is reported before that."""

from dataclasses import dataclass

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.entries import DIALPLAN, PJSIP, QUEUES, VOICEMAIL
from ccstate.adapters.asterisk.handwritten import MAIN
from tests.adapters.asterisk.estate import Estate
from tests.asterisk_sites import NewSite

FIRST = {
    PJSIP: "extension/2001",
    QUEUES: "queue/reception",
    DIALPLAN: "extension/2001",
    VOICEMAIL: "extension/2001",
}
"""The first managed object of each file, which bears what is wrong with its main file."""


@dataclass(frozen=True)
class Edit:
    """A text of a main file that somebody replaces."""

    main: str
    before: str
    after: str


def is_reported(estate: Estate, edit: Edit, says: str, bearer: str) -> None:
    """Plan, drift and verify name file and line; the plan is refused; undone, nothing is left."""
    path = estate.site.etc / edit.main
    text = path.read_text(encoding="utf-8")
    assert edit.before in text
    path.write_text(text.replace(edit.before, edit.after), encoding="utf-8")
    try:
        assert estate.run("drift") == 0
        assert says in estate.lines
        assert bearer in estate.lines
        assert estate.run("verify") == 4
        assert says in estate.lines
        assert estate.run("plan") == 3
        assert says in estate.lines
        assert estate.run("apply") == 3
        assert edit.main in estate.lines
    finally:
        path.write_text(text, encoding="utf-8")
    assert estate.plan() == ""
    assert "19 managed objects as they were applied" in estate.drift()


@pytest.mark.parametrize("name", list(FIRST))
def test_an_include_line_that_is_a_comment_is_reported(estate: Estate, name: str) -> None:
    main, line = MAIN[name], f"#tryinclude {name}.d/*.conf"
    text = (estate.site.etc / main).read_text(encoding="utf-8")
    number = text[: text.index(line)].count("\n") + 1
    says = f"{main}:{number}: does not include {name}.d/ccstate.conf: the line is a comment"
    is_reported(estate, Edit(main, line, f";{line}"), says, FIRST[name])


@pytest.mark.parametrize("name", list(FIRST))
def test_an_include_line_that_is_gone_is_reported(estate: Estate, name: str) -> None:
    main, line = MAIN[name], f"#tryinclude {name}.d/*.conf"
    says = f"{main}: does not include {name}.d/ccstate.conf; add the line `{line}` at its end"
    is_reported(estate, Edit(main, line, ""), says, FIRST[name])


def test_a_dialplan_that_keeps_old_variables_is_reported(estate: Estate) -> None:
    edit = Edit("extensions.conf", "clearglobalvars = yes\n", "")
    says = "extensions.conf: does not set `clearglobalvars`; add the line `clearglobalvars = yes`"
    is_reported(estate, edit, says, FIRST[DIALPLAN])


def test_a_module_that_calls_need_and_that_does_not_run_is_reported(estate: Estate) -> None:
    with estate.ami() as ami:
        ami.do("ModuleLoad", ("Module", "func_callerid.so"), ("LoadType", "unload"))
    try:
        assert estate.plan() == ""
        estate.edit("queues", "reception", "ring_for", value="7s")
        assert estate.run("plan") == 3
        assert "func_callerid.so does not run at 127.0.0.1" in estate.lines
    finally:
        with estate.ami() as ami:
            ami.do("ModuleLoad", ("Module", "func_callerid.so"), ("LoadType", "load"))
    assert "ring_for" in estate.plan()


@pytest.mark.parametrize("release", ["22", "16"])
def test_what_stands_behind_an_include_line_stays_in_its_own_section(
    new_site: NewSite, release: str
) -> None:
    site = new_site(
        release,
        files={
            "queues.conf": "[general]\n[ours]\n#tryinclude queues.d/*.conf\nstrategy=random\n",
            "queues.d/ccstate.conf": "[sales]\nweight=7\n",
            "voicemail.conf": "[default]\n100 => 1,A\n#tryinclude voicemail.d/*.conf\n101 => 1,B\n",
            "voicemail.d/ccstate.conf": "[ccstate]\n2001 => 1,C\n",
        },
    )
    with Ami.connect(Login("127.0.0.1", site.ami_port, "lab", site.lab_secret)) as ami:
        queues = {
            m["Queue"]: (m["Strategy"], m["Weight"])
            for m in ami.read("QueueStatus")
            if m.is_event("QueueParams")
        }
        mailboxes = {m["VoiceMailbox"]: m["VMContext"] for m in ami.read("VoicemailUsersList")}
    assert queues == {"ours": ("random", "0"), "sales": ("ringall", "7")}
    assert mailboxes == {"100": "default", "101": "default", "2001": "ccstate"}
