"""The form of what commands print with `--format json`, from which its JSON Schemas are made.

A program may rely on it: fields are added, none is taken away or changes its meaning, before the
next version of ccstate that says so.
"""

from collections.abc import Mapping

from ccstate.report_format import audit, calls, imports, measures, objects

REPORTS: Mapping[str, type] = {
    "validate": objects.Problems,
    "verify": objects.Verified,
    "drift": objects.Drifted,
    "show": objects.Shown,
    "show-resolved": objects.Resolved,
    "history": objects.History,
    "blame": objects.Blame,
    "audit": audit.Audit,
    "audit-check": audit.Check,
    "apply": objects.Applied,
    "unlock": objects.Unlocked,
    "adopt": objects.Adopted,
    "plans": objects.Plans,
    "simulate": calls.Simulated,
    "simulate-all": calls.Enumerated,
    "test": calls.TestsRun,
    "test-live": calls.CallsPlaced,
    "import": imports.Imported,
    "measure": measures.Measured,
    "policy": objects.PolicyThatCounts,
    "promote": objects.Promoted,
}
"""What a command prints with `--format json`, by the name of its schema; `plan` prints a plan."""
