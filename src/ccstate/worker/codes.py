"""What is said of the worker: see `ccstate.codes`."""

from ccstate.errors import Code

WORKER_MISSING = Code("""CC620 the worker needs the extra "worker", which is not installed
  It brings DBOS, which keeps what several workers have done.
  hint: install ccstate[worker]""")
DATABASE_UNSAFE = Code("""CC621 the database of the worker cannot be trusted: {reason}
  What stands there decides what the worker does.
  hint: {hint}""")
DATABASE_PICKLED = Code("""CC622 the database of the worker holds {count} rows that would be run as code
  A row of {table} says py_pickle: who wrote it wants its content run here. No worker writes such rows.
  hint: find out who wrote them; move the database away, and a new one is made""")
DATABASE_LOST = Code("""CC623 the database of the worker does not answer: {reason}
  hint: see that it runs, and that {variable} is right""")
TASK_FAILED = Code("""warning: CC624 {task} failed, and is tried again: {reason}
  hint: {hint}""")
TIME_WRONG = Code("""CC625 "{text}" is no time of the day
  hint: write it as 02:30; or never""")
