"""What is said of platforms that people change, of their exports and templates: see `ccstate.codes`."""

from ccstate.errors import Code

EXPORT_UNREADABLE = Code("""CC853 {file} cannot be read: {reason}
  The export alone says what the platform has.
  hint: export it there, and put the file in this place; of an empty platform its headings alone""")
EXPORT_WRONG = Code("""CC854 the export cannot be used: {fault}
  A part that was left out would look as if somebody had deleted it.
  hint: export it again; or correct `exports` in the target's connection""")
CELL_WRONG = Code("""CC855 "{column}" has "{cell}", which {fault}
  It is read as {field} of a {kind}.
  hint: say in `columns` how the table writes it: `unit`, `values`, `separator`""")
VALUE_UNWRITABLE = Code("""CC856 {address}: {field} cannot be {value} on this platform: it {fault}
  Nobody could type it, and no export could show it.
  hint: choose another value; or complete `values` of its column""")
TEMPLATE_WRONG = Code("""CC857 the template {file} cannot be used: {fault}
  Sheets are made of it, which people follow to the letter.
  hint: docs/adapters/manual.md says what stands in a template""")
LEDGER_DAMAGED = Code("""CC858 {file} is not as ccstate wrote it: {fault}
  It says what was applied last, and what people were asked to do.
  hint: restore it: git has it""")
FOLDER_UNUSABLE = Code("""CC859 {file} cannot be written: {reason}
  Sheets, requests and the ledger of this platform lie there.
  hint: check the folder, its permissions and the disk""")
