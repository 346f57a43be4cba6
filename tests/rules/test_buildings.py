import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.rules import RULES, Breach
from tests.rules.estates import estate

RULE = RULES["CC212"]

SITES = """
sites:
  sydney: {timezone: Australia/Sydney}
  perth: {timezone: Australia/Perth}
  brisbane: {timezone: Australia/Brisbane, role: backup}
extensions:
  "2101": {site: sydney}
  "2102": {site: sydney}
  "2103": {site: sydney, device: none, voicemail: {}}
  "6101": {site: perth}
  "9101": {}
users:
  ana.p: {name: Ana Petrov, site: sydney, extension: "2101"}
  kim.l: {name: Kim Larsen, extension: "2102"}
  lee.m: {name: Lee Marsh, site: perth}
trunks:
  carrier: {host: sip.example.net}
"""


def found(queues: str, others: str = "") -> list[Breach]:
    return list(RULE.check(estate(f"{SITES}\n{others}\nqueues: {{{queues}}}")))


SYDNEY = 'members: [{user: ana.p}, {user: kim.l}, {extension: "2102"}]'


@pytest.mark.parametrize(
    "queues",
    [
        f"q: {{{SYDNEY}}}",
        f"q: {{{SYDNEY}, overflow: {{after: 2m, to: voicemail/2103, empty: extension/2101}}}}",
        f"q: {{{SYDNEY}, overflow: {{empty: hangup}}}}",
        f"q: {{{SYDNEY}, overflow: {{empty: extension/2103}}}}",
        "q: {members: [{user: ana.p}, {user: lee.m}]}",
    ],
)
def test_a_queue_that_one_building_answers_needs_a_way_out(queues: str) -> None:
    [problem] = found(queues)
    assert problem.path == ("members",)
    assert problem.message == "everybody who can answer queue/q works at site/sydney"


@pytest.mark.parametrize(
    "queues",
    [
        'q: {members: [{user: ana.p}, {extension: "6101"}]}',
        'q: {members: [{user: ana.p}, {extension: "9101"}]}',
        'q: {members: [{extension: "9101"}]}',
        "q: {members: [{user: lee.m}]}",
        "q: {members: []}",
        f"q: {{{SYDNEY}, overflow: {{empty: extension/6101}}}}",
        f"q: {{{SYDNEY}, overflow: {{after: 2m, to: extension/9101}}}}",
        (
            f"q: {{{SYDNEY}, overflow: {{empty: queue/r}}}}, "
            f"r: {{{SYDNEY}, overflow: {{empty: queue/q, after: 1m, to: queue/s}}}}, "
            's: {members: [{extension: "6101"}, {user: ana.p}]}'
        ),
    ],
)
def test_people_elsewhere_or_who_may_be_elsewhere_will_do(queues: str) -> None:
    assert found(queues) == []


def test_two_queues_of_one_building_do_not_save_each_other() -> None:
    queues = (
        f"q: {{{SYDNEY}, overflow: {{empty: queue/r}}}}, "
        f"r: {{{SYDNEY}, overflow: {{empty: queue/q}}}}"
    )
    assert [problem.address.name for problem in found(queues)] == ["q", "r"]


def test_ways_out_are_followed_through_trees_and_numbers() -> None:
    queues = f"q: {{{SYDNEY}, overflow: {{empty: ivr/tree}}}}"
    tree = "ivrs: {{tree: {{start: go, nodes: {{go: {{type: goto, to: {}}}}}}}}}"
    number = 'numbers: {{"+61255501001": {{to: {}}}}}'
    over = tree.format("number/+61255501001") + "\n"
    assert found(queues, over + number.format("extension/6101")) == []
    assert len(found(queues, over + number.format("extension/2101"))) == 1


def test_an_outside_number_is_elsewhere() -> None:
    queues = f"q: {{{SYDNEY}, overflow: {{empty: ivr/tree}}}}"
    tree = 'ivrs: {tree: {start: go, nodes: {go: {type: dial, number: "+61255501099"}}}}'
    assert found(queues, tree) == []


def test_where_people_work_at_one_site_only_no_agent_can_take_over() -> None:
    text = """
    sites:
      sydney: {timezone: Australia/Sydney}
      brisbane: {timezone: Australia/Brisbane, role: backup}
    extensions:
      "2101": {site: sydney}
    queues:
      q: {members: [{extension: "2101"}]}
    """
    assert list(RULE.check(estate(text))) == []


NAMES = "abcde"
WAYS = ("to", "empty")
QUEUES = st.fixed_dictionaries(
    {
        name: st.tuples(
            st.sets(st.sampled_from(["2101", "2102", "6101"]), max_size=2),
            st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        )
        for name in NAMES
    }
)


@given(QUEUES)
def test_only_agents_that_calls_can_reach_count(
    queues: dict[str, tuple[set[str], list[str]]],
) -> None:
    def reachable(name: str, seen: set[str]) -> set[str]:
        if name not in seen:
            seen.add(name)
            for target in queues[name][1]:
                reachable(target, seen)
        return seen

    def sites(names: set[str]) -> set[str]:
        return {member[0] for name in names for member in queues[name][0]}

    text = ", ".join(
        f"{name}: {{members: [{', '.join(f'{{extension: {member!r}}}' for member in members)}], "
        f"overflow: {{{', '.join(f'{way}: queue/{to}' for way, to in zip(WAYS, ways, strict=False))}}}}}"
        for name, (members, ways) in queues.items()
    )
    alone = [name for name in NAMES if sites({name}) and len(sites(reachable(name, set()))) == 1]
    assert sorted(problem.address.name for problem in found(text)) == alone
