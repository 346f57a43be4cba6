"""The pack for an assessor: whole, read as Markdown, and nothing in it comes alive."""

import re
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given

from ccstate.audit.chain import Checked
from ccstate.audit.evidence import ELEMENTS, Evidence, evidence
from ccstate.render.evidence import pack
from tests.render.test_audit import FAILED, FOUND, HOSTILE, MONTH, NOTHING, WHOLE, hostile
from tests.render.test_markdown import assert_inert

Golden = Callable[[str, str], None]
SOUND = Checked(4, ["plans/"], [])
PACK = evidence(MONTH, SOUND)

CRITERIA = [
    *("1.1", "1.2", "1.3", "1.4", "1.5"),
    *("2.1", "2.2", "2.3", "2.4", "2.5"),
    *("3.1", "3.2", "3.3", "3.4"),
]
"""As training.gov.au numbers them in BSBCCO407A, release 1."""


def test_a_pack_reads_well(golden: Golden) -> None:
    golden("audit/evidence.md", pack(PACK)["README.md"])
    golden("audit/evidence-details.md", pack(PACK)["details.md"])
    golden("audit/evidence-nothing.md", pack(evidence(NOTHING, FOUND, "priya"))["README.md"])


def test_every_criterion_of_the_unit_has_its_place() -> None:
    assert [c.number for element in ELEMENTS for c in element.criteria] == CRITERIA
    index = pack(PACK)["README.md"]
    assert re.findall(r"^### (\d\.\d) ", index, re.M) == CRITERIA
    assert index.count("Not in git: ") == len(CRITERIA)


def test_where_git_shows_nothing_the_pack_says_so() -> None:
    index = pack(evidence(NOTHING, SOUND))["README.md"]
    assert index.count("**Git shows nothing for this") == len(CRITERIA)
    assert pack(PACK)["README.md"].count("**Git shows nothing for this.**") == 3


def numbers(found: Evidence, wanted: str) -> int:
    (criterion,) = [c for e in ELEMENTS for c in e.criteria if c.number == wanted]
    return len(found.showing(criterion))


def test_a_criterion_is_shown_by_the_change_sets_that_have_what_it_asks() -> None:
    # Of five: three name a request, four were applied, four are confirmed or not, one is corrected.
    assert [numbers(PACK, n) for n in ("1.1", "1.2", "1.3", "1.4", "1.5")] == [3, 4, 2, 3, 1]
    assert [numbers(PACK, n) for n in ("2.1", "2.2", "2.4")] == [0, 4, 2]
    assert [numbers(PACK, n) for n in ("3.1", "3.2", "3.3", "3.4")] == [2, 1, 1, 0]
    back = replace(FAILED, subject="", corrects="plan 77aa00bb11cc", gaps=())
    found = evidence(replace(MONTH, change_sets=[WHOLE, back]), SOUND)
    assert numbers(found, "3.4") == 1


def test_a_person_is_found_as_author_approver_or_applier() -> None:
    assert len(evidence(MONTH, SOUND, "PRIYA").audit.change_sets) == 3
    assert len(evidence(MONTH, SOUND, "kim").audit.change_sets) == 2
    assert len(evidence(MONTH, SOUND, "sam").audit.change_sets) == 2
    assert evidence(MONTH, SOUND, "nobody").audit.change_sets == []


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_in_a_pack_comes_alive(one: str, two: str, three: str) -> None:
    files = pack(Evidence(hostile(one, two, three), replace(FOUND, sources=[two]), one or "x"))
    for name in ("README.md", "details.md", "change-sets.md"):
        assert_inert(files[name])
