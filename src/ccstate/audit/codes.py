"""The catalogue of problems of the audit, as `ccstate.codes` is that of ccstate itself."""

from ccstate.errors import Code

RECORD_CHANGED = Code("""CC705 {file} of plan {plan_id} is not as its apply left it
  {cause}
  hint: see what git says of it: git log -p -- {path}""")
RECORD_COPIES_DIFFER = Code("""CC705 {file} of plan {plan_id} differs between {one} and {other}
  Only one of them can be as the apply left it.
  hint: compare both with what other records say of them""")
RECORD_GONE = Code("""CC706 {what} of plan {plan_id} is missing
  {cause}
  hint: {hint}""")
NOTHING_RECORDED = Code("""CC706 there is no record to check
  Neither plans/ nor a branch ccstate-record holds one.
  hint: fetch the branch: git fetch origin ccstate-record:refs/remotes/origin/ccstate-record""")
CHAIN_BEGINS_AGAIN = Code("""warning: CC707 the record of plan {plan_id} names no record before it
  It is not the first: its apply did not see earlier records, or they were taken away.
  hint: fetch ccstate-record before each apply""")
BRANCH_REWRITTEN = Code("""CC708 commit {commit} on {branch} {did} {path}
  The branch of records only adds: what an apply left is never changed there.
  hint: see who did it: git show {commit}""")
XLSXWRITER_MISSING = Code("""CC709 a workbook cannot be written: XlsxWriter is not installed
  hint: pip install 'ccstate[xlsx]', or choose another format: csv opens in a spreadsheet too""")
