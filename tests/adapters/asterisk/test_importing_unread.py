"""Files that an import does not read are listed, each with what it means."""

import pytest

from tests.adapters.asterisk.estates import estate, imported

SECTION = "[general]\na=b\n[2001]\ntype=friend\n"


def unread(**texts: str) -> list[str]:
    """What is listed of these files beside the small estate."""
    files = estate() | {name.replace("__", "."): text for name, text in texts.items()}
    return [
        f"{u.file}:{u.line}: {u.reason}"
        for u in imported(files).unexpressed
        if u.file not in estate()
    ]


@pytest.mark.parametrize(
    "file, word",
    [
        ("sip.conf", "sip_to_pjsip.py makes pjsip.conf of them"),
        ("pjsip_wizard.conf", "export config_wizard primitives"),
        ("iax.conf", "IAX2"),
        ("chan_dahdi.conf", "DAHDI"),
        ("users.conf", "pjsip.conf"),
        ("agents.conf", "log in"),
    ],
)
def test_a_file_with_sections_is_listed_once(file: str, word: str) -> None:
    (line,) = unread(**{file: SECTION + "[2002]\ntype=friend\n"})
    assert line.startswith(f"{file}:3: 2 sections of ")
    assert word in line


@pytest.mark.parametrize("file", ["sip.conf", "pjsip_wizard.conf", "iax.conf", "users.conf"])
def test_a_file_with_settings_alone_is_not_listed(file: str) -> None:
    assert (
        unread(**{file: "[general]\nbindport=5060\n; [2001]\n[template](!)\ntype=friend\n"}) == []
    )


def test_files_that_are_not_there_are_not_listed() -> None:
    assert unread() == []


@pytest.mark.parametrize(
    "file, text, line",
    [
        (
            "extensions.ael",
            "// my dialplan\ncontext phones {\n};\n",
            "extensions.ael:2: the dialplan",
        ),
        ("extensions.lua", "-- my dialplan\n\nextensions = {}\n", "extensions.lua:3: the dialplan"),
    ],
)
def test_a_dialplan_in_another_language_is_listed(file: str, text: str, line: str) -> None:
    (only,) = unread(**{file: text})
    assert only.startswith(line)


def test_a_file_of_comments_is_not_listed() -> None:
    assert unread(**{"extensions.ael": "// nothing\n\n", "extensions.lua": "-- nothing\n"}) == []


def test_tables_of_a_database_are_listed_each() -> None:
    lines = unread(
        **{
            "extconfig.conf": "[settings]\nqueues => odbc,asterisk\nps_endpoints => odbc,asterisk\n"
            "queue_log => odbc,asterisk\n",
            "sorcery.conf": "[res_pjsip]\nendpoint=realtime,ps_endpoints\nauth=config,pjsip.conf\n",
        }
    )
    told = "come from a database here (realtime), and are not read: export them to"
    assert lines == [
        f"extconfig.conf:2: queues {told} queues.conf, and import again",
        f"extconfig.conf:3: endpoints {told} pjsip.conf, and import again",
        f"sorcery.conf:2: endpoints {told} pjsip.conf, and import again",
    ]


def test_phones_of_chan_sip_beside_an_empty_pjsip_conf_are_listed() -> None:
    files = {**estate(pjsip=""), "sip.conf": SECTION}
    assert any(u.file == "sip.conf" for u in imported(files).unexpressed)
