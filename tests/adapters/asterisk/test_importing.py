"""Hand-written configuration becomes objects, or is listed with its place and the reason."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.importing import Imported, Setting, import_estate, words
from ccstate.adapters.asterisk.kind import Setting as Compiling
from ccstate.desired import ParseCache, load, load_settings
from ccstate.desired.insertion import with_resources
from ccstate.journeys.hours import WEEKDAYS
from ccstate.model import Address
from ccstate_lab.programs import programs
from tests.adapters.asterisk.estates import estate, fields, imported, kinds, listed

BASIC_PBX = "usr/share/doc/asterisk-config/examples/configs/basic-pbx"
SPOKEN = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"


@pytest.fixture(scope="module")
def basic_pbx() -> Imported:
    """The estate of Super Awesome Company, as Debian's package asterisk-config brings it."""
    root = programs("22").root
    folder = root / BASIC_PBX
    known = words(gzip.decompress((root / SPOKEN).read_bytes()))
    setting = Setting(prefix="+1", timezone="America/Chicago", words=known)
    return import_estate(
        lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None,
        lambda pattern: [path.name for path in folder.glob(pattern)],
        setting=setting,
    )


def as_files(found: Imported) -> dict[str, bytes]:
    """The YAML that the objects make, by the file that is suggested for each."""
    grouped: dict[str, dict[Address, object]] = {}
    for address, content in found.objects.items():
        grouped.setdefault(found.group(address), {})[address] = content
    return {
        name: with_resources(b"", name, resources)  # type: ignore[arg-type]  # fields of objects
        for name, resources in sorted(grouped.items())
    }


def test_the_basic_pbx_becomes_these_objects(
    basic_pbx: Imported, golden: Callable[[str, str], None]
) -> None:
    text = "".join(f"# {name}\n{data.decode()}\n" for name, data in as_files(basic_pbx).items())
    golden("asterisk/import/basic-pbx.yaml", text)


def test_what_objects_do_not_say_of_the_basic_pbx_is_listed(
    basic_pbx: Imported, golden: Callable[[str, str], None]
) -> None:
    lines = [
        "\n    ".join((f"{u.file}:{u.line}: {u.text}", *u.reasons)) for u in basic_pbx.unexpressed
    ]
    golden("asterisk/import/basic-pbx-unexpressed.txt", "\n".join(lines) + "\n")


def test_every_line_of_the_basic_pbx_is_explained_or_listed(basic_pbx: Imported) -> None:
    folder = programs("22").root / BASIC_PBX
    for name in ("pjsip.conf", "voicemail.conf", "queues.conf", "extensions.conf"):
        texts = (folder / name).read_text(encoding="utf-8").splitlines()
        says = {n for n, text in enumerate(texts, 1) if re.match(r"\s*[^;\[\s]", text)}
        known = {line for file, line in basic_pbx.taken if file == name}
        known |= {u.line for u in basic_pbx.unexpressed if u.file == name}
        assert says <= known


def test_the_objects_of_the_basic_pbx_are_valid_and_can_be_compiled(
    basic_pbx: Imported, tmp_path: Path
) -> None:
    (tmp_path / "ccstate.yaml").write_text(
        "version: 1\ndesired_state: desired\ntargets:\n"
        "  demo: {adapter: embedded, connection: {path: demo.db}}\n"
    )
    for name, data in as_files(basic_pbx).items():
        path = tmp_path / "desired" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    loaded = load(load_settings(tmp_path), ParseCache(tmp_path / "cache"))
    state = {address: dict(resource.fields) for address, resource in loaded.state.items()}
    assert state == basic_pbx.objects
    assert compile_objects(state, Compiling(key=b"key")).entries


def test_secrets_are_references_and_their_values_stand_nowhere_else(basic_pbx: Imported) -> None:
    values = set(basic_pbx.secrets.values())
    assert basic_pbx.secrets["SIP_1107"] == "4webrEtHupHewu4"
    assert basic_pbx.secrets["VOICEMAIL_1107"] == "7484"
    shown = f"{basic_pbx!r} {basic_pbx.objects} {basic_pbx.unexpressed} {basic_pbx.taken}"
    # PINs of four digits may be parts of other numbers.
    assert not [value for value in values if len(value) > 4 and value in shown]


def test_the_same_files_give_the_same_bytes() -> None:
    assert as_files(imported(estate())) == as_files(imported(estate()))


# Each construct


def test_a_phone_its_mailbox_and_its_owner() -> None:
    found = imported(estate())
    assert fields(found, "extension/2001") == {
        "ring_for": "25s",
        "secret": "env:SIP_2001",
        "voicemail": {"email": "ann@example.test", "pin": "env:VOICEMAIL_2001"},
    }
    assert fields(found, "extension/2002") == {"ring_for": "15s", "secret": "env:SIP_2002"}
    assert fields(found, "user/ann.lee") == {"name": "Ann Lee", "extension": "2001"}


def test_a_queue_its_members_and_its_numbers() -> None:
    found = imported(estate())
    assert fields(found, "queue/help") == {
        "strategy": "longest_idle",
        "ring_for": "12s",
        "retry": "3s",
        "wrap_up": "7s",
        "max_waiting": 9,
        "members": [{"user": "ann.lee", "penalty": 2}, {"user": "bo.orr"}],
    }


def test_only_what_stands_by_hand_of_the_small_estate_is_listed() -> None:
    assert listed(imported(estate())) == [
        "[help]: differs: reports call members by their names here, not by phone or membername",
        (
            "[box]: differs: messages, greetings and lamps of these mailboxes stay where they are; "
            "ccstate's mailboxes are in a context of their own"
        ),
    ]


INBOUND = "[inbound]\nexten => +61255501000,1,Answer()\n same => n,"


def test_a_number_that_leads_to_a_queue_and_then_to_a_mailbox() -> None:
    found = imported(
        estate(INBOUND + "Queue(help,,,,90)\n same => n,VoiceMail(2001@box,u)\n same => n,Hangup()")
    )
    assert fields(found, "number/+61255501000") == {"trunk": "line", "to": "queue/help"}
    overflow = {"after": "1m30s", "to": "voicemail/2001", "full": "voicemail/2001"}
    assert fields(found, "queue/help")["overflow"] == overflow


def test_a_number_without_its_international_form_is_listed() -> None:
    found = imported(estate("[inbound]\nexten => 55501000,1,Goto(phones,2001,1)"))
    assert "number" not in kinds(found)
    assert any("international form" in line for line in listed(found))


def test_hours_make_a_schedule_whose_last_minute_counts() -> None:
    night = "GotoIfTime(9:00-16:59,mon-fri,*,*?phones,2001,1)\n same => n,Hangup()"
    found = imported(estate(INBOUND + night))
    (tree,) = kinds(found)["ivr"]
    (name,) = kinds(found)["schedule"]
    assert fields(found, f"schedule/{name}") == {
        "timezone": "Australia/Sydney",
        "weekly": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
    node = {"type": "hours", "schedule": name, "open": "extension/2001", "closed": "hangup"}
    assert list(fields(found, f"ivr/{tree}")["nodes"].values()) == [node]  # type: ignore[attr-defined]  # a tree has nodes


@pytest.mark.parametrize(
    "times, why",
    [
        ("*,*,32,dec", "no hours that ccstate can read"),
        ("*,*,30,feb", "no hours that ccstate can read"),
        ("*,*,25,*dec", "no hours that ccstate can read"),
        ("9:00-xx,*,*,*", "no hours that ccstate can read"),
    ],
)
def test_hours_that_no_schedule_says_are_listed(times: str, why: str) -> None:
    found = imported(estate(f"{INBOUND}GotoIfTime({times}?phones,2001,1)"))
    assert "number" not in kinds(found)
    assert any(why in line for line in listed(found))


ALL_DAY = {day: ["00:00-24:00"] for day in WEEKDAYS}


@pytest.mark.parametrize(
    "times, weekly, runs",
    [
        ("*,*,25,dec", ALL_DAY, [("12-25", "12-25")]),
        ("*,*,24-26,dec", ALL_DAY, [("12-24", "12-26")]),
        ("*,*,*,nov-feb", ALL_DAY, [("11-01", "02-29")]),
        ("*,*,30-1,jan", ALL_DAY, [("01-01", "01-01"), ("01-30", "01-31")]),
        ("*,*,31,jan-apr", ALL_DAY, [("01-31", "01-31"), ("03-31", "03-31")]),
        # Labour Day in New South Wales: the first Monday of October.
        ("*,mon,1-7,oct", {"mon": ["00:00-24:00"]}, [("10-01", "10-07")]),
    ],
)
def test_days_of_the_year_are_seasons(
    times: str, weekly: dict[str, list[str]], runs: list[tuple[str, str]]
) -> None:
    found = imported(estate(f"{INBOUND}GotoIfTime({times}?phones,2001,1)\n same => n,Hangup()"))
    (name,) = kinds(found)["schedule"]
    assert fields(found, f"schedule/{name}") == {
        "timezone": "Australia/Sydney",
        "weekly": {},
        "seasons": [{"every": a, "until": b, "weekly": weekly} for a, b in runs],
    }


def test_hours_without_a_timezone_are_listed() -> None:
    text = estate(INBOUND + "GotoIfTime(9:00-17:00,*,*,*?phones,2001,1)")
    found = imported(text, Setting())
    assert any("the timezone of these hours is not given" in line for line in listed(found))


MENU = """\
[inbound]
exten => +61255501000,1,Goto(menu,s,1)
[menu]
exten => s,1,Answer()
 same => n(again),Background(menu)
 same => n,WaitExten(7)
exten => 1,1,Queue(help)
exten => 2,1,Goto(phones,2001,1)
exten => t,1,Goto(s,again)
exten => i,1,Playback(closed)
 same => n,Hangup()
"""


def test_a_menu_becomes_a_tree() -> None:
    found = imported(estate(MENU))
    assert fields(found, "number/+61255501000") == {"trunk": "line", "to": "ivr/menu"}
    assert fields(found, "ivr/menu") == {
        "start": "top",
        "nodes": {
            "top": {
                "type": "menu",
                "prompt": "menu",
                "choices": {"1": "queue/help", "2": "extension/2001"},
                "timeout": "7s",
                "retries": 0,
                "on_timeout": "top",
                "on_invalid": "closed",
            },
            "closed": {"type": "play", "prompt": "closed", "then": "hangup"},
        },
    }


def test_a_menu_whose_words_are_not_given_is_listed_and_leaves_nothing_behind() -> None:
    found = imported(estate(MENU), Setting())
    assert not {"ivr", "number", "prompt"} & kinds(found).keys()
    assert any("those of menu are not given" in line for line in listed(found))


ROUTES = """\
[phones]
include => out
[out]
exten => _0[2-478]XXXXXXXX,1,Dial(PJSIP/${EXTEN}@line,120)
exten => _0NXXXXXXXX,1,Goto(send,${EXTEN},1)
exten => _9.,1,Dial(PJSIP/${EXTEN:1}@line,120)
exten => 000,1,Dial(PJSIP/000@line,120)
[send]
exten => _0419XXXXXX,1,Hangup()
exten => _X.,1,Set(CALLERID(num)=0255501${CALLERID(num):1})
 same => n,Dial(PJSIP/+61${EXTEN:1}@line,120)
"""


def test_patterns_that_leave_become_routes_and_blocked_ones_a_route_without_trunks() -> None:
    found = imported(estate(ROUTES))
    routes = {
        name: fields(found, f"outbound_route/{name}") for name in kinds(found)["outbound_route"]
    }
    assert routes == {
        "out": {
            "patterns": ["000", *(f"0{digit}XXXXXXXX" for digit in "23478")],
            "trunks": ["line"],
        },
        "out-2": {"patterns": ["9."], "trunks": ["line"], "strip": 1},
        "out-61": {
            "patterns": ["0NXXXXXXXX"],
            "trunks": ["line"],
            "strip": 1,
            "prepend": "+61",
        },
    }
    # The narrower pattern takes mobile numbers to the trunk before they can be blocked.
    assert any("_0419XXXXXX" in line for line in listed(found))


def test_what_is_blocked_halfway_to_the_trunk_is_blocked_as_well() -> None:
    halfway = ROUTES.replace("_0[2-478]XXXXXXXX", "_07XXXXXXXX").replace("Goto(send,", "Goto(half,")
    halfway += "[half]\nexten => _0455XXXXXX,1,Hangup()\nexten => _X.,1,Goto(send,${EXTEN},1)\n"
    found = imported(estate(halfway))
    patterns = ["0419XXXXXX", "0455XXXXXX"]
    assert fields(found, "outbound_route/blocked") == {"patterns": patterns, "trunks": []}


def test_a_number_that_is_blocked_on_its_way_becomes_a_route_without_trunks() -> None:
    found = imported(estate(ROUTES.replace("_0[2-478]XXXXXXXX", "_07XXXXXXXX")))
    assert fields(found, "outbound_route/blocked") == {"patterns": ["0419XXXXXX"], "trunks": []}


# What differs is said


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("25)", "25,tT)", "rings without the options tT"),
        ("25)", ")", "rings until the caller gives up"),
        ("@box,u", "@box,b", "plays the greeting for absence"),
        ("(2001@box,u)", "(2002@box,u)", "PJSIP/2001"),
    ],
)
def test_a_phone_that_rings_otherwise_is_reported(old: str, new: str, told: str) -> None:
    text = estate()
    text["extensions.conf"] = text["extensions.conf"].replace(old, new, 1)
    assert any(told in line for line in listed(imported(text)))


@pytest.mark.parametrize(
    "option, told",
    [
        ("ringinuse=yes", "does not ring people who are in a call; here ringinuse is yes"),
        ("min-announce-frequency=9", "ccstate's queues have min-announce-frequency=15"),
        ("membergosub=told", "ccstate sets no membergosub for a queue"),
        ("timeout=0", "no field of a queue says timeout=0"),
        ("member => SIP/9", "is no phone"),
        ("strategy=wrandom", "a penalty puts a member behind others"),
        ("timeout=abc", "no field of a queue says"),
    ],
)
def test_a_queue_that_works_otherwise_is_reported(option: str, told: str) -> None:
    text = estate()
    text["queues.conf"] += option + "\n"
    assert any(told in line for line in listed(imported(text)))


def test_two_ways_into_a_queue_that_end_differently_are_reported() -> None:
    more = "exten => +61255501001,1,Queue(help,,,,30)\n same => n,Goto(phones,2001,1)\n"
    found = imported(estate(INBOUND + "Queue(help,,,,90)\n" + more))
    assert any("from here callers go on to extension/2001 after 30s" in x for x in listed(found))


def test_codes_in_a_dialplan_are_not_shown() -> None:
    found = imported(estate("[inbound]\nexten => +61255501000,1,Authenticate(73519)\n"))
    assert "73519" not in str(found.unexpressed)
    assert any("ccstate has no Authenticate()" in line for line in listed(found))


@pytest.mark.parametrize(
    "line",
    [
        "exten => _555XXXX,1,Dial(IAX2/branch:hush-5@iax.example/${EXTEN}@there)",
        "exten => _556XXXX,1,Dial(PJSIP/x/sip:branch:hush-5@sip.example)",
        "switch => IAX2/branch:hush-5@iax.example/there",
        "[globals]\nTRUNK_PASSWORD=hush-5",
        "[globals]\nTRUNK=IAX2/branch:hush-5@iax.example",
    ],
)
def test_passwords_of_other_channels_are_not_shown(line: str) -> None:
    found = imported(estate(f"[phones]\n{line}\n"))
    assert "hush" not in str(found.unexpressed)


def test_what_asterisk_drops_is_listed() -> None:
    text = estate()
    text["queues.conf"] += "weight\n[broken\nmember => PJSIP/2001\n"
    found = imported(text)
    assert any("there is no =" in line for line in listed(found))
    assert any("the file ends here" in line for line in listed(found))


def test_a_file_that_is_not_there_is_listed() -> None:
    found = imported({})
    assert len(found.unexpressed) == 4
    assert not found.objects
