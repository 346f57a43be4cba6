"""The catalogue of what a policy says of plans; what is wrong in one is in `ccstate.codes` (CC840)."""

from ccstate.errors import Code

APPROVAL_MISSING = Code("""CC841 {who} must approve {what}
  {given}
  hint: {hint}""")
TRAILER_MISSING = Code("""CC842 the commit has no trailer {trailer}:
  The policy of this project asks for it.
  hint: write `{trailer}: …` into the last paragraph of the commit message, and plan again""")
WINDOW_UNREADABLE = Code("""CC842 Window: {window} is no change window
  hint: name a window of the policy, or write it as 2026-12-05T22:00/2026-12-06T02:00""")
POLICY_LIMIT = Code("""CC843 the plan changes {count} {what}, and the policy allows {most}
  hint: divide it with `ccstate plan --only ADDRESS`, or raise policy.limits in a change of its own""")
POLICY_PROTECTED = Code("""CC844 {address} is protected by the policy: it is not deleted or released
  hint: take it out of policy.protected in a change of its own, and apply this change after that one""")
EMERGENCY_REFUSED = Code("""CC845 {by} may not go beyond the policy
  {cause}
  hint: wait for approvals and windows; or ask one of those who may: {who}""")
FROZEN = Code("""CC846 no change is applied now: {name}
  {reason}
  hint: {hint}""")
OUTSIDE_WINDOW = Code("""CC846 now is outside of the change windows of {what}
  {reason}
  hint: {hint}""")
POLICY_UNKNOWN = Code("""CC847 which policy counts is not known: {reason}
  The policy of the commit before the change counts, so that no change lifts its own.
  hint: {hint}""")
POLICY_UNREADABLE = Code("""CC848 the policy of {commit} cannot be used: {reason}
  It counts, for it is that of the commit before the change.
  hint: correct it in a commit of its own: from the commit after that one on it counts""")
POLICY_NO_MOMENT = Code("""CC849 --at "{text}" is no moment
  hint: write it as 2026-12-24T10:00, or with its offset as 2026-12-24T10:00+11:00""")
