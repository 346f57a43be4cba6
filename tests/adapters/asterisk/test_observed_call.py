from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.calls.observed_call import (
    CallObserver,
    Ending,
    ObservedCall,
    Stop,
    answered_ending,
    observed_journey,
    place_named,
)
from ccstate.journeys.call_tests import Person, agreement
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import walk
from ccstate.journeys.ways import End, Event, Place
from tests.journeys.strategies_journeys import Plain, centre

NUMBER = Place("number", "+61255500000")
MENU = Place("ivr", "main", "menu")
SALES = Place("queue", "sales")
ESTATE: Plain = {
    "number": {NUMBER.name: {"to": "ivr/main"}},
    "ivr": {
        "main": {
            "start": "menu",
            "nodes": {
                "menu": {
                    "type": "menu",
                    "prompt": "hello",
                    "choices": {"1": "queue/sales", "2": "bye"},
                },
                "bye": {"type": "hangup"},
            },
        }
    },
    "queue": {"sales": {"members": [{"extension": "2001"}]}},
    "extension": {"2001": {"device": "softphone", "voicemail": {}}},
}
FLOW = Flow(centre(ESTATE))


def message(kind: str, **more: str) -> Message:
    lines = [f"Event: {kind}", *(f"{key}: {value}" for key, value in more.items())]
    return Message("\r\n".join(lines).encode())


def told(place: str, event: str, **more: str) -> Message:
    """As Asterisk spells a UserEvent: its own `Event` first, ours behind the channel's."""
    rest = [
        f"Place: {place}",
        f"Event: {event}",
        *(f"{key}: {value}" for key, value in more.items()),
    ]
    lines = ["Event: UserEvent", "Uniqueid: 1.1", "UserEvent: Ccstate", *rest]
    return Message("\r\n".join(lines).encode())


COMING = [
    message("Newchannel", Uniqueid="1.1", CallerIDName="ccstate-1"),
    told(str(NUMBER), "enter"),
    told(str(NUMBER), "then"),
    told(str(MENU), "enter"),
]
TO_SALES = [*COMING, told(str(MENU), "key", Key="1"), told(str(SALES), "enter")]


def watched(*events: Message) -> ObservedCall:
    """The call as it stands after these events, a second apart."""
    watch = CallObserver()
    call = watch.expect("ccstate-1", 0)
    for now, event in enumerate(events, 1):
        watch.see(event, now)
    return call


def test_a_call_that_an_agent_answers_is_reported_as_it_was_walked() -> None:
    call = watched(
        *TO_SALES,
        message("DialBegin", Uniqueid="1.1", DialString="PJSIP/2001"),
        message("DialEnd", Uniqueid="1.1", DialStatus="ANSWER", DestChannel="PJSIP/2001-0000000a"),
        message("AgentConnect", Uniqueid="1.1", Interface="PJSIP/2001", MemberName="priya.n"),
        message("BridgeEnter", Uniqueid="1.1"),
    )
    assert call.is_talking
    assert call.answering == Person(member="priya.n", extension="2001")
    call.stops[-1].event = Event.ANSWERED
    heard = observed_journey(FLOW, call.stops, answered_ending(SALES, call.answering), over=20)
    assert (heard.end, heard.at) == (End.HUMAN, "queue/sales")
    assert [step.way.seconds for step in heard.steps] == [2, 2, 14]
    assert agreement(walk(FLOW, NUMBER, {}, ["1"]), heard).agrees


def test_where_the_two_part_is_the_first_step_that_is_not_the_same() -> None:
    call = watched(*COMING, told(str(MENU), "silence"))
    heard = observed_journey(FLOW, call.stops, None, over=20)
    walked = walk(FLOW, NUMBER, {}, ["1"])
    found = agreement(walked, heard)
    assert not found.agrees
    assert (found.common, found.same_end) == (1, False)
    assert found.walked == walked.steps[1]
    assert found.observed == heard.steps[1]


def test_a_call_that_the_site_ends_is_cut_off_unless_that_is_declared() -> None:
    declared = watched(
        *COMING,
        told(str(MENU), "key", Key="2"),
        told("ivr/main bye", "enter"),
        told("ivr/main bye", "then"),
        message("Hangup", Uniqueid="1.1"),
    )
    assert declared.is_over
    heard = observed_journey(FLOW, declared.stops, None, over=9)
    assert (heard.end, heard.at) == (End.HANGUP, "hangup")
    lost = observed_journey(
        FLOW, watched(*TO_SALES, message("Hangup", Uniqueid="1.1")).stops, None, over=9
    )
    assert (lost.end, lost.at) == (End.CUT_OFF, "")
    assert observed_journey(FLOW, [], None, over=9).end is End.CUT_OFF


def test_who_answers_an_extension_or_a_number_elsewhere_is_reported() -> None:
    phone = watched(
        *COMING,
        told("extension/2001", "enter"),
        message("DialBegin", Uniqueid="1.1", DialString="2001"),
        message("DialEnd", Uniqueid="1.1", DialStatus="ANSWER", DestChannel="PJSIP/2001-0000000a"),
    )
    assert phone.answering == Person(extension="2001")
    assert answered_ending(Place("extension", "2001"), phone.answering).at == "extension/2001"
    outside = watched(
        *COMING,
        message("DialBegin", Uniqueid="1.1", DialString="+61491570006@trunk-one"),
        message(
            "DialEnd", Uniqueid="1.1", DialStatus="ANSWER", DestChannel="PJSIP/trunk-one-0000000a"
        ),
    )
    assert outside.answering == Person(number="+61491570006")
    assert answered_ending(MENU, outside.answering) == Ending(End.HUMAN, "number/+61491570006")


def test_a_caller_in_a_conference_room_talks_to_those_who_are_there() -> None:
    joins = message("ConfbridgeJoin", Uniqueid="1.1", Conference="weekly")
    call = watched(*COMING, told("conference_room/weekly", "enter"), joins)
    assert call.is_talking
    assert call.answering is not None
    found = answered_ending(Place("conference_room", "weekly"), call.answering)
    assert found == Ending(End.HUMAN, "conference_room/weekly")


def test_a_phone_that_does_not_answer_is_no_person() -> None:
    call = watched(
        *COMING,
        message("DialBegin", Uniqueid="1.1", DialString="2001"),
        message(
            "DialEnd", Uniqueid="1.1", DialStatus="NOANSWER", DestChannel="PJSIP/2001-0000000a"
        ),
        message("BridgeEnter", Uniqueid="1.1"),
    )
    assert not call.is_talking


def test_other_calls_and_other_events_are_passed_over() -> None:
    call = watched(
        *COMING,
        message("Newchannel", Uniqueid="1.2", CallerIDName="Priya"),
        message("Hangup", Uniqueid="1.2"),
        message("UserEvent", Uniqueid="1.1", UserEvent="Other", Place="queue/sales"),
        told("no place", "enter"),
        told(str(MENU), "no event that we know"),
    )
    assert [stop.place for stop in call.stops] == [NUMBER, MENU]
    assert not call.is_over


def test_only_a_call_that_is_in_voicemail_leaves_a_message() -> None:
    watch = CallObserver()
    watch.expect("ccstate-1", 0)
    watch.see(COMING[0], 0)
    assert (
        watch.recording([message("CoreShowChannel", Uniqueid="1.1", Application="Playback")])
        == set()
    )
    found = watch.recording([message("CoreShowChannel", Uniqueid="1.1", Application="VoiceMail")])
    assert found == {"ccstate-1"}


def test_places_are_read_as_they_are_written() -> None:
    for place in (NUMBER, MENU, SALES, Place("extension", "2900", "voicemail")):
        assert place_named(str(place)) == place
    for text in ("", "queue", "queue/", "queue/a b c", "/a", "queue/" + 201 * "a"):
        assert place_named(text) is None


def test_a_stop_that_tells_nothing_more_is_one_that_was_passed() -> None:
    heard = observed_journey(FLOW, [Stop(NUMBER, 0), Stop(SALES, 1)], None, over=2)
    assert [step.way.event for step in heard.steps] == [Event.THEN, Event.THEN]
