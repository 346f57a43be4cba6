"""What people do by hand to an Asterisk, and what `ccstate drift` says of it."""

from collections.abc import Callable
from dataclasses import dataclass

from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    MODULES,
    PJSIP,
    QUEUES,
    VOICEMAIL,
)
from tests.adapters.asterisk.estate import Estate, flat

Hand = Callable[[Estate], None]


@dataclass(frozen=True)
class Drift:
    """What is done by hand, and what is found of it: was → is, object by object; … where it goes on."""

    what: str
    hands: tuple[Hand, ...]
    says: str

    def __str__(self) -> str:
        return self.what.replace(" ", "-")


def case(what: str, *hands: Hand, says: str = "") -> Drift:
    return Drift(what, hands, flat(says))


def turn(file: str, old: str, new: str) -> Hand:
    """The first such text in one of our files becomes another."""

    def hand(estate: Estate) -> None:
        path = estate.site.etc / FILES[file]
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return hand


def without(file: str, start: str, end: str) -> Hand:
    """What stands from one text up to, and without, the next such other."""

    def hand(estate: Estate) -> None:
        path = estate.site.etc / FILES[file]
        before, found, rest = path.read_text(encoding="utf-8").partition(start)
        assert found, f"{path} has no {start!r}"
        path.write_text(before + rest[rest.index(end) :], encoding="utf-8")

    return hand


def added(file: str, text: str) -> Hand:
    return turn(file, "; Written by ccstate", f"{text}; Written by ccstate")


def emptied(file: str) -> Hand:
    def hand(estate: Estate) -> None:
        (estate.site.etc / FILES[file]).write_bytes(b"")

    return hand


def deleted(path: str) -> Hand:
    return lambda estate: (estate.site.folder / path).unlink()


def loaded(*files: str) -> Hand:
    def hand(estate: Estate) -> None:
        for file in files:
            estate.reload(file)

    return hand


def module(load_type: str, file: str) -> Hand:
    """As `module unload` at the console."""

    def hand(estate: Estate) -> None:
        with estate.ami() as ami:
            ami.do("ModuleLoad", ("Module", MODULES[file]), ("LoadType", load_type))

    return hand


def told(command: str, answer: str) -> Hand:
    """A command of Asterisk's own CLI."""

    def hand(estate: Estate) -> None:
        said = estate.command(command)
        assert answer in said, said

    return hand


STRATEGY = turn(QUEUES, "strategy=leastrecent", "strategy=random")
OPTION = turn(QUEUES, "strategy=leastrecent", "strategy=leastrecent\nannounce-to-first-user=yes")
RING = turn(QUEUES, "timeout=15", "timeout=45")
PENALTY = turn(QUEUES, "PJSIP/2003,5,cy.d", "PJSIP/2003,9,cy.d")
MEMBER = turn(QUEUES, "member => PJSIP/2002,0,bo.o,PJSIP/2002\n", "")
STRANGER = turn(
    QUEUES, "member => PJSIP/2002", "member => PJSIP/9001,1,night\nmember => PJSIP/2002"
)
MAY = turn(PJSIP, "set_var=CC_MAY=,local,", "set_var=CC_MAY=,international,local,")
CALLER = turn(PJSIP, "set_var=CC_CALLER_NAME=Front desk", "set_var=CC_CALLER_NAME=Boss")
PASSWORD = turn(ACCOUNTS, "password=of-2001", "password=guessed")
TURNED = turn(
    DIALPLAN,
    "same => n,Goto(queue/sales,s,1)\nexten => 2,1",
    "same => n,Goto(queue/reception,s,1)\nexten => 2,1",
)
TURNED_AWAY = turn(
    DIALPLAN,
    "same => n,Goto(queue/sales,s,1)\nexten => 2,1",
    "same => n,Goto(queue/nowhere,s,1)\nexten => 2,1",
)
ENDED = turn(
    DIALPLAN, "same => n,Goto(queue/sales,s,1)\nexten => 2,1", "same => n,Hangup()\nexten => 2,1"
)
RINGS = turn(DIALPLAN, "s,1(2002,20,extension/2002)", "s,1(2002,40,extension/2002)")
ENDPOINT = without(PJSIP, "[2002]", "; Cy Dunn")
HALF_ENDPOINT = without(ACCOUNTS, "[2002]\ntype=auth", "[")
QUEUE = without(QUEUES, "[reception]", "; Sales")
SUBROUTINE = turn(DIALPLAN, "VoiceMail(${ARG1}@ccstate,u)", "VoiceMail(${ARG1}@ccstate,b)")
PIN = turn(VOICEMAIL, "2001 => 4711,Ann Lee", "2001 => 0815,Ann Lee")
MAIL = turn(VOICEMAIL, "ann@example.test", "eve@example.test")
SECTION = added(QUEUES, "[late-shift]\nstrategy=ringall\n\n")
CONTEXT = added(DIALPLAN, "[late-shift]\nexten => 1,1,Hangup()\n\n")

CASES = [
    case(
        "a strategy in the file alone",
        STRATEGY,
        says="queue/sales strategy longest_idle → random, running.strategy longest_idle",
    ),
    case(
        "a strategy that was loaded",
        STRATEGY,
        loaded(QUEUES),
        says="queue/sales strategy longest_idle → random",
    ),
    case(
        "a ring time in the file alone",
        RING,
        says="queue/reception ring_for 15s → 45s",
    ),
    case(
        "a ring time that was loaded",
        RING,
        loaded(QUEUES),
        says="queue/reception ring_for 15s → 45s",
    ),
    case(
        "a penalty in the file alone",
        PENALTY,
        says="queue/sales members [{penalty: 5, user: cy.d}, {team: sales}] → [{penalty: 9, "
        "user: cy.d}, {team: sales}], running.members [{penalty: 5, user: cy.d}, {team: "
        "sales}]",
    ),
    case(
        "a penalty that was loaded",
        PENALTY,
        loaded(QUEUES),
        says="queue/sales members [{penalty: 5, user: cy.d}, {team: sales}] → [{penalty: 9, "
        "user: cy.d}, {team: sales}]",
    ),
    case(
        "one of a team taken out",
        MEMBER,
        loaded(QUEUES),
        says="queue/sales members [{penalty: 5, user: cy.d}, {team: sales}] → [{penalty: 5, "
        "user: cy.d}, {user: ann.l}]",
    ),
    case(
        "a member whom nobody knows",
        STRANGER,
        loaded(QUEUES),
        says="queue/sales by hand queues.d/ccstate.conf:N: [sales] member => "
        "PJSIP/9001,1,night,PJSIP/9001",
    ),
    case(
        "a permission",
        MAY,
        loaded(PJSIP),
        says="extension/2001 permissions [local] → [international, local]",
    ),
    case(
        "a permission in the file alone",
        MAY,
        says="extension/2001 permissions [local] → [international, local], "
        "running.permissions [local]",
    ),
    case(
        "a caller's name",
        CALLER,
        loaded(PJSIP),
        says="extension/2001 caller_id.name Front desk → Boss",
    ),
    case(
        "a password",
        PASSWORD,
        loaded(PJSIP),
        says="extension/2001 secret sealed → sealed",
    ),
    case(
        "a password in the file alone",
        PASSWORD,
        says="extension/2001 secret sealed → sealed, running.secret sealed",
    ),
    case(
        "a PIN",
        PIN,
        loaded(VOICEMAIL),
        says="extension/2001 voicemail.pin sealed → sealed",
    ),
    case(
        "an address for messages",
        MAIL,
        loaded(VOICEMAIL),
        says="extension/2001 voicemail.email ann@example.test → eve@example.test",
    ),
    case(
        "a key that leads elsewhere",
        TURNED,
        loaded(DIALPLAN),
        says="ivr/main nodes.menu.choices.1 queue/sales → queue/reception",
    ),
    case(
        "a key that leads elsewhere in the file alone",
        TURNED,
        says="ivr/main nodes.menu.choices.1 queue/sales → queue/reception, "
        "running.nodes.menu.choices.1 queue/sales",
    ),
    case(
        "how long a phone rings",
        RINGS,
        loaded(DIALPLAN),
        says="extension/2002 ring_for 20s → 40s",
    ),
    case(
        "the number that emergency calls show",
        turn(DIALPLAN, "CC_CALLBACK=+61255501000", "CC_CALLBACK=+61255501001"),
        loaded(DIALPLAN),
        says="site/sydney emergency_callback +61255501000 → +61255501001",
    ),
    case(
        "an option that no field says",
        OPTION,
        loaded(QUEUES),
        says="queue/sales by hand queues.d/ccstate.conf:N: [sales] announce-to-first-user=yes",
    ),
    case(
        "an option that no field says in the file alone",
        OPTION,
        says="queue/sales by hand queues.d/ccstate.conf:N: [sales] announce-to-first-user=yes",
    ),
    case(
        "a subroutine",
        SUBROUTINE,
        loaded(DIALPLAN),
        says="extension/2001 by hand extensions.d/ccstate.conf:N: [ccstate-message] exten => "
        "s,8,(own)VoiceMail(${ARG1}@ccstate,b)",
    ),
    case(
        "a section of somebody else",
        SECTION,
        loaded(QUEUES),
        says="extension/2001 by hand queues.d/ccstate.conf:N: [late-shift] strategy=ringall",
    ),
    case(
        "a context of somebody else in the file alone",
        CONTEXT,
        says="extension/2001 by hand extensions.d/ccstate.conf:N: [late-shift] exten => "
        "1,1,Hangup(), running.late-shift 1,1 not there",
    ),
    case(
        "an endpoint taken out of the file alone",
        ENDPOINT,
        says="extension/2002 deleted by hand",
    ),
    case(
        "an endpoint taken out",
        ENDPOINT,
        loaded(PJSIP),
        says="extension/2002 deleted by hand",
    ),
    case(
        "half of an endpoint taken out",
        HALF_ENDPOINT,
        loaded(PJSIP),
        says="extension/2002 by hand pjsip.d/secrets/ccstate.conf: [2002] without auth auth_type | "
        "pjsip.d/secrets/ccstate.conf: [2002] without auth password | "
        "pjsip.d/secrets/ccstate.conf: [2002] without auth username",
    ),
    case(
        "a queue taken out",
        QUEUE,
        loaded(QUEUES),
        says="queue/reception deleted by hand",
    ),
    case(
        "a queue taken out of the file alone",
        QUEUE,
        says="queue/reception deleted by hand",
    ),
    case(
        "the sound of a prompt",
        deleted("share/sounds/ccstate/busy/en-AU.wav"),
        says="prompt/busy by hand sounds/ccstate/busy/en-AU.wav is not there",
    ),
    case(
        "a file of ours deleted",
        deleted(f"etc/{FILES[QUEUES]}"),
        loaded(QUEUES),
        says="queue/reception deleted by hand; queue/sales deleted by hand",
    ),
    case(
        "a file of ours deleted that still runs",
        deleted(f"etc/{FILES[VOICEMAIL]}"),
        says="extension/2001 by hand voicemail.d/ccstate.conf: [2001] without mailbox email "
        "| voicemail.d/ccstate.conf: [2001] without mailbox name | "
        "voicemail.d/ccstate.conf: [2001] without mailbox options | …",
    ),
    case(
        "the end of a file cut off",
        without(QUEUES, "[ccstate-rev-", "\n"),
        loaded(QUEUES),
        says="extension/2001 by hand queues.d/ccstate.conf: its last lines, which show that "
        "all of it was read, are not as they were",
    ),
    case(
        "a penalty set by a supervisor",
        told("queue set penalty 7 on PJSIP/2003 in sales", "Set"),
        says="queue/sales running.members [{penalty: 7, user: cy.d}, {team: sales}]",
    ),
    case(
        "a module that was stopped",
        module("unload", QUEUES),
        says="queue/reception running not loaded: app_queue.so does not run; queue/sales "
        "running not loaded: app_queue.so does not run",
    ),
    case(
        "the dialplan's module that was stopped",
        module("unload", DIALPLAN),
        says="extension/2001 running.extensions not loaded: pbx_config.so does not run; "
        "extension/2002 running.extensions not loaded: pbx_config.so does not run; "
        "extension/2003 running.extensions not loaded: …",
    ),
    case(
        "the mailboxes' module that was stopped",
        module("unload", VOICEMAIL),
        says="extension/2001 running.voicemail not loaded: app_voicemail.so does not run; "
        "extension/2900 running.voicemail not loaded: app_voicemail.so does not run",
    ),
    case(
        "two things at once",
        STRATEGY,
        PASSWORD,
        loaded(QUEUES, PJSIP),
        says="extension/2001 secret sealed → sealed; queue/sales strategy longest_idle → random",
    ),
    case(
        "a member at another phone",
        turn(QUEUES, "PJSIP/2001,0,ann.l,PJSIP/2001", "PJSIP/2002,0,ann.l,PJSIP/2002"),
        loaded(QUEUES),
        says="queue/sales by hand queues.d/ccstate.conf:N: [sales] member => "
        "PJSIP/2002,0,ann.l,PJSIP/2002, running.member ann.l not there",
    ),
    case(
        "a member whose penalty is no number",
        turn(QUEUES, "PJSIP/2003,5,cy.d", "PJSIP/2003,low,cy.d"),
        loaded(QUEUES),
        says="queue/sales members [{penalty: 5, user: cy.d}, {team: sales}] → [{team: "
        "sales}, {user: cy.d}]",
    ),
    case(
        "a member added who is known",
        turn(
            QUEUES,
            "member => PJSIP/2003,0,2003,PJSIP/2003\n",
            "member => PJSIP/2003,0,2003,PJSIP/2003\nmember => PJSIP/2001,3,ann.l,PJSIP/2001\n",
        ),
        loaded(QUEUES),
        says="queue/reception members [{extension: 2003}] → [{extension: 2003}, {penalty: 3, "
        "user: ann.l}]",
    ),
    case(
        "a comment",
        added(QUEUES, "; do not touch, Bob\n"),
        says="extension/2001 by hand queues.d/ccstate.conf is not as ccstate wrote it",
    ),
    case(
        "a line that Asterisk loses",
        turn(QUEUES, "strategy=leastrecent\n", "strategy=leastrecent\nplease ring Bob first\n"),
        loaded(QUEUES),
        says="extension/2001 by hand queues.d/ccstate.conf:N: there is no = in 'please ring "
        "Bob first'",
    ),
    case(
        "a section that is never closed",
        turn(QUEUES, "[sales]", "[sales"),
        loaded(QUEUES),
        says="extension/2001 by hand queues.d/ccstate.conf:N: the file ends here for "
        "Asterisk: [ is not closed; queue/reception running not loaded: revision none "
        "runs, b9e5f2cc1d215d0a is stored; queue/sales deleted by hand",
    ),
    case(
        "a file emptied",
        emptied(PJSIP),
        loaded(PJSIP),
        says="extension/2001 deleted by hand; extension/2002 deleted by hand; extension/2003 "
        "deleted by hand; extension/2900 by hand pjsip.d/ccstate.conf: [ccstate-test] "
        "without endpoint allow | …",
    ),
    case(
        "the host of a trunk",
        turn(PJSIP, "contact=sip:127.0.0.9", "contact=sip:127.0.0.8"),
        loaded(PJSIP),
        says="trunk/carrier by hand pjsip.d/ccstate.conf:N: [trunk-carrier] "
        "contact=sip:127.0.0.8:5060",
    ),
    case(
        "the codecs of a trunk",
        turn(PJSIP, "aors=trunk-carrier", "aors=trunk-carrier\nallow=!all,g729"),
        loaded(PJSIP),
        says="trunk/carrier codecs [alaw, ulaw] → [g729]",
    ),
    case(
        "the password of a trunk",
        turn(ACCOUNTS, "password=of-the-trunk", "password=guessed"),
        loaded(PJSIP),
        says="trunk/carrier secret sealed → sealed",
    ),
    case(
        "where a phone may dial",
        turn(PJSIP, "context=site/sydney", "context=by-hand"),
        loaded(PJSIP),
        says="extension/2001 by hand pjsip.d/ccstate.conf:N: [2001] context=by-hand",
    ),
    case(
        "where a number leads",
        turn(DIALPLAN, "Goto(ivr/main/door,s,1)", "Goto(queue/sales,s,1)"),
        loaded(DIALPLAN),
        says="number/+61255501000 to ivr/main → queue/sales",
    ),
    case(
        "when an office closes",
        turn(DIALPLAN, "${ARG3} >= 1800", "${ARG3} >= 2200"),
        loaded(DIALPLAN),
        says="schedule/office weekly.mon [08:00-18:00] → [08:00-22:00]",
    ),
    case(
        "a right that a route asks for",
        turn(DIALPLAN, '=~ ",local,"', '=~ ",,"'),
        loaded(DIALPLAN),
        says="outbound_route/local by hand extensions.d/ccstate.conf:N: [route/local] exten "
        '=> _[0-9*#+]!,2,GotoIf($["${CC_MAY}" =~ ",,"]?may)',
    ),
    case(
        "an include taken out",
        turn(DIALPLAN, "include => outbound/sydney\n", ""),
        loaded(DIALPLAN),
        says="site/sydney by hand extensions.d/ccstate.conf: [site/sydney] without include "
        "=> outbound/sydney",
    ),
    case(
        "a lamp",
        turn(DIALPLAN, "exten => _X.,hint,PJSIP/${EXTEN}\n", ""),
        loaded(DIALPLAN),
        says="extension/2001 by hand extensions.d/ccstate.conf: [hints] without exten => _X.,hint",
    ),
    case(
        "a step put before a menu",
        turn(
            DIALPLAN,
            " same => n,Answer()\n same => n,Set(CC_TRY=0)",
            " same => n,Answer()\n same => n,Wait(1)\n same => n,Set(CC_TRY=0)",
        ),
        loaded(DIALPLAN),
        says="ivr/main by hand extensions.d/ccstate.conf:N: [ivr/main/menu] exten => "
        "s,3,Wait(1) | extensions.d/ccstate.conf:N: [ivr/main/menu] exten => "
        "s,4,Set(CC_TRY=0) | extensions.d/ccstate.conf:N: …",
    ),
    case(
        "a global",
        added(DIALPLAN, "[globals]\nBOB=1\n\n"),
        loaded(DIALPLAN),
        says="extension/2001 by hand extensions.d/ccstate.conf:N: [globals] BOB=1",
    ),
    case(
        "another language of a prompt",
        turn(DIALPLAN, "Background(ccstate/welcome/en-AU)", "Background(ccstate/welcome/fr)"),
        loaded(DIALPLAN),
        says="ivr/main by hand extensions.d/ccstate.conf:N: [ivr/main/menu] exten => "
        "s,5,Background(ccstate/welcome/fr)",
    ),
    case(
        "a key that leads to nobody",
        TURNED_AWAY,
        loaded(DIALPLAN),
        says="ivr/main by hand extensions.d/ccstate.conf:N: [ivr/main/menu] exten => "
        "1,2,Goto(queue/nowhere,s,1)",
    ),
    case(
        "a caller's key that ends the call",
        ENDED,
        loaded(DIALPLAN),
        says="ivr/main by hand extensions.d/ccstate.conf:N: [ivr/main/menu] exten => 1,2,Hangup()",
    ),
    case(
        "a mailbox taken out",
        turn(VOICEMAIL, "2001 => 4711,Ann Lee,ann@example.test,,attach=yes\n", ""),
        loaded(VOICEMAIL),
        says="extension/2001 by hand voicemail.d/ccstate.conf: [2001] without mailbox email "
        "| voicemail.d/ccstate.conf: [2001] without mailbox name | "
        "voicemail.d/ccstate.conf: [2001] without mailbox options | …",
    ),
    case(
        "a template",
        turn(
            PJSIP, "[2002]\ntype=endpoint", "[loud](!)\ncallerid=X <1>\n[2002](loud)\ntype=endpoint"
        ),
        loaded(PJSIP),
        says="extension/2001 by hand pjsip.d/ccstate.conf is not as ccstate wrote it",
    ),
    case(
        "another revision",
        turn(DIALPLAN, "CC_REV=", "CC_REV=0"),
        loaded(DIALPLAN),
        says="extension/2001 by hand extensions.d/ccstate.conf is not as ccstate wrote it",
    ),
]
