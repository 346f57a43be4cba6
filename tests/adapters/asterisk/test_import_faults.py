"""A fault put into the objects of a generated dialplan is reported, with the number where it shows."""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk.importing import Setting
from ccstate.adapters.asterisk.importing.estate import Positions
from ccstate.adapters.asterisk.proof.proving import Proving
from ccstate.adapters.embedded import SUPPORTS
from ccstate.model import Address, Fields, parse_address
from tests.adapters.asterisk.estates import WORDS, confs, estate, imported_confs
from tests.adapters.asterisk.test_import_corpus import FIRST, told
from tests.examples import scaled

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
TARGETS = {
    "queue/help": "Queue(help)",
    "extension/2001": "Goto(phones,2001,1)",
    "hangup": "Hangup()",
}
TARGET = st.sampled_from(sorted(TARGETS))
SECONDS = st.integers(1, 60)
KEYS = st.sets(st.sampled_from("123456789"), min_size=1, max_size=4).map(sorted)
SPANS = st.tuples(st.integers(0, 11), st.integers(12, 23))


@st.composite
def menus(draw: st.DrawFn) -> dict[str, Any]:
    """Three numbers: with hours and a menu, with a phone, with a known caller and a switch."""
    keys = draw(KEYS)
    return {
        "keys": {key: draw(TARGET) for key in keys},
        "wait": draw(SECONDS),
        "silence": draw(TARGET),
        "hours": draw(SPANS),
        "closed": draw(TARGET),
        "ring": draw(SECONDS),
        "missed": draw(TARGET),
        "busy": draw(TARGET),
        "known": draw(TARGET),
        "night": draw(TARGET),
        "caller": draw(st.integers(0, 9)),
        "by_gosub": draw(st.booleans()),
    }


def caller(menu: dict[str, Any]) -> str:
    """The caller who is known, as a carrier in Australia writes the number."""
    return f"040000000{menu['caller']}"


NIGHT = {"GLOBAL(NIGHT)": Positions(Address("switch", "night"), frozenset({"0"}), frozenset({"1"}))}


def dialplan(menu: dict[str, Any]) -> str:
    """The dialplan of such a menu, as people write it."""
    opens, closes = menu["hours"]
    lines = [
        "[globals]",
        "NIGHT=0",
        "[inbound]",
        "exten => 61255501000,1,Answer()",
        f" same => n,GotoIfTime({opens:02}:00-{closes - 1:02}:59,mon-fri,*,*?menu,s,1)",
        f" same => n,{TARGETS[menu['closed']]}",
        " same => n,Hangup()",
        "exten => 61255501001,1," + ("Gosub(ring,s,1)" if menu["by_gosub"] else "Goto(ring,s,1)"),
        " same => n,Hangup()",
        f'exten => 61255501002,1,GotoIf($["${{CALLERID(num)}}" = "{caller(menu)}"]?known)',
        ' same => n,GotoIf($["${NIGHT}" = "1"]?night)',
        " same => n,Queue(help)",
        " same => n,Hangup()",
        f" same => n(known),{TARGETS[menu['known']]}",
        " same => n,Hangup()",
        f" same => n(night),{TARGETS[menu['night']]}",
        " same => n,Hangup()",
        "[phones]",
        "exten => *28,1,Set(GLOBAL(NIGHT)=$[1 - ${NIGHT}])",
        "[ring]",
        f"exten => s,1,Dial(PJSIP/2002,{menu['ring']})",
        ' same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)',
        f" same => n,{TARGETS[menu['missed']]}",
        " same => n,Hangup()",
        f" same => n(busy),{TARGETS[menu['busy']]}",
        " same => n,Hangup()",
        "[menu]",
        "exten => s,1,Background(menu)",
        f" same => n,WaitExten({menu['wait']})",
        f"exten => t,1,{TARGETS[menu['silence']]}",
        "exten => i,1,Hangup()",
    ]
    for key, target in menu["keys"].items():
        lines += [f"exten => {key},1,{TARGETS[target]}"]
    return "\n".join([*lines, ""])


def objects(menu: dict[str, Any]) -> dict[str, Fields]:
    """What the same menu is as objects, written down independently of any import."""
    opens, closes = menu["hours"]
    days = ("mon", "tue", "wed", "thu", "fri")
    span = f"{opens:02}:00-{closes:02}:00"
    return {
        "schedule/office": {
            "timezone": "Australia/Sydney",
            "weekly": {day: [span] for day in days},
        },
        "prompt/menu": {"languages": {"en": {"text": WORDS["menu"]}}},
        "ivr/menu": {
            "start": "top",
            "nodes": {
                "top": {
                    "type": "menu",
                    "prompt": "menu",
                    "choices": dict(menu["keys"]),
                    "timeout": f"{menu['wait']}s",
                    "retries": 0,
                    "on_timeout": menu["silence"],
                    "on_invalid": "hangup",
                }
            },
        },
        "extension/2002": {
            "ring_for": f"{menu['ring']}s",
            "forward": {"no_answer": menu["missed"], "busy": menu["busy"]},
        },
        "trunk/line": {
            "host": "sip.carrier.example",
            "inbound_number_format": "national",
            "country": "AU",
        },
        "caller_list/known": {"numbers": [f"+61{caller(menu)[1:]}"]},
        "switch/night": {"default": "off"},
        "number/+61255501000": {
            "trunk": "line",
            "hours": "office",
            "to": "ivr/menu",
            "closed": menu["closed"],
        },
        "number/+61255501001": {"trunk": "line", "to": "extension/2002"},
        "number/+61255501002": {
            "trunk": "line",
            "callers": [{"list": "known", "to": menu["known"]}],
            "switch": "night",
            "on": menu["night"],
            "to": "queue/help",
        },
    }


def report(menu: dict[str, Any], changed: dict[str, Any]) -> Counter[str]:
    """What the comparison says of the dialplan of one menu and the objects of another."""
    read = confs(estate(dialplan(menu)))
    found = imported_confs(read, SETTING)
    kept = {
        a: f for a, f in found.objects.items() if a.kind in ("extension", "user", "trunk", "queue")
    }
    made = {parse_address(text): fields for text, fields in objects(changed).items()}
    origins = replace(found.origins, switches=NIGHT)
    whole = replace(found, objects={**kept, **made}, origins=origins)
    proving = Proving(read, whole, SETTING, FIRST)
    return Counter(line for line in told(proving.proof()) if "dialled by trunk/line" in line)


@settings(max_examples=scaled(8))
@given(menus())
def test_a_dialplan_and_the_same_as_objects_are_the_same(menu: dict[str, Any]) -> None:
    assert report(menu, menu) == Counter()


@settings(max_examples=scaled(30))
@given(menus(), menus(), st.data())
def test_a_fault_is_reported(
    menu: dict[str, Any], other: dict[str, Any], data: st.DataObject
) -> None:
    differing = sorted(n for n in menu if n != "by_gosub" and menu[n] != other[n])
    assume(differing)
    field = data.draw(st.sampled_from(differing))
    # Where all three lead to the queue, it makes no difference which caller the list holds.
    assume(field != "caller" or {menu["known"], menu["night"]} != {"queue/help"})
    event(field)
    assert report(menu, {**menu, field: other[field]})


@settings(max_examples=scaled(8))
@given(menus())
def test_what_is_imported_differs_nowhere_or_says_so(menu: dict[str, Any]) -> None:
    read = confs(estate(dialplan(menu)))
    found = imported_confs(read, SETTING)
    lines = told(Proving(read, found, SETTING, FIRST).proof())
    event("the same" if not lines else "differs")
    numbers = {a.name for a in found.objects if a.kind == "number"}
    for number in {"+61255501000", "+61255501001"} - numbers:
        assert any(number[1:] in line for line in lines)
