from ccstate.adapters.asterisk.calls.run import Turns
from tests.journeys.strategies_journeys import Plain, centre

ESTATE: Plain = {
    "queue": {
        "sales": {"members": [{"extension": "2001"}, {"extension": "2002"}], "wrap_up": "30s"},
        "nobody": {"members": []},
    },
    "extension": {name: {"device": "softphone"} for name in ("2001", "2002")},
}


def test_as_many_calls_begin_as_there_are_people_who_are_not_wrapping_up() -> None:
    turns = Turns(centre(ESTATE))
    turns.begin("queue/sales")
    assert turns.may_begin("queue/sales", 0)
    turns.begin("queue/sales")
    assert not turns.may_begin("queue/sales", 0)
    turns.end("queue/sales", 10)
    assert not turns.may_begin("queue/sales", 40)
    assert turns.may_begin("queue/sales", 42)


def test_calls_that_end_elsewhere_wait_for_no_one() -> None:
    turns = Turns(centre(ESTATE))
    for at in ("voicemail/2001", "extension/2001", "hangup", "", "queue/gone"):
        turns.begin(at)
        turns.begin(at)
        assert turns.may_begin(at, 0)
        turns.end(at, 0)


def test_a_queue_without_agents_is_called_once_at_a_time() -> None:
    turns = Turns(centre(ESTATE))
    assert turns.may_begin("queue/nobody", 0)
    turns.begin("queue/nobody")
    assert not turns.may_begin("queue/nobody", 0)
