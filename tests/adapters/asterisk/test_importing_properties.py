"""Whatever stands in the files: nothing is raised, no line is lost, what is made is valid."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.importing import Setting
from ccstate.adapters.embedded import SUPPORTS
from ccstate.kinds import KINDS, references
from tests.adapters.asterisk.estates import PJSIP, QUEUES, VOICEMAIL, WORDS, estate, imported

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS)
HOLDS_ALL = replace(SETTING, supports=SUPPORTS)
"""For a platform that can hold everything."""
STEPS = """\
Answer()
Hangup()
NoOp(x)
Wait(2)
Playback(welcome)
Playback(nobody-knows)
Background(menu)
WaitExten(5)
Queue(help,,,,60)
Queue(none)
Dial(PJSIP/2001,20)
Dial(PJSIP/2002,20,t)
Dial(PJSIP/2001&PJSIP/2002)
Dial(PJSIP/2001&PJSIP/2002,20,tTk)
Queue(help,tT)
VoiceMailMain(${CALLERID(num)}@box)
AddQueueMember(help)
Pickup()
Dial(PJSIP/${EXTEN}@line)
Dial(PJSIP/${EXTEN:1}@line,60)
VoiceMail(2001@box,u)
VoiceMail(9999@box)
VoiceMailMain(2001@box)
Set(CALLERID(num)=2555${CALLERID(num)})
Set(X=${EXTEN})
Goto(s,1)
Goto(menu,s,1)
Goto(phones,${EXTEN},1)
Goto(phones,2001,1)
Goto(dialed-${DIALSTATUS},1)
GotoIf($[${DEVICE_STATE(PJSIP/2001)} = BUSY]?t,1:)
GotoIf($["${DIALSTATUS}" = "BUSY"]?t,1:i,1)
GotoIfTime(9:00-17:00,mon-fri,*,*?phones,2001,1)
GotoIfTime(22:00-06:00,*,*,*?phones,2001,1:menu,s,1)
Gosub(x,s,1)
Gosub(menu,s,1(2001,,x))
Return(x)
Macro(phones,2002)
Macro()
Read(KEY,menu,1,,2,5)
Read(KEY)
Goto(${KEY},1)
Goto(s-${DIALSTATUS},1)
WaitExten()
WaitExten(0.5)
Playback(menu)
Set(LOCAL(X)=$[${X} + 1])
Set(GLOBAL(NIGHT)=$[1 - ${NIGHT}])
Set(DB(x/${EXTEN})=1)
GotoIf($["${NIGHT}" = "1"]?phones,2001,1)
GotoIf($["${DB(x/y)}" = "1"]?menu,s,1:s,1)
GotoIf($["${CALLERID(num)}" = "0400000000"]?phones,2002,1)
GotoIf($[${X} > 3]?s,1)
GotoIf($["${QUEUESTATUS}" = "FULL"]?phones,2001,1)
ExecIf($["${EXTEN:0:1}" = "2"]?Goto(phones,2001,1):Set(X=2))
GosubIf($[${LEN(${EXTEN})} = 4]?menu,s,1(a):phones,2001,1)
Hangup(17)
Busy(5)
MixMonitor(x.wav)
Dial(PJSIP/0255502000@line,30)
VoiceMail(${ARG1}@box,u)
FollowMe(ann)
ConfBridge(talk)
ConfBridge(talk,small,boss,keys)
ConfBridge(talk,,guest)
Set(CONFBRIDGE(user,pin)=8319)
Set(CONFBRIDGE(bridge,max_members)=4)
AGI(x.agi)""".split("\n")  # noqa: SIM905 - a line each is easier to read
CONFBRIDGE = """\
[default_bridge]
type=bridge
record_conference=yes
[small]
type=bridge
max_members=3
sound_join=beep
[guest]
type=user
wait_marked=yes
pin=1234
music_on_hold_when_empty=yes
quiet=yes
[boss]
type=user
admin=yes
pin=x
[keys]
type=menu
1=toggle_mute
"""
FOLLOWME = """\
[general]
takecall=1
[ann]
context=phones
number=2002,15
number=0491570006,x
takecall=2
"""
PARKING = """\
[default]
parkext=700
parkpos=701-720
comebacktoorigin=no
comebackcontext=menu
findslot=next
"""
EXTENS = st.sampled_from(
    [
        "s",
        "t",
        "i",
        "h",
        "1",
        "2",
        "0",
        "2001",
        "2002",
        "2100",
        "25550100",
        "_2XXX",
        "_X.",
        "_0XXXXX",
        "+61255501000",
        "_255501XX",
        "dialed-BUSY",
        "_dialed-.",
        "_s-.",
        "e",
        "*28",
        "_0[1-3]X.",
        "2001/555",
    ]
)
ODD = st.sampled_from(
    [
        "include => menu",
        "include => phones",
        "include => inbound,9:00-17:00,*,*,*",
        "switch => R/x",
        "exten => _2XXX,hint,PJSIP/${EXTEN}",
        "same => n,Foo",
        "[menu",
        "ignorepat => 9",
        "NIGHT=0",
        "x",
    ]
)
EXTEN = st.builds(
    lambda name, steps: "\n".join(
        [f"exten => {name},1,{steps[0]}", *(f" same => n,{step}" for step in steps[1:])]
    ),
    EXTENS,
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=6),
)
CONTEXT = st.builds(
    lambda name, lines: "\n".join([f"[{name}]", *lines]),
    st.sampled_from(["phones", "inbound", "menu", "globals", "macro-phones", "general"]),
    st.lists(EXTEN | ODD, max_size=6),
)
DIALPLAN = st.lists(CONTEXT, max_size=6).map("\n".join)


def mixed(text: str) -> st.SearchStrategy[str]:
    """A file with some of its lines gone, twice there, or elsewhere."""
    lines = text.splitlines()
    return st.lists(st.sampled_from(lines), max_size=2 * len(lines)).map("\n".join)


FILES = st.builds(
    lambda dialplan, pjsip, voicemail, queues, confbridge, followme, parking: {
        **estate(pjsip=pjsip, voicemail=voicemail, queues=queues),
        "extensions.conf": dialplan,
        "confbridge.conf": confbridge,
        "followme.conf": followme,
        "res_parking.conf": parking,
    },
    DIALPLAN,
    st.just(PJSIP) | mixed(PJSIP),
    st.just(VOICEMAIL) | mixed(VOICEMAIL),
    st.just(QUEUES) | st.just(QUEUES + "context=menu\n") | mixed(QUEUES),
    st.just(CONFBRIDGE) | mixed(CONFBRIDGE),
    st.just(FOLLOWME) | mixed(FOLLOWME),
    st.just(PARKING) | mixed(PARKING),
)


@given(FILES)
def test_every_line_is_explained_or_listed(files: dict[str, str]) -> None:
    found = imported(files, SETTING)
    known = {*found.taken, *((u.file, u.line) for u in found.unexpressed)}
    ends = {u.file: u.line for u in found.unexpressed if "the file ends here" in u.reason}
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(r"\s*[^;\[\s]", line) and number <= ends.get(name, number):
                assert (name, number) in known, line


@given(FILES, st.sampled_from([SETTING, HOLDS_ALL]))
def test_whatever_is_made_is_canonical_and_names_only_what_there_is(
    files: dict[str, str], setting: Setting
) -> None:
    found = imported(files, setting)
    assert not any("its fields do not fit" in u.reason for u in found.unexpressed)
    boxes = {a for a, fields in found.objects.items() if fields.get("voicemail") is not None}
    for address, fields in found.objects.items():
        model = KINDS[address.kind].model.model_validate(fields)
        assert model.model_dump(mode="json", exclude_unset=True) == fields
        assert re.fullmatch(KINDS[address.kind].name_pattern, address.name)
        for reference in references(address.kind, fields):
            assert reference.target in (boxes if reference.mailbox else found.objects)


@given(FILES)
def test_nothing_that_no_object_explains_is_said_to_be_explained(files: dict[str, str]) -> None:
    found = imported(files, SETTING)
    for by in found.taken.values():
        for word in by:
            kind, slash, name = word.partition("/")
            if slash and kind in KINDS:
                assert (kind, name) in found.objects, word


@given(st.dictionaries(st.sampled_from(list(estate())), st.text(max_size=200), max_size=4))
def test_files_of_anything_raise_nothing(files: dict[str, str]) -> None:
    encodable = {name: text.encode(errors="replace").decode() for name, text in files.items()}
    imported(encodable, SETTING)
