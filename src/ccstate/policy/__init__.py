"""Judge whether a plan may be applied now, by a project's policy and on whose word it is made.

Pure: the policy that counts, the plan, who stands behind it and the time go in, a verdict comes out.
Raises InvalidInput where an iCalendar file of the policy is not understood.
"""

from ccstate.policy.judging import Need, Verdict, judge
from ccstate.policy.openings import Opening, Policy, opening_at, opening_for_all

__all__ = ["Need", "Opening", "Policy", "Verdict", "judge", "opening_at", "opening_for_all"]
