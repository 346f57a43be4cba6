"""What is said of applies, of ways back and of changes that must be confirmed: see `ccstate.codes`."""

from ccstate.errors import Code

TAKEN_BACK = Code("""CC320 the plan does again what plan {plan_id} took back: {objects}
  The files still say what was taken back, or say it again.
  hint: revert that change in git too; if it is meant this time: `ccstate plan --force "reason"`""")
NEVER_APPLIED = Code("""CC321 plan {plan_id} was never applied: there is nothing to take back
  hint: `ccstate plans` lists those that were""")
NO_WAY_BACK = Code("""CC322 "{given}" names no plan and no commit
  hint: `ccstate plans` lists the plans; a commit is named as git names it: its id, HEAD~1, a tag""")
WAY_BACK_UNCLEAR = Code("""CC322 "{given}" names plan {plan_id} and commit {commit}
  hint: give more of its digits""")
ROLLBACK_OF_NOTHING = Code("""CC323 plan {plan_id} does not change {addresses}
  hint: it changes {known}""")
COMMIT_UNREADABLE = Code("""CC324 git does not show commit {commit}: {reason}
  hint: a shallow clone lacks older commits: git fetch --unshallow""")
CONFIRMATION_UNREADABLE = Code("""CC325 {file} cannot be read: {reason}
  It says until when a change has to be confirmed, and what takes it back.
  hint: restore the file; or look at the platform, and move the file away""")
NOTHING_TO_CONFIRM = Code("""CC326 no change waits for a confirmation
  hint: `ccstate apply --confirm-within 5m` makes one that does""")
SEVERAL_TO_CONFIRM = Code("""CC326 {count} changes wait for a confirmation
  hint: name one: ccstate confirm {plan_id}""")
NOT_TO_CONFIRM = Code("""CC326 plan {plan_id} does not wait for a confirmation
  hint: `ccstate plans` shows what became of it""")
CONFIRMED_TOO_LATE = Code("""CC327 plan {plan_id} cannot be confirmed any more: {reason}
  It was decided at {at} by {by} that the change is taken back.
  hint: see what became of it: `ccstate plans`; then plan again""")
CONFIRMED_ALREADY = Code("""CC327 plan {plan_id} is confirmed, by {by} at {at}
  hint: plan the way back: ccstate rollback {plan_id}""")
CONFIRMED_TOO_EARLY = Code("""CC328 plan {plan_id} is still being written
  What is not written yet cannot be confirmed.
  hint: confirm it once `ccstate apply` asks for it""")
LOCK_PENDING = Code("""CC329 the change of plan {plan_id} on {name} waits for a confirmation
  Its lock keeps other applies away until it is confirmed or taken back.
  hint: ccstate confirm {plan_id}; or take it back: ccstate confirm {plan_id} --take-back""")
SHARED_UNREADABLE = Code("""CC330 what the database of the worker keeps of plan {plan_id} cannot be read: {reason}
  From there another machine takes its change back.
  hint: take it back where it was applied: ccstate confirm {plan_id} --take-back""")
JOURNAL_OF_ANOTHER = Code("""CC601 the journal of plan {plan_id} is that of {begun}
  What it records as done could not be matched with what is to do now.
  hint: put back the plan file as it was reviewed; or move the journal away, and plan again""")
LOCK_LOST = Code("""CC602 the apply of plan {plan_id} stopped: it no longer holds the lock of
    {target}, {how}
  Another process may be writing there. Its {count:,} next changes, and all behind them, were not
    begun.
  hint: see who applies what; then: ccstate apply {plan_id} --resume""")
LOCK_HELD = Code("""CC603 {applying}
  {cause}
  hint: {hint}""")
JOURNAL_DAMAGED = Code("""CC604 the journal is damaged: this line is not as ccstate wrote it
  Only the last line can be cut short by a killed process; this one was changed.
  hint: restore the file, or move it away and make a new plan from the live state""")
JOURNAL_UNUSABLE = Code("""CC605 the journal cannot be read and written: {reason}
  An apply records there what it does, before and after each write.
  hint: check what it is, its owner, its permissions and the disk""")
LOCK_OF_LIVING = Code("""CC606 {applying}
  That process runs on this machine: without its lock it would stop half way.
  hint: stop it: kill -INT {pid}""")
LOCK_OF_UNKNOWN = Code("""CC606 {applying}
  Whether that process still runs cannot be known from here.
  hint: look there first; if it certainly has ended: {command}""")
LOCK_KEPT = Code("""warning: CC607 the lock of {name} could not be given back
  The next apply will find it held.
  hint: when the platform is back, and this apply has ended: ccstate unlock""")
NOT_RECORDED = Code("""CC608 the apply of plan {plan_id} stopped: its journal {fault}: {reason}
  {cause}
  hint: {hint}; then: ccstate apply {plan_id} --resume""")
METHOD_CHANGED = Code("""CC850 {address} on {target} was planned as {planned}, and is {now}
  Whoever agreed to the plan agreed to that as well.
  hint: make a new plan with `ccstate plan`, and review that""")
NOT_HANDED_OVER = Code("""CC851 {objects} of plan {plan_id} was not handed over, or has come to its end
  Only what somebody was asked to do can be signed off.
  hint: see what became of it: ccstate plans; what is handed over: {handed}""")
PLAN_WAITS = Code("""CC851 no plan waits to be applied
  What plan {plan_id} handed over to people is not confirmed yet.
  hint: once it is done: `ccstate sign-off {plan_id}`; put the export in place; then `ccstate apply {plan_id}`""")
HANDED_OVER_UNCONFIRMED = Code("""CC852 plan {plan_id} changes {target} by hand, and has to be confirmed in time
  Nothing but a person could take such a change back.
  hint: apply it without --confirm-within; or plan the other targets alone: ccstate plan --target""")
BY_HAND_IN_A_JOB = Code("""CC852 people carry out {count} changes of this plan on {target}
  Sheets and ledger are files beside the project, and those of a job are gone with it.
  hint: apply that platform where its folder is kept: ccstate plan --target {target}; the job can apply
    the others: ccstate ci apply --target""")
