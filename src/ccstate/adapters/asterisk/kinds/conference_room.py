"""Conference rooms: a context that asks for a PIN, sets the room up, and lets the caller in.

Rooms are set up by `CONFBRIDGE()` in the dialplan and not in confbridge.conf, of whose profiles AMI
shows nothing (16.28 and 22.10): so all of a room is read back as it runs. The PINs are accounts of
PJSIP without an endpoint, which no phone can log in with: the dialplan compares what is typed with
them by `AST_SORCERY()`, and neither it nor its readers know them.
"""

from collections.abc import Iterator, Mapping

from ccstate.adapters.asterisk import in_call
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    Key,
    Step,
)
from ccstate.adapters.asterisk.kind import (
    COMMENT,
    NO_RETENTION,
    Kind,
    Sections,
    Steps,
    Unit,
    in_contexts,
)
from ccstate.adapters.asterisk.places import (
    context,
    enter_step,
    follow,
    prompt_sound,
    shortened,
)
from ccstate.adapters.asterisk.rows import COUNT, Decoded, Template, decoded
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Event, Place

PINS: Mapping[str, str] = {"pin": "ccstate-pin-", "moderator_pin": "ccstate-moderator-"}
"""Fields with a PIN, and how the id of its account begins."""
TRIES = 3
"""How often a caller may type a PIN, as in ConfBridge()."""

MOST = Template("Set", "CONFBRIDGE(bridge,max_members)=<most>")
FULL = Template("GotoIf", "$[${CONFBRIDGE_INFO(parties,<room>)} >= <most>]?full,1")
MUSIC = Template("Set", "CONFBRIDGE(user,music_on_hold_class)=<music>")
RECORDS = Step("Set", "CONFBRIDGE(bridge,record_conference)=yes", "recording.when")
RECORD_FILE = Template("Set", "CONFBRIDGE(bridge,record_file)=<folder>/${UNIQUEID}.wav")
RECORD_OWN = Template("MixMonitor", "<folder>/${UNIQUEID}.wav")
"""Records what a moderator hears and says."""
JOIN = Template("ConfBridge", "<room>")
_CONTEXT = "conference_room/"


def compile_conference_room(unit: Unit) -> None:
    """Compile the context of one room, its number inside, and its PINs."""
    room, name, place, flow = unit.fields, unit.name, unit.place, unit.flow
    where = unit.entrance()
    pins = {field: shortened(prefix + name) for field, prefix in PINS.items() if room.get(field)}
    joins = [
        *_full_steps(name, room),
        JOIN.step(room=shortened(name)),
        Step("Hangup"),
    ]
    enter = [enter_step(place), *_answer_steps(flow, room), *_setup_steps(room)]
    # Who places a call test knows no PIN, and comes in as a member.
    knows = [Step("GotoIf", '$["${CC_AT}" != ""]?member,1')] if unit.setting.is_test_site else []
    where.add("s", [*enter, *([*knows, *_pin_steps(pins)] if pins else joins)])
    if pins:
        waits = Step("Set", "CONFBRIDGE(user,wait_marked)=yes", "moderator_pin")
        where.add("member", [*([waits] if "moderator_pin" in pins else ()), *joins])
    if "moderator_pin" in pins:
        where.add("moderator", [*_moderator_steps(place, room), *joins])
        where.add("record", list(_own_recording_steps(room)))
    if room["max_members"]:
        full = next(way for way in flow.ways(place) if way.event is Event.BUSY)
        where.add("full", [Step("Playback", "conf-full"), *follow(place, full)])
    for field, account in pins.items():
        for option, text in (
            ("auth_type", "userpass"),
            ("username", account),
            ("password", str(room[field])),
        ):
            unit.compiled.say(Key(ACCOUNTS, "auth", account, option), text, unit.address, field)
    unit.inside(room.get("extension"), place)


def _answer_steps(flow: Flow, room: Filled) -> list[Step]:
    """Answers the call, with the notice of a recording where there is one."""
    notice = (room.get("recording") or {}).get("notice")
    return in_call.notice_steps(room, prompt_sound(flow, notice, None)) or [Step("Answer")]


def _setup_steps(room: Filled) -> Iterator[Step]:
    """Set up what holds for all callers in the room; the first caller makes it."""
    yield MOST.step("max_members", most=room["max_members"])
    if music := room.get("music"):
        yield Step("Set", "CONFBRIDGE(user,music_on_hold_when_empty)=yes", "music")
        yield MUSIC.step("music", music=music)
    if in_call.recording_mode(room) == "always":
        yield RECORDS
        yield RECORD_FILE.step("recording.folder", folder=in_call.folder(room))


def _full_steps(name: str, room: Filled) -> list[Step]:
    """ConfBridge() lets moderators into a full room, and hangs up on others without a word."""
    if not room["max_members"]:
        return []
    return [FULL.step("max_members", room=shortened(name), most=room["max_members"])]


def _pin_steps(pins: Mapping[str, str]) -> list[Step]:
    """Asks for a PIN; with the PIN of moderators alone, who types nothing comes in as a member."""
    # Digits are compared behind a letter, for Asterisk takes 012 and 12 for the same number.
    leads = [
        Step(
            "GotoIf",
            f'$["p${{CC_PIN}}" = "p${{AST_SORCERY(res_pjsip,auth,{pins[field]},password)}}"]'
            f"?{extension},1",
            field,
        )
        for field, extension in (("moderator_pin", "moderator"), ("pin", "member"))
        if field in pins
    ]
    nothing = "?wrong" if "pin" in pins else "?member,1"
    return [
        Step("Set", "CC_TRY=0"),
        Step("Set", "CC_TRY=$[${CC_TRY} + 1]", label="again"),
        Step("Read", "CC_PIN,conf-getpin,,,1,10"),
        # Without func_sorcery every PIN would be empty.
        Step("GotoIf", f'$["${{CC_PIN}}" = ""]{nothing}', "pin"),
        *leads,
        Step("Playback", "conf-invalidpin", label="wrong"),
        Step("GotoIf", f"$[${{CC_TRY}} < {TRIES}]?again"),
        Step("Hangup"),
    ]


def _moderator_steps(place: Place, room: Filled) -> Iterator[Step]:
    yield Step("Set", "CONFBRIDGE(user,admin)=yes", "moderator_pin")
    yield Step("Set", "CONFBRIDGE(user,marked)=yes", "moderator_pin")
    if in_call.recording_mode(room) == "on_demand":
        code = in_call.CODES["automixmon"]
        runs = f"CONFBRIDGE(menu,{code})=dialplan_exec({context(place)},record,1)"
        yield Step("Set", runs, "recording.when")


def _own_recording_steps(room: Filled) -> Iterator[Step]:
    """Begins a recording, or ends it; behind the last step ConfBridge() goes on (16.28, 22.10)."""
    if in_call.recording_mode(room) != "on_demand":
        return
    yield Step("GotoIf", '$["${CC_RECORDS}" = "1"]?stop', "recording.when")
    yield Step("Set", "CC_RECORDS=1")
    yield RECORD_OWN.step("recording.folder", folder=in_call.folder(room))
    yield Step("Goto", "told")
    yield Step("Set", "CC_RECORDS=0", label="stop")
    yield Step("StopMixMonitor")
    yield Step("Playback", "beep", label="told")


def decode_conference_room(sections: Sections, name: str) -> Decoded:
    """Decode the fields that a room's context, its number inside and its PINs say."""
    place = Place("conference_room", name)
    extensions = sections.context(context(place))
    steps = extensions.get("s", ())
    return {
        ("extension",): sections.number(place),
        ("max_members",): decoded(COUNT, MOST.find(steps).get("most")),
        ("music",): MUSIC.find(steps).get("music"),
        **{
            (field,): sections.pjsip("auth", shortened(prefix + name)).get("password")
            for field, prefix in PINS.items()
        },
        **_decoded_recording(steps, extensions.get("record", ())),
    }


def _decoded_recording(steps: Steps, own: Steps) -> Decoded:
    """When a room is recorded, where to, and the notice that callers hear."""
    always = RECORD_FILE.find(steps).get("folder")
    folder = always if always is not None else RECORD_OWN.find(own).get("folder")
    said = "always" if always is not None else "never" if folder is None else "on_demand"
    return in_call.recording_fields(said, folder, steps)


CONFERENCE_ROOM = Kind(
    name="conference_room",
    compile=compile_conference_room,
    decode=decode_conference_room,
    primary=(DIALPLAN, _CONTEXT),
    names=in_contexts(_CONTEXT),
    mapped="extension pin moderator_pin music max_members "
    "recording.when recording.notice recording.folder",
    kept={"label": COMMENT, "recording.keep_days": NO_RETENTION},
)
