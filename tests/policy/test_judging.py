"""Verdicts: whose approval counts, what an emergency goes beyond, and what nothing goes beyond."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.authority import Approval, Authority, Request
from ccstate.desired.policy import PolicyForm
from ccstate.model import Action, Address, Change, Edit, Plan, Rollback, Step, Why
from ccstate.policy import Policy, Verdict, judge

NOW = datetime(2026, 12, 24, 10, 0, tzinfo=UTC)
HEAD, OLDER, MERGE = "a" * 40, "b" * 40, "c" * 40
PEOPLE: dict[str, Any] = {
    "priya": {"login": "Priya-N", "account": "priya", "emails": ["priya@example.com"]},
    "kim": {"login": "kim", "account": "kim", "emails": ["kim@example.com"]},
    "sam": {},
}
ALWAYS = {"start": "2026-01-01T00:00", "end": "2027-12-31T00:00"}


def policy(**form: Any) -> Policy:
    return Policy(PolicyForm.model_validate({"people": PEOPLE, "timezone": "UTC", **form}))


def change(
    address: str, action: Action = Action.UPDATE, fields: Sequence[str] = ("label",), site: str = ""
) -> Change:
    kind, name = address.split("/")
    edits = tuple(Edit(field, "a", "b", why=Why.YOU) for field in fields)
    ledger = None if action is Action.DELETE else {"site": site} if site else {}
    return Change("main", action, Address(kind, name), Why.YOU, "absent", edits, ledger)


def plan(*changes: Change, commit: str = MERGE) -> Plan:
    return Plan(commit, (Step("main", changes or (change("queue/sales"),)),), {}, {})


def review(by: str, commit: str = HEAD) -> Approval:
    return Approval(by, "2026-12-24T09:00:00+00:00", "review", commit)


def codes(verdict: Verdict) -> list[str]:
    return [problem.code for problem in (*verdict.blocked, *verdict.frozen)]


def test_no_policy_asks_for_nothing() -> None:
    assert judge(Policy(PolicyForm()), plan(), Authority(), NOW) == Verdict()


def test_people_alone_ask_for_nothing() -> None:
    assert policy().is_empty or judge(policy(), plan(), Authority(), NOW) == Verdict()


APPROVALS = {
    "approvals": [{"who": ["telephony"], "count": 1}],
    "teams": {"telephony": ["priya", "kim"]},
}


@pytest.mark.parametrize(
    "approval, is_counted",
    [
        (review("Priya-N"), True),
        (review("priya-n"), True),
        (review("kim"), True),
        (review("sam"), False),  # not of the team
        (review("priya"), False),  # a login that the policy does not name
        (review("kim@example.com"), False),
        (review("kim", OLDER), False),
        (review("kim", MERGE), True),
        (review("kim", ""), True),  # the code host says which are current
        (Approval("Kim <kim@example.com>", "", "trailer", HEAD), True),
        (Approval("Kim <kim@example.com>", "", "trailer", OLDER), False),
        (Approval("Kim <kim@example.com>", "", "trailer", ""), False),
        (Approval("Priya-N", "", "trailer", HEAD), False),
    ],
)
def test_which_approval_counts(approval: Approval, is_counted: bool) -> None:
    authority = Authority(approvals=(approval,), author="other", head=HEAD)
    verdict = judge(policy(**APPROVALS), plan(), authority, NOW)
    assert codes(verdict) == ([] if is_counted else ["CC841"])
    assert verdict.needs[0].given == ((approval,) if is_counted else ())


@pytest.mark.parametrize(
    "author, authors",
    [
        ("kim", ()),
        ("KIM", ()),
        ("Kim <kim@example.com>", ()),
        ("someone", ("Kim <KIM@example.com>",)),
        ("someone", ("K <12345+Kim@users.noreply.github.com>",)),
        ("someone", ("K <kim@users.noreply.github.com>",)),
        ("someone", ("K <12345-kim@users.noreply.gitlab.com>",)),
    ],
)
def test_no_one_approves_their_own_change(author: str, authors: tuple[str, ...]) -> None:
    authority = Authority(approvals=(review("kim"),), author=author, authors=authors, head=HEAD)
    verdict = judge(policy(**APPROVALS), plan(), authority, NOW)
    assert codes(verdict) == ["CC841"]
    assert "wrote the change" in verdict.blocked[0].cause
    assert verdict.blocked[0].hint == "ask for a review of this commit: priya"
    both = {**APPROVALS, "approvals": [{"who": ["telephony"], "count": 2}]}
    (problem,) = judge(policy(**both), plan(), authority, NOW).blocked
    assert "too few of them are left" in problem.hint


def test_what_is_not_committed_is_approved_by_no_one() -> None:
    authority = Authority(approvals=(review("kim"), review("Priya-N", "")), head=HEAD)
    verdict = judge(policy(**APPROVALS), plan(commit=f"{MERGE}+"), authority, NOW)
    assert codes(verdict) == ["CC841"]
    assert "commit" in verdict.blocked[0].hint


def test_a_person_is_known_by_the_name_only_where_nothing_else_is_said() -> None:
    people = {"lee": {"emails": ["lee@example.com"]}, "sam": {}}
    form = policy(people=people, approvals=[{"who": ["lee", "sam"]}])
    for login, found in (("lee", ["CC841"]), ("sam", [])):
        authority = Authority(approvals=(review(login),), head=HEAD)
        assert codes(judge(form, plan(), authority, NOW)) == found


@pytest.mark.parametrize(
    "by, words",
    [
        ("Lee", 'give the person "lee" login: Lee'),
        ("stranger", "stranger approved, and the policy names no person with that login."),
    ],
)
def test_an_approval_by_a_login_that_no_person_has_says_so(by: str, words: str) -> None:
    people = {"lee": {"emails": ["lee@example.com"]}, "sam": {}}
    form = policy(people=people, approvals=[{"who": ["lee", "sam"]}])
    (problem,) = judge(form, plan(), Authority(approvals=(review(by),), head=HEAD), NOW).blocked
    assert words in problem.cause
    assert problem.message == "lee or sam must approve queue/sales"


@pytest.mark.parametrize(
    "rule, words",
    [
        ({"who": ["kim"]}, "kim must approve"),
        ({"who": ["telephony"]}, "one of telephony must approve"),
        ({"who": ["telephony"], "count": 2}, "2 of telephony must approve"),
    ],
)
def test_whose_approval_is_missing_is_said_in_plain_words(rule: dict[str, Any], words: str) -> None:
    form = policy(teams=APPROVALS["teams"], approvals=[rule])
    (problem,) = judge(form, plan(), Authority(), NOW).blocked
    assert problem.message.startswith(words)


def test_what_was_approved_is_not_its_way_back() -> None:
    back = replace(plan(), rollback=Rollback("a" * 12, OLDER))
    authority = Authority(approvals=(review("kim"), review("Priya-N", "")), head=HEAD)
    (problem,) = judge(policy(**APPROVALS), back, authority, NOW).blocked
    assert problem.code == "CC841"
    assert "emergency" in problem.hint


def test_two_approvals_are_of_two_people() -> None:
    form = {**APPROVALS, "approvals": [{"who": ["telephony"], "count": 2}]}
    twice = (review("kim"), Approval("kim@example.com", "", "trailer", HEAD))
    one = judge(policy(**form), plan(), Authority(approvals=twice, head=HEAD), NOW)
    assert codes(one) == ["CC841"]
    both = Authority(approvals=(*twice, review("Priya-N")), head=HEAD)
    assert codes(judge(policy(**form), plan(), both, NOW)) == []


@pytest.mark.parametrize(
    "scope, is_concerned",
    [
        ({"kinds": ["queue"]}, True),
        ({"kinds": ["number"]}, False),
        ({"sites": ["sydney"]}, True),
        ({"sites": ["perth"]}, False),
        ({"targets": ["main"]}, True),
        ({"targets": ["lab"]}, False),
        ({"environments": ["production"]}, True),
        ({"environments": ["staging"]}, False),
        ({"fields": ["queue.overflow"]}, True),
        ({"fields": ["queue.overflow.after"]}, True),
        ({"fields": ["queue.label"]}, False),
        ({"fields": ["queue.over"]}, False),
        ({"fields": ["number.overflow"]}, False),
        ({"kinds": ["queue"], "sites": ["perth"]}, False),
    ],
)
def test_which_changes_a_rule_concerns(scope: dict[str, Any], is_concerned: bool) -> None:
    form = policy(approvals=[{"who": ["kim"], **scope}])
    planned = plan(change("queue/sales", fields=("overflow.after",), site="sydney"))
    planned = replace(planned, environment="production")
    assert codes(judge(form, planned, Authority(), NOW)) == ["CC841"] * is_concerned


def test_an_object_that_moves_concerns_both_sites() -> None:
    moved = Change(
        "main",
        Action.UPDATE,
        Address("extension", "2101"),
        Why.YOU,
        "x",
        (Edit("site", "perth", "sydney", why=Why.YOU),),
        {"site": "sydney"},
    )
    for site in ("perth", "sydney"):
        form = policy(approvals=[{"who": ["kim"], "sites": [site]}])
        assert codes(judge(form, plan(moved), Authority(), NOW)) == ["CC841"]


def test_trailers_limits_and_protection() -> None:
    form = policy(
        trailers=["Request", "Window"],
        limits={"changes": 2, "kinds": {"queue": 1}},
        protected=["number/*", "queue/emergency"],
    )
    changes = [
        change("queue/emergency", Action.DELETE),
        change("queue/sales"),
        change("number/+61255501234", Action.RELEASE),
    ]
    verdict = judge(form, plan(*changes), Authority(Request(window="at night")), NOW)
    assert codes(verdict) == ["CC842", "CC842", "CC843", "CC843", "CC844", "CC844"]
    assert [p.code for p in verdict.refused] == ["CC843", "CC843", "CC844", "CC844"]


def test_protection_lets_a_protected_object_be_changed() -> None:
    assert codes(judge(policy(protected=["queue/*"]), plan(), Authority(), NOW)) == []


def test_a_freeze_says_why_and_when_it_ends() -> None:
    christmas = {"date": "2026-12-20", "until": "2027-01-05", "reason": "Nobody is on call"}
    form = policy(timezone="Australia/Sydney", freezes={"christmas": christmas})
    (problem,) = judge(form, plan(), Authority(), NOW).frozen
    assert problem.code == "CC846"
    assert problem.cause == "Nobody is on call"
    assert "Wed 2027-01-06 00:00 Australia/Sydney" in problem.hint


def test_a_window_of_some_changes_leaves_the_others_free() -> None:
    form = policy(
        windows={"nights": {"hours": ["22:00-04:00"], "weekdays": ["mon"], "kinds": ["number"]}}
    )
    assert codes(judge(form, plan(), Authority(), NOW)) == []
    number = plan(change("number/+61255501234"), change("queue/sales"))
    (problem,) = judge(form, number, Authority(), NOW).frozen
    assert "Mon 2026-12-28 22:00" in problem.hint


@pytest.mark.parametrize(
    "window, found",
    [
        ("2026-12-24T09:00/2026-12-24T11:00", []),
        ("2026-12-24T20:00+11:00/2026-12-24T22:00+11:00", []),
        ("2026-12-25T09:00/2026-12-25T11:00", ["CC846"]),
        ("thursdays", []),
        ("fridays", ["CC846"]),
    ],
)
def test_a_change_may_ask_for_its_own_window(window: str, found: list[str]) -> None:
    form = policy(
        trailers=["Window"],
        windows={"thursdays": {"weekdays": ["thu"]}, "fridays": {"weekdays": ["fri"]}},
    )
    assert codes(judge(form, plan(), Authority(Request(window=window)), NOW)) == found


# Emergencies

STRICT = {
    **APPROVALS,
    "trailers": ["Request"],
    "limits": {"changes": 0},
    "freezes": {"now": ALWAYS},
    "emergency": {"who": ["priya"]},
}
URGENT = Request(emergency="the trunk is down")


@pytest.mark.parametrize(
    "authority, is_granted",
    [
        (Authority(URGENT, author="Priya-N"), True),
        (Authority(URGENT, author="kim"), False),
        # Whatever a commit says of its author: anyone writes that.
        (Authority(URGENT, author="Priya <priya@example.com>"), False),
        (Authority(URGENT, author="Priya <priya@example.com>", signed_by="priya"), True),
        (Authority(URGENT, author="kim", signed_by="kim"), False),
        # Who applies what another one calls an emergency does not declare it.
        (Authority(URGENT, author="kim", applied_by="Priya-N", run="https://ci.example/1"), False),
        (Authority(URGENT, declared_by="Priya-N", run="https://ci.example/1"), True),
        (Authority(URGENT, author="Priya-N", declared_by="kim", run="https://ci.example/1"), False),
        (Authority(URGENT, declared_by="priya", host="ops-1"), True),
        (Authority(URGENT, declared_by="kim", host="ops-1"), False),
        (Authority(Request(emergency="  "), author="Priya-N"), False),
        (Authority(Request(), author="Priya-N"), False),
    ],
)
def test_an_emergency_is_the_proved_word_of_a_named_person(
    authority: Authority, is_granted: bool
) -> None:
    verdict = judge(policy(**STRICT), plan(), authority, NOW)
    assert (codes(verdict) == []) == is_granted
    assert bool(verdict.emergency) == is_granted
    if is_granted:
        overruled = {problem.code for problem in verdict.overruled}
        assert overruled == {"CC841", "CC842", "CC843", "CC846"}


def test_an_account_of_one_machine_is_no_one_elsewhere() -> None:
    people = {**PEOPLE, "priya": {"account": "pn@ops-1"}}
    for host, found in (("ops-1", []), ("ops-2", ["CC845"])):
        form = policy(**{**STRICT, "people": people})
        authority = Authority(URGENT, declared_by="pn", host=host)
        said = codes(judge(form, plan(), authority, NOW))
        assert [code for code in said if code == "CC845"] == found


def test_an_emergency_goes_never_beyond_protection() -> None:
    form = policy(**STRICT, protected=["queue/sales"])
    gone = plan(change("queue/sales", Action.DELETE))
    verdict = judge(form, gone, Authority(URGENT, author="Priya-N"), NOW)
    assert codes(verdict) == ["CC844"]


def test_an_emergency_where_nothing_stands_in_the_way_is_none() -> None:
    form = policy(emergency={"who": ["priya"]}, protected=["number/*"])
    assert judge(form, plan(), Authority(URGENT, author="kim"), NOW).emergency == ""


LOGINS = st.sampled_from(["Priya-N", "kim", "sam", "stranger"])
APPROVED = st.lists(
    st.builds(review, LOGINS, st.sampled_from([HEAD, OLDER, MERGE, ""])), max_size=5
)


@given(LOGINS, APPROVED, st.integers(1, 3), st.booleans(), st.booleans())
def test_approvals_count_once_a_person_and_never_the_author(
    author: str, approvals: list[Approval], count: int, is_frozen: bool, is_urgent: bool
) -> None:
    freezes = {"now": ALWAYS} if is_frozen else {}
    form = policy(
        approvals=[{"who": ["priya", "kim", "sam"], "count": count}],
        freezes=freezes,
        emergency={"who": ["sam"]},
    )
    request = URGENT if is_urgent else Request()
    authority = Authority(request, tuple(approvals), author, head=HEAD)
    verdict = judge(form, plan(), authority, NOW)
    named = {"Priya-N", "kim", "sam"}
    good = {a.by for a in approvals if a.commit != OLDER and a.by != author} & named
    (need,) = verdict.needs
    assert {approval.by for approval in need.given} == good
    assert len(need.given) == len(good)
    held_up = len(good) < count or is_frozen
    granted = is_urgent and author == "sam"
    assert bool(codes(verdict)) == (held_up and not granted)
    assert bool(verdict.emergency) == (held_up and granted)
    # What is approved less is never freer.
    if approvals and not verdict.emergency:
        less = judge(form, plan(), replace(authority, approvals=tuple(approvals[1:])), NOW)
        assert bool(less.blocked) >= bool(verdict.blocked)
