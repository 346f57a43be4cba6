"""The manual adapter keeps the contract, with a person who does what its sheets say."""

import pytest

from ccstate.conformance import Case, cases
from tests.adapters.manual_harness import Manual


# Not in the coverage report, which tripled the time: test_manual.py covers what the suite walks.
@pytest.mark.no_cover
@pytest.mark.parametrize("case", cases(Manual()), ids=str)
def test_the_manual_adapter(case: Case) -> None:
    case()
