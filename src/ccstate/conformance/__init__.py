"""The contract between ccstate and a platform, as cases that walk an adapter through it.

    from ccstate.conformance import cases

    @pytest.mark.parametrize("case", cases(MyPlatform()), ids=str)
    def test_my_adapter(case):
        case()

Every case begins with an empty platform and goes the real way: desired state, difference, plan,
perform, read again. How to write an adapter, and a harness for it: docs/adapters/README.md.
"""

from ccstate.conformance.harness import Breakable, Failed, Harness, Restorable
from ccstate.conformance.suite import Case, cases

__all__ = ["Breakable", "Case", "Failed", "Harness", "Restorable", "cases"]
