"""The interpreter of dialplans plays calls as real Asterisks do, of both releases."""

import time
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.conf.dialplan import dialplan
from ccstate.adapters.asterisk.interpreter import (
    Call,
    Ended,
    Interpreter,
    Keys,
    Moments,
    Rings,
    Survey,
    Waits,
)
from ccstate_lab.site import Site
from tests.asterisk_sites import NewSite, new_site
from tests.waiting import GENEROUS

__all__ = ["new_site"]

RELEASES = ("22", "16")


class Case(NamedTuple):
    """A call into `[NAME]`, extension s: keys with a pause before each; "" is silence at the end."""

    dialplan: str
    keys: str = ""


def seen(text: str) -> str:
    return f"UserEvent(Seen,What: {text})"


# Who presses keys has time for it, however slow the machine is; who presses none waits a second.
QUICK = "Set(TIMEOUT(response)=${IF($[${LEN(${KEYS})} > 0]?8:1)})\n same => n,Set(TIMEOUT(digit)=4)"
MENU = f"""\
exten => s,1,Answer()
 same => n,{QUICK}
 same => n(again),Set(COUNT=$[0${{COUNT}} + 1])
 same => n,{seen("menu ${COUNT}")}
 same => n,GotoIf($[${{COUNT}} > 2]?done)
 same => n,WaitExten()
 same => n,{seen("next step")}
 same => n(done),Hangup()
exten => 1,1,{seen("one ${EXTEN}")}
exten => 12,1,{seen("twelve")}
exten => _2XX,1,{seen("pattern ${EXTEN} ${EXTEN:1} ${EXTEN:-1} ${EXTEN:0:2} ${EXTEN:1:-1}")}
exten => _2[1-3]X,1,{seen("narrow")}
exten => _2X.,1,{seen("wide")}
exten => i,1,{seen("invalid ${INVALID_EXTEN}")}
 same => n,Goto(s,again)
exten => t,1,{seen("timeout")}
"""
LAST = f"""\
exten => s,1,Answer()
 same => n,{QUICK}
 same => n,WaitExten()
"""
EXPRESSIONS = [
    '$["10" > "9"]',
    "$[10 > 9]",
    '$["02" = "2"]',
    "$[02 = 2]",
    '$["2" = 2]',
    '$["" = ""]',
    '$["a" = a]',
    '$["a" < b]',
    "$[ = 1]x",
    "$[${NONE} + 1]x",
    "$[0${NONE} + 1]",
    '$["$[1 + 1]" = "2"]',
    '$[$[1 + 1] = "2"]',
    '$["a" = "a" & 1 < 2]',
    "$[0 | 3]",
    "$[1 + 2 * 3]",
    "$[(1 + 2) * 3]",
    "$[7 / 2]",
    "$[7 % 4]",
    "$[!0]",
    "$[-3 + 5]",
    '$["abc123" =~ "[0-9]+"]',
    '$["abc123" =~ "c([0-9]+)"]',
    '$["abc" =~ "x"]',
    '$["0400" : "04"]',
    "$[1 ? yes :: no]",
    "$[0 ? yes :: no]",
    '$["${NONE}" = ""]',
    "$[5 >= 5]",
    "$[abc = abc]",
    '${IF($["a" = "b"]?yes:no)}',
    "${IF(1?yes)}",
    "${LEN(hello)}",
    "${FILTER(0-9,a1b2c3)}",
    "${MATH(2+3,int)}",
    "${MATH(7/2)}",
    "${TOUPPER(ab)}",
    '${REGEX("^04" 0400)}',
    "${ISNULL()}${ISNULL(a)}${EXISTS(a)}",
    "${TEXT:2}-${TEXT:-2}-${TEXT:1:2}-${TEXT:0:-2}-${TEXT:9}-${TEXT:-9:2}",
]
VALUES = "exten => s,1,Answer()\n same => n,Set(TEXT=abcdef)\n" + "".join(
    f" same => n,{seen(expression)}\n" for expression in EXPRESSIONS
)
CASES = {
    "keys-are-known": Case(f"exten => s,1,Answer()\n same => n,{seen('${KEYS}')}\n", "55"),
    "menu-one": Case(MENU, "1"),
    "menu-two-digits": Case(MENU, "12"),
    "menu-narrow-pattern": Case(MENU, "213"),
    "menu-pattern": Case(MENU, "291"),
    "menu-invalid": Case(MENU, "7"),
    "menu-invalid-pattern": Case(MENU, "19"),
    "menu-silence": Case(MENU),
    "menu-digits-then-silence": Case(MENU, "2"),
    "menu-wide-pattern": Case(MENU, "2999"),
    "silence-at-the-last-step": Case(LAST + f"exten => t,1,{seen('timeout')}\n"),
    "silence-without-t": Case(LAST + f"exten => 5,1,{seen('five')}\n"),
    "key-without-i": Case(LAST + f"exten => 5,1,{seen('five')}\n", "6"),
    "values": Case(VALUES),
    "goto-nowhere": Case(
        f"exten => s,1,Answer()\n same => n,Goto(nothing,1)\nexten => i,1,{seen('i ${INVALID_EXTEN}')}\n"
    ),
    "goto-without-label": Case(
        f"exten => s,1,Answer()\n same => n,Goto(nolabel)\n same => n,{seen('after')}\n"
        f"exten => i,1,{seen('i')}\n"
    ),
    "goto-if-branches": Case(
        f"exten => s,1,Answer()\n same => n,GotoIf(0?a)\n same => n,{seen('on')}\n"
        f" same => n,GotoIf(abc?a:b)\n same => n(b),{seen('b')}\n same => n(a),{seen('a')}\n"
        f" same => n,GotoIf(?x,1:y,1)\nexten => x,1,{seen('x')}\nexten => y,1,{seen('y')}\n"
    ),
    "dial-nobody": Case(
        f"exten => s,1,Answer()\n same => n,Dial(PJSIP/nobody,1)\n"
        f" same => n,{seen('${DIALSTATUS}')}\n same => n,Goto(s-${{DIALSTATUS}},1)\n"
        f"exten => _s-.,1,{seen('any ${EXTEN}')}\nexten => s-CHANUNAVAIL,1,{seen('unavailable')}\n"
    ),
    "queue-nobody": Case(
        f"exten => s,1,Answer()\n same => n,Queue(nosuchqueue)\n same => n,{seen('after <${QUEUESTATUS}>')}\n"
    ),
    "mailbox-nobody": Case(
        f"exten => s,1,Answer()\n same => n,VoiceMail(9@nowhere,u)\n same => n,{seen('${VMSTATUS}')}\n"
    ),
    "times": Case(
        f"exten => s,1,Answer()\n same => n,GotoIfTime(*,*,*,*?a)\n same => n,{seen('not a')}\n"
        f" same => n(a),GotoIfTime(00:00-23:59,sun-sat,1-31,jan-dec?b:c)\n same => n(c),{seen('c')}\n"
        f" same => n(b),{seen('b')}\n same => n,ExecIfTime(*,*,*,*?Set(X=1))\n same => n,{seen('${X}')}\n"
    ),
    "steps-end": Case(
        f"exten => s,1,Answer()\n same => n,{seen('last')}\nexten => i,1,{seen('i')}\n"
    ),
    "gap-between-steps": Case(
        f"exten => s,1,Answer()\nexten => s,3,{seen('three')}\nexten => i,1,{seen('i')}\n"
    ),
    "gosub": Case(
        f"exten => s,1,Answer()\n same => n,Set(X=outer)\n same => n,Gosub(sub,1(a,b))\n"
        f" same => n,{seen('back ${GOSUB_RETVAL} ${X} ${ARG1} ${Y}')}\n"
        f" same => n,GosubIf(0?sub,1(c):other,1(d))\n same => n,{seen('end')}\n"
        f"exten => sub,1,Set(LOCAL(X)=inner)\n same => n,Set(Y=kept)\n"
        f" same => n,{seen('in ${ARG1} ${ARG2} ${X} ${EXTEN}')}\n same => n,Return(value)\n"
        f"exten => other,1,{seen('other ${ARG1} ${ARG2}')}\n same => n,Return()\n"
    ),
    "exec-if": Case(
        f"exten => s,1,Answer()\n same => n,ExecIf(1?Set(A=1):Set(A=2))\n"
        f" same => n,ExecIf(0?Set(A=3))\n same => n,{seen('${A}')}\n"
        f' same => n,ExecIf($["${{A}}" = "1"]?Goto(x,1))\n same => n,{seen("not")}\n'
        f"exten => x,1,{seen('x')}\n"
    ),
    "while": Case(
        f"exten => s,1,Answer()\n same => n,Set(N=0)\n same => n,While($[${{N}} < 3])\n"
        f" same => n,Set(N=$[${{N}} + 1])\n same => n,{seen('round ${N}')}\n"
        f" same => n,ExecIf($[${{N}} = 2]?ExitWhile())\n same => n,EndWhile()\n"
        f" same => n,{seen('after ${N}')}\n"
    ),
    "read": Case(
        f"exten => s,1,Answer()\n same => n,Read(X,,2,,1,5)\n same => n,{seen('read ${X} ${READSTATUS}')}\n",
        "47",
    ),
    "read-less": Case(
        f"exten => s,1,Answer()\n same => n,Read(X,,3,,1,5)\n same => n,{seen('read ${X}')}\n", "4"
    ),
    "read-nothing": Case(
        f"exten => s,1,Answer()\n same => n,Read(X,,3,,2,1)\n same => n,{seen('read <${X}> ${READSTATUS}')}\n"
    ),
    "read-ended": Case(
        f"exten => s,1,Answer()\n same => n,Read(X,,5,,1,5)\n same => n,{seen('read ${X}')}\n",
        "46#",
    ),
    "background-key": Case(
        f"exten => s,1,Answer()\n same => n,Background(demo-congrats)\n same => n,{seen('heard all')}\n"
        f"exten => 1,1,{seen('one')}\nexten => i,1,{seen('i ${INVALID_EXTEN}')}\n",
        "1",
    ),
    "background-wrong-key": Case(
        f"exten => s,1,Answer()\n same => n,Background(demo-congrats)\n same => n,{seen('heard all')}\n"
        f"exten => 1,1,{seen('one')}\nexten => i,1,{seen('i ${INVALID_EXTEN}')}\n",
        "3",
    ),
    "globals": Case(
        f"exten => s,1,Answer()\n same => n,Set(GLOBAL(LIVEG)=7)\n same => n,{seen('${LIVEG} ${GLOBAL(LIVEG)}')}\n"
        f" same => n,Set(DB(live/x)=on)\n same => n,{seen('${DB(live/x)} ${DB_EXISTS(live/x)}')}\n"
        f" same => n,NoOp(${{DB_DELETE(live/x)}})\n"
    ),
    "macro-or-not": Case(
        f"exten => s,1,Answer()\n same => n,MSet(A=1,B=2)\n same => n,{seen('${A}${B}')}\n"
        f" same => n,Goto(${{A}}${{B}},1)\nexten => 12,1,{seen('twelve')}\n"
    ),
    "caller-extension": Case(
        f"exten => s,1,Answer()\n same => n,Set(CALLERID(num)=0400)\n same => n,Goto(x,1)\n"
        f"exten => x,1,{seen('all')}\nexten => x/_04.,1,{seen('by caller ${CALLERID(num)}')}\n"
    ),
    "exception-wrong-key": Case(
        LAST + f"exten => 5,1,{seen('five')}\nexten => e,1,{seen('e ${EXTEN}')}\n", "6"
    ),
    "exception-silence": Case(LAST + f"exten => e,1,{seen('e ${EXTEN}')}\n"),
    "exception-after-goto": Case(
        f"exten => s,1,Answer()\n same => n,Goto(nothing,1)\nexten => e,1,{seen('e ${EXTEN}')}\n"
    ),
    "local-channels": Case(
        "exten => s,1,Answer()\n"
        + "".join(
            f" same => n,Dial(Local/{name}@legs,5)\n same => n,{seen(name + ' ${DIALSTATUS}')}\n"
            for name in (
                *("busy", "congested", "rejected", "refused", "unanswered", "nobody", "missing"),
                *("ended", "done", "gone", "away"),
            )
        )
    ),
    "local-keeps": Case(
        f"exten => s,1,Answer()\n same => n,Dial(Local/answered@legs,5)\n same => n,{seen('not here')}\n"
    ),
    "dialplan-exists": Case(
        f"exten => s,1,Answer()\n same => n,{seen('${DIALPLAN_EXISTS(dialplan-exists,5,1)}${DIALPLAN_EXISTS(dialplan-exists,_,1)}')}\n"
        f"exten => 5,1,NoOp()\n"
    ),
}
"""Includes stand in a file of their own below: contexts are named after their cases."""
MORE = f"""\
[included-first]
exten => _5X,1,{seen("first ${EXTEN}")}
[legs]
exten => busy,1,Busy()
exten => congested,1,Congestion()
exten => rejected,1,Hangup(21)
exten => refused,1,Hangup(17)
exten => unanswered,1,Hangup(19)
exten => nobody,1,Dial(PJSIP/nobody,1)
 same => n,Hangup(34)
exten => ended,1,NoOp()
exten => done,1,Hangup()
exten => gone,1,Dial(PJSIP/nobody,1)
 same => n,Hangup()
exten => away,1,Dial(PJSIP/nobody,1)
exten => answered,1,Answer()
[included-second]
exten => 50,1,{seen("second ${{EXTEN}}")}
exten => 51,2,{seen("two of 51")}
exten => 6,1,{seen("six")}
"""
CASES["includes"] = Case(
    "exten => s,1,Answer()\n same => n,Set(TIMEOUT(response)=8)\n same => n,WaitExten()\n"
    "include => included-first\ninclude => included-second\n",
    "50",
)
DRIVER = """\
[driver]
exten => s,1,Wait(0.4)
 same => n,SendDTMF(${KEYS},250,100)
 same => n,Wait(20)
"""
TEXT = "".join(f"[{name}]\n{case.dialplan}\n" for name, case in CASES.items()) + MORE + DRIVER


def interpreted(name: str, case: Case, text: str = TEXT) -> list[str]:
    """What happens to the call, as the interpreter plays it."""
    conf = parse(text.encode(), "extensions.d/live.conf")
    plan = dialplan(conf)
    play = Interpreter(plan, Moments(date(2026, 1, 1), "UTC", ()), Survey(plan), mailboxes={})
    stop = play.run(Call(name, "s", variables={"KEYS": case.keys}, facts={"caller": ""}))
    keys = list(case.keys)
    found: list[str] = []
    for _ in range(50):
        found += [
            heard.what.partition("What: ")[2].strip()
            for heard in stop.heard
            if heard.kind == "event"
        ]
        if isinstance(stop, Ended):
            return found
        if isinstance(stop, Rings):
            stop = play.rung(stop, "CHANUNAVAIL")
        elif isinstance(stop, Waits):
            stop = play.left_queue(stop, "UNKNOWN")
        else:
            assert isinstance(stop, Keys), stop
            stop = play.pressed(stop, keys.pop(0)) if keys else play.silent(stop)
    raise AssertionError("the call does not end")


@pytest.fixture(params=RELEASES)
def server(request: pytest.FixtureRequest, new_site: NewSite) -> Site:
    return new_site(request.param, files={"extensions.d/live.conf": TEXT})


def called(server: Site, cases: Mapping[str, Case]) -> dict[str, list[str]]:
    """What a real Asterisk does with each call."""
    login = Login(server.ami_host, server.ami_port, server.lab_username, server.lab_secret)
    with Ami.connect(login, events="user,call") as ami:
        if "macros" in cases:
            # Deprecated since 16, gone in 21.
            ami.do("ModuleLoad", ("Module", "app_macro.so"), ("LoadType", "load"))
        for name, case in cases.items():
            ami.do(
                "Originate",
                ("Channel", f"Local/s@{name}/n"),
                ("Context", "driver"),
                ("Exten", "s"),
                ("Priority", "1"),
                ("Variable", f"__KEYS={case.keys}"),
                ("Async", "true"),
            )
        found: dict[str, list[str]] = {name: [] for name in cases}
        still_open = set(cases)
        for event in ami.events(time.monotonic() + GENEROUS):
            channel = event.get("Channel", "")
            if not channel.endswith(";2"):
                continue
            name = channel.partition("@")[2].partition("-0000")[0]
            if event.get("UserEvent") == "Seen":
                found[name].append(event["What"])
            if event.get("Event") == "Hangup":
                still_open.discard(name)
            if not still_open:
                return found
    raise AssertionError(f"these calls do not end: {still_open}")


def test_calls_go_as_the_interpreter_says(server: Site) -> None:
    assert called(server, CASES) == {name: interpreted(name, case) for name, case in CASES.items()}


MACROS = f"""\
exten => s,1,Answer()
 same => n,Macro(ring,a,b)
 same => n,{seen("back ${ARG1}")}
 same => n,Macro(leaves)
 same => n,{seen("not here")}
exten => away,1,{seen("away")}
[macro-ring]
exten => s,1,{seen("in ${ARG1} ${ARG2} ${MACRO_EXTEN} ${MACRO_CONTEXT}")}
[macro-leaves]
exten => s,1,Goto(macros,away,1)
"""


def test_macros_run_as_the_interpreter_says(new_site: NewSite) -> None:
    text = f"[macros]\n{MACROS}{DRIVER}"
    server = new_site("16", files={"extensions.d/live.conf": text})
    case = Case(MACROS)
    assert called(server, {"macros": case}) == {"macros": interpreted("macros", case, text)}


WAITS = f"""\
exten => s,1,Answer()
 same => n,Queue(nobody,,,,0)
 same => n,{seen("after <${QUEUESTATUS}>")}
"""


@pytest.mark.parametrize("release", RELEASES)
def test_a_wait_of_no_seconds_in_a_queue_ends_at_once(new_site: NewSite, release: str) -> None:
    queue = "[nobody]\njoinempty=yes\nleavewhenempty=no\n"
    files = {"extensions.d/live.conf": f"[waits]\n{WAITS}{DRIVER}", "queues.d/live.conf": queue}
    server = new_site(release, files=files)
    assert called(server, {"waits": Case(WAITS)}) == {"waits": ["after <TIMEOUT>"]}
