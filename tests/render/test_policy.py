"""What people write into policies, trailers and logins comes alive nowhere."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ccstate.authority import Approval
from ccstate.desired.policy import PolicyForm
from ccstate.errors import Diagnostic
from ccstate.policy import Need, Opening, Policy, Verdict
from ccstate.render.policy import JudgedPlan, verdict_markdown, verdict_text
from ccstate.render.text import PLAIN, columns
from tests.render.test_markdown import NAMES, TROUBLE, assert_inert

PROBLEMS = st.lists(
    st.builds(Diagnostic, st.just("CC841"), NAMES, st.none(), TROUBLE, TROUBLE), max_size=2
)
NEEDS = st.lists(
    st.builds(
        Need,
        st.lists(NAMES, min_size=1, max_size=2).map(tuple),
        st.integers(1, 2),
        NAMES,
        st.lists(st.builds(Approval, NAMES, TROUBLE, st.just("review"), TROUBLE), max_size=2).map(
            tuple
        ),
    ),
    max_size=2,
).map(tuple)
JUDGED = st.builds(
    JudgedPlan,
    st.builds(
        Verdict,
        PROBLEMS.map(tuple),
        PROBLEMS.map(tuple),
        NEEDS,
        TROUBLE,
        st.sampled_from([None, Opening(True, datetime(2026, 12, 24, tzinfo=UTC))]),
        PROBLEMS.map(tuple),
    ),
    st.just(Policy(PolicyForm(timezone="Australia/Sydney"), {}, "0123456789abcdef")),
)


@given(JUDGED)
def test_nothing_in_a_verdict_comes_alive_in_a_comment(judged: JudgedPlan) -> None:
    assert_inert(verdict_markdown(judged))


@given(JUDGED, st.integers(40, 100))
def test_nothing_in_a_verdict_reaches_the_terminal_as_a_command(
    judged: JudgedPlan, width: int
) -> None:
    text = verdict_text(judged, width, PLAIN)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text
    )
    assert all(columns(line) <= width for line in text.split("\n"))
