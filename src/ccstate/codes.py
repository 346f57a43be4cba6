"""The catalogue of problems: what is said of each, raised by name with its values.

Sorted by code. A code keeps its meaning for ever; one that several problems share has an entry for
each. Those of rules stand with the rules, those of an adapter with the adapter. What people need to
know beyond the messages is in `docs/codes.md`, which `docs/generate.py` fills in from here.
"""

from ccstate.errors import Code

FILE_UNUSABLE_HERE = Code("CC001 {file}: {reason}")
IMPORTED_FILE_UNREADABLE = Code("""CC001 {folder} cannot be made: {reason}
  hint: move away what has its name, or correct `desired_state` in ccstate.yaml""")
FOLDER_MISSING = Code("""CC001 there is no folder {folder}
  hint: set desired_state: in ccstate.yaml, or run `ccstate init`""")
NO_FILE = Code("""CC001 {file} is no file
  hint: remove it""")
FILE_UNREADABLE = Code("CC001 {file} cannot be read: {reason}")
NOT_UTF8 = Code("""CC001 {what}
  YAML is read as UTF-8 only, so that a name means the same on every machine
  hint: save the file as UTF-8 in your editor""")
LINE_SEPARATOR = Code("""CC001 the file holds an invisible line separator ({character})
  some readers of YAML end the line here and others do not
  hint: delete the character""")
NO_TEXT = Code("""CC001 the file holds a control character or invisible mark ({character})
  it is no text, and a reviewer would not see it
  hint: delete the character""")
YAML_UNEXPLAINED = Code("""CC002 not valid YAML: {error}
  hint: rewrite this part more simply, one `key: value` a line""")
YAML_INVALID = Code("CC002 not valid YAML: {error}")
YAML_SYNTAX = Code("""CC002 {message}
  nothing in this file can be read until it is corrected
  hint: {hint}""")
TAB_OUTSIDE_QUOTES = Code("""CC002 a tab stands outside quotes
  some readers of YAML take it for a space, others refuse the file
  hint: {hint}""")
KEY_TWICE = Code("""CC003 "{key}" is declared twice here (first in line {line})
  readers of YAML take the first, the last, or neither
  hint: keep one of the two, or give them different names""")
CONTROL_ESCAPE = Code("""CC004 an escape in this text stands for a control character
  it could steer a terminal, a log or a platform that shows this text
  hint: leave it out""")
MERGE_KEY = Code("""CC004 merge keys (<<) are not supported
  YAML 1.2 has none: some readers merge, others see a field called <<
  hint: write the fields out""")
EQUALS_SIGN = Code("""CC004 = without quotes means different things to different readers
  readers of YAML disagree about it, so what was reviewed may not be what is applied
  hint: write "=" in quotes""")
NUMBER_DISPUTED = Code("""CC004 {what}
  readers of YAML disagree about it, so what was reviewed may not be what is applied
  hint: {hint}""")
NUMBER_TO_DIAL = Code("""CC004 {number} must be written in quotes
  without them it is a number to some readers, and the {lost} is lost
  hint: write "{number}"
""")
TEXT_BLOCK = Code("""CC004 {what}
  some readers of YAML refuse this
  hint: {hint}""")
ANCHOR = Code("""CC004 anchors (&{anchor}) are not supported
  a value that is defined elsewhere cannot be reviewed in place, and can be made to explode
  hint: write the value out; for text that begins with &, use quotes: "&{anchor}"
""")
TAG = Code("""CC004 tags ({tag}) are not supported
  some readers obey a tag, some ignore it, some run code for it
  hint: remove the tag; for text that begins with !, use quotes: "{tag}"
""")
ALIAS = Code("""CC004 aliases (*{anchor}) are not supported
  a value that is defined elsewhere cannot be reviewed in place, and can be made to explode
  hint: write the value out; for text that begins with *, use quotes: "*{anchor}"
""")
KEY_NO_TEXT = Code("""CC004 this key is {what}
  names are text or whole numbers
  hint: give it a name, in quotes where it looks like something else""")
PAIR_GLUED = Code("""CC004 a key and its value in a list, with no space after the colon
  some readers take this for a pair, others refuse it
  hint: write the pair in braces: [{{"key": value}}]""")
DIRECTIVE = Code("""CC004 directives (%YAML, %TAG) are not supported
  they change what the rest of the file means; files are always YAML 1.2
  hint: remove the line that begins with %""")
SEVERAL_DOCUMENTS = Code("""CC004 the file holds several documents
  some readers take only the first, or only the last
  hint: remove the line --- or move what follows into a file of its own""")
DOCUMENT_ENDED = Code("""CC004 a line of three dots ends the document
  some readers go on after it, others do not
  hint: remove the line""")
FILE_TOO_LARGE = Code("""CC005 {file} is too large: {size} MB
  A file may have {most} MB.
  hint: split it; every file of the folder is read""")
YAML_TOO_LARGE = Code("""CC005 the file is {size:,} bytes; the limit is {most:,}
  a file this large cannot be reviewed, and may be made to exhaust memory
  hint: split it into several files; folders are your choice""")
TOO_DEEP = Code("""CC005 nested more than {levels} levels deep
  nothing in a configuration needs this, and it may be made to exhaust memory
  hint: look for a bracket that is not closed""")
LINK_READ = Code("""CC006 {file} is a link
  A branch can hold a link to any file of this machine, so none is followed.
  hint: put the file itself here""")
FOLDER_LEADS_OUT = Code("""CC006 {folder} leads out of a folder
  The desired state lies inside of the project, where a review sees it.
  hint: name the folder without ..""")
PROJECT_MISSING = Code("""CC007 there is no {file} in {folder}
  Nor in a folder above it, where no folder was named.
  hint: run `ccstate init` to make one, or pass --project FOLDER""")
PROJECT_THERE = Code("""CC008 {file} is there already
  hint: edit it, or choose another folder""")
ENTRIES_UNADDABLE = Code("""CC009 nothing can be added to {field} of {address} without changing
    other lines
  hint: run `ccstate fmt` on the file first, or write the entries by hand""")
KIND_UNADDABLE = Code("""CC009 {kind} cannot be added without changing other lines
  hint: run `ccstate fmt` on the file first, or name another file""")
NO_LAYOUT = Code("""CC009 the file is written in a way that cannot be laid out anew
  its meaning, or a comment, might be lost
  hint: write this part more simply, one `key: value` a line; the file stays as it is""")
LINK_WRITTEN = Code("""CC010 {file} is a link, and ccstate writes there
  A branch can hold a link to any place on this machine, so none is followed.
  hint: remove the link, or put a folder or file in its place""")
STATE_FOLDER_IN_GIT = Code("""CC011 git has files of {folder}/
  They say what this machine knows; a branch could say anything there.
  hint: git rm -r --cached {folder}, and name /{folder}/ in .gitignore""")
FIELD_UNKNOWN = Code("""CC101 unknown field {field}
  hint: {hint}""")
RULE_OF_SETTINGS_UNKNOWN = Code("""CC101 there is no rule {code}
  hint: {hint}""")
NO_DOCUMENT = Code("""CC102 a document is a mapping from kinds to resources
  hint: begin with a kind, such as queues:""")
KIND_NO_MAPPING = Code("""CC102 {kind} must be a mapping from names to fields
  hint: write name: {{…}} below {kind}:""")
RELEASE_NO_LIST = Code("CC102 release must be a list of addresses")
RELEASE_NO_ADDRESS = Code("""CC102 {entry} is no address
  hint: write kind/name, such as queue/old-sales""")
TAG_MISSING = Code("""CC102 {tag} is missing
  hint: {hint}""")
TAG_UNKNOWN = Code("""CC102 unknown {tag} {value}
  hint: {hint}""")
VALUE_WRONG = Code("""CC102 {what}
  {cause}
  hint: {hint}""")
CHOICE_UNKNOWN = Code("""CC102 {field} cannot be {value}
  hint: {hint}""")
NAME_UNKNOWN = Code("""CC103 unknown {kind} {name}
  {owner} names it in {field}, and no file declares it.
  hint: {hint}""")
MAILBOX_UNKNOWN = Code("""CC103 {extension} has no mailbox
  {owner} sends callers there in {field}.
  hint: give {extension} a voicemail:""")
FIELD_MISSING = Code("""CC104 "{field}" is missing
  {cause}
  hint: add {field}:""")
NUMBER_OWNED_TWICE = Code("""CC105 {number} has two owners
  {first} has it already.
  hint: give one of them another""")
DECLARED_TWICE = Code("""CC106 {address} is declared twice
  It is declared in {first} too.
  hint: keep one of them""")
DECLARED_AND_RELEASED = Code("""CC106 {address} is declared and released
  It is declared in {file}.
  hint: keep one: the declaration, or the release""")
DECLARED_HERE = Code("""CC106 {address} is declared here already
  hint: edit its fields, or name another file""")
NODES_ENDLESS = Code("""CC107 a call would go round for ever: {round}
  None of these nodes plays or asks anything.
  hint: let one of them lead to a menu, a queue, voicemail or hangup""")
NUMBERS_ENDLESS = Code("""CC107 a call would go round for ever: {round}
  hint: end it somewhere""")
KIND_UNKNOWN = Code("""CC108 unknown kind {kind}
  hint: {hint}""")
NAME_IMPOSSIBLE = Code("""CC109 {name} cannot name a {kind}
  hint: {hint}""")
DESK_TWICE = Code("""CC111 desk {desk} stands in two areas
  It is also in {area}.""")
ENDS_BEFORE_IT_BEGINS = Code("CC111 {what} ends before it begins")
NO_SUCH_DAY = Code("CC111 there is no day {day}")
NO_SUCH_MOMENT = Code("""CC111 there is no moment {moment}
  hint: name one of the years {first} to {last}""")
ACTION_LACKS_FIELD = Code("""CC111 the action {action} does not say which {field}
  hint: add {field}:""")
FIELD_WITHOUT_ACTION = Code("""CC111 {field} means nothing to the action {action}
  It goes with {actions} only.
  hint: remove {field}:""")
FIELD_WITHOUT_USE = Code("""CC111 {field} means nothing to this tile
  It goes with {fits} only.
  hint: remove {field}:""")
TIMEZONE_UNKNOWN = Code("""CC111 unknown timezone {name}
  hint: {hint}""")
DIGITS_REVERSED = Code("CC111 min_digits exceeds max_digits")
DIGITS_IMPOSSIBLE = Code("""CC111 callers cannot enter {digits} here
  The node takes {fewest} to {most} digits (min_digits, max_digits).
  hint: change the digits, or how many are taken""")
NO_SLOTS = Code("""CC111 {slots} are no slots
  The first number comes first, and both have as many digits.
  hint: such as 701-720, at most {most} numbers""")
START_UNKNOWN = Code("""CC112 unknown node {node}
  Calls enter the tree there.
  hint: {hint}""")
NODE_UNKNOWN = Code("""CC112 unknown node {node}
  The tree has no node of that name.
  hint: {hint}""")
PLACE_WITHOUT_SITE = Code("CC113 {address} has {place} and no site")
AREA_UNKNOWN = Code("""CC113 {site} has no area {area}
  hint: {hint}""")
DESK_UNKNOWN = Code("""CC113 {site} has no desk {desk}
  hint: {hint}""")
MOVED_NO_LIST = Code("""CC114 moved must be a list of {{from: kind/name, to: kind/name}}
  hint: such as {{from: queue/sales, to: queue/sales-au}}""")
MOVED_NO_PAIR = Code("""CC114 {what} is no address that an object can move {way}
  hint: write two addresses of one kind: {{from: queue/sales, to: queue/sales-au}}""")
MOVED_AND_STAYED = Code("""CC114 {address} moved, and is still declared
  It is declared in {file}.
  hint: remove that declaration; or this entry, where both are meant""")
MOVED_NOWHERE = Code("""CC114 {address} is the new name of {old}, and no file declares it
  hint: {hint}""")
MOVED_TWICE = Code("""CC114 {address} has moved {way} two others
  Only one of them can be meant.
  hint: keep one entry""")
MOVED_ROUND = Code("""CC114 names move in a circle: {circle}
  hint: remove the entries that are over""")
UNTARGETED = Code("""warning: CC115 no target manages {address}{others}
  hint: give a target in {file} its kind or its site, or remove it""")
SECRET_IN_CLEAR = Code("""CC116 {field} holds a secret in clear
  Everyone who can read this file can use it, and git keeps it for ever.
  hint: replace it by env:{variable}, set that variable, and change the secret""")
SECRET_IN_ADDRESS = Code("""CC116 {field} holds a secret in clear, inside of an address
  Everyone who can read this file can use it, and git keeps it for ever.
  hint: take it out of the address, and change it; the adapter's page says where secrets go""")
YEAR_ON_ONE_END = Code("""CC117 {what} begins on {first} and ends on {last}
  One is the day of one year, the other of every year.
  hint: write both with the year ({dated}), or both without it (every:)""")
NO_PART_OF_DAY = Code("""CC118 {text} is no part of a day
  It must end after it begins, and on the same day.
  hint: end it at 24:00, and write what is meant of the day after there: {rest}""")
SAME_PLATFORM = Code("""CC123 targets {owner} and {name} are the same platform
  Both would plan and write the same objects, and each would undo the other.
  hint: make one target of them: `kinds` and `sites` say what it manages""")
SITE_OF_TARGET_UNKNOWN = Code("""warning: CC124 target {name} manages the site "{site}", which no
    file declares
  Only objects that are left there on the platform belong to it.
  hint: {hint}""")
TARGETS_TWICE = Code("""CC125 targets stand beside environments
  Each environment has platforms of its own; what stands beside them belongs to none.
  hint: move them below the environment that they are""")
ENVIRONMENT_NAMED_BASE = Code("""CC125 no environment can be called {name}
  That is what the desired state below all environments is called.
  hint: give it another name, and its folder too""")
OVERLAYS_IN_BASE = Code("""CC125 the desired state lies in the folder of environments, {folder}/
  What stands there belongs to one environment each, not to all.
  hint: name another folder, such as desired_state""")
OVERLAY_NO_FIELDS = Code("""CC126 {address} changes nothing here
  In an environment, a resource holds the fields that differ from the base.
  hint: write these fields, or `remove: true` to have it there no more, or drop the line""")
REMOVE_NOT_ALONE = Code("""CC126 remove stands beside other fields
  A resource that is removed has none.
  hint: keep one of them: `remove: true`, or the fields""")
REMOVE_NOT_TRUE = Code("""CC126 remove cannot be {value}
  hint: write `remove: true`, or drop the line""")
REMOVES_NOTHING = Code("""CC127 {what} is removed here, and the base has none
  hint: {hint}""")
TOO_MANY = Code("""CC301 the plan would {verb} {count} of {managed} {kinds} on {target}; the limit
    is {most} %
  hint: check that this is meant, then plan again with --force "reason"
""")
PROTECTED = Code("""CC302 {address} is protected and would be deleted
  hint: set `protect: false` there and apply that first, or keep the object""")
PLAN_STALE = Code("""CC303 the plan is stale: the platform changed since it was made
  No longer as they were: {addresses}{more}.
  hint: make a new plan with `ccstate plan` and review that""")
PLAN_EDITED = Code("""CC304 the plan was edited after it was made
  {how}: what was reviewed is not what it says now.
  hint: make a new plan with `ccstate plan`""")
CIRCLE = Code("""CC305 {circle} name each other in a circle
  hint: {target} creates objects one by one: leave one of the references out, apply, then add it""")
PLAN_UNREADABLE = Code("""CC306 {file} {fault}
  hint: make a plan with `ccstate plan`; `ccstate plans` lists those there are""")
NO_PLAN = Code("""CC306 {why}
  hint: make one with `ccstate plan`""")
NO_PLAN_WAITS = Code("""CC306 no plan waits to be applied
  hint: make one with `ccstate plan`""")
PLAN_INTERRUPTED = Code("""CC306 no plan waits to be applied
  hint: go on with the one that was interrupted: `ccstate apply {plan_id} --resume`""")
PLANS_WAIT = Code("""CC306 {count} plans wait
  hint: name one: `ccstate apply {plan_id}`""")
CALL_TEST_FAILS = Code("""CC308 call_test/{name} passes now and would fail: {call} must reach
    {expected}; {end}
  hint: {hint}""")
MORE_CALL_TESTS_FAIL = Code("""CC308 {tests} would fail
  hint: run `ccstate test`""")
MORE_ERRORS = Code("""CC309 the rules find more errors
  hint: run `ccstate validate`""")
CALLERS_IN_THE_WAY = Code("""CC310 callers are still in the middle of what the plan touches: {activity}
  Nothing was written.
  hint: apply at a quieter time, with a longer --drain, or without it""")
TARGET_GONE = Code("""CC311 no target is named "{target}"
  The plan changes it.
  hint: plan again, for the platforms that ccstate.yaml names now""")
TARGET_CHANGED = Code("""CC311 target {target} is another platform
  {cause}
  hint: plan again, for the platforms that ccstate.yaml names now""")
TARGET_MANAGES_LESS = Code("""CC311 target {target} does not manage {objects}
  The plan changes what belonged to it by its kinds and sites then.
  hint: plan again, for the platforms that ccstate.yaml names now""")
PLAN_OF_ANOTHER_NAME = Code("""CC312 the plan in this folder is not {name}
  By what it says it is {digest}.
  hint: make a new plan with `ccstate plan`, and review that""")
PLAN_READ_OTHERWISE = Code("""CC313 {file} {fault}
  {cause}
  hint: {hint}""")
PLAN_IMPOSSIBLE = Code("""CC314 {address} on {target} {fault}
  No desired state can say this: ccstate did not make this plan.
  hint: make a new plan with `ccstate plan`; and find out who wrote this one""")
TOO_MUCH_GONE = Code("""CC315 the plan would delete {what}: {count} of {objects}
  hint: check that this is meant, then plan again with --force "reason"
""")
MORE_STILL_NAMED = Code("""CC316 {count:,} more objects would be deleted that others still name
  hint: mend these, then plan again""")
STILL_NAMED = Code("""CC316 {object} would be deleted on {target}, but {reference}
  hint: {hint}""")
RIGHTS_MISSING = Code("""CC317 the plan is for reading: it was made without the rights to see
    everything
  Not seen: {first}.
  hint: plan again as the user who applies, and review that: `ccstate plan`""")
PLAN_OF_ANOTHER_ENVIRONMENT = Code("""CC318 the plan is {made}, and this is {chosen}
  Each environment has platforms, plans and records of its own.
  hint: {hint}""")
SECRETS_UNREAD = Code("""CC319 the plan is for reading: {secrets} could not be read when it was made
  The plan writes what it never saw.
  hint: give the secrets to who applies, plan again and review that: `ccstate plan`""")
ADAPTER_UNKNOWN = Code("""CC401 no adapter named "{adapter}" is installed
  hint: {hint}""")
CONNECTION_WRONG = Code("""CC402 {field}: {fault}
  hint: {hint}""")
PLATFORM_UNREADABLE = Code("""CC403 {fault}
  What the platform holds is unknown, so nothing can be planned against it.
  hint: {hint}""")
KIND_UNSUPPORTED = Code("""CC404 the embedded platform does not know the kind "{kind}"
  hint: it knows: {known}""")
FIELD_LACKING = Code("""CC405 {address}: {field}: the platform cannot hold this field
  hint: {hint}""")
SECRET_UNRESOLVED = Code("""CC410 {secrets} {fault}
  {cause}
  hint: {hint}""")
SECRET_NOT_ALLOWED = Code("""CC450 {secrets} {fault}
  {cause}
  hint: {hint}""")
SECRETS_LIST = Code("""CC451 {variable} has "{word}"
  What stands there may be reached by every branch that ccstate plans.
  hint: {hint}""")
HOST_NOT_ALLOWED = Code("""CC452 {hosts} {are} among the hosts that ccstate may log in to
  A branch could name any host, which would be given proofs of this job's secrets, so who runs
    ccstate says which.
  hint: where ccstate runs: export {variable}={allowed}""")
HOSTS_TOO_WIDE = Code("""CC453 {variable} has "{entry}"
  Every branch that ccstate plans may have it log in to what stands there.
  hint: name hosts (pbx.example.org), what is below a domain of yours (*.pbx.example.org), or
    networks (10.1.0.0/16)""")
PROGRAM_UNUSABLE = Code("""CC454 {variable} cannot be used: {why}
  It says "{said}".
  hint: write a program on the PATH or its absolute path, outside of the working copy""")
PLATFORM_LOST = Code("""CC501 the apply of plan {plan_id} was interrupted
  The platform was lost on the way; what took effect will show when it is read.
  hint: when the platform is back: ccstate apply {plan_id} --resume""")
PLAN_BEGUN = Code("""CC502 plan {plan_id} was applied already
  Its receipt: {folder}/{plan_id}/{receipt}
  hint: plan again: `ccstate plan`""")
APPLY_INTERRUPTED = Code("""CC502 an apply of plan {plan_id} was interrupted
  What it began must be looked at before anything is repeated.
  hint: go on with it: `ccstate apply {plan_id} --resume`""")
FILE_UNUSABLE = Code("""CC609 {file} cannot be used: {reason}
  hint: check what it is, its owner, its permissions and the disk""")
PLAN_OF_ANOTHER_COMMIT = Code("""CC610 the latest plan, {plan_id}, was made from {made}; here is
    {now}
  What the plan brings about is no longer what the desired state says.
  hint: plan again: `ccstate plan`; or name it, where other objects changed since then:
    `ccstate apply {plan_id}`""")
PLAN_NOT_IN_HISTORY = Code("""CC610 plan {plan_id} was made from {made}, which is not in the history
    of {now}
  What the plan brings about was taken back, or never merged.
  hint: plan again: `ccstate plan`; in a clone that has not all of the history, fetch it first""")
PLAN_OVERTAKEN = Code("""CC610 plan {plan_id} was made from {made}; {objects} declared otherwise
    since then
  What the plan brings about is no longer what the desired state says.
  hint: plan again: `ccstate plan`""")
OUTPUT_UNWRITTEN = Code("""CC611 the output could not be written: {reason}
  hint: the command itself may have done its work: see with `ccstate verify`""")
RECORD_UNWRITTEN = Code("""warning: CC612 {record}: {reason}
  The plan was applied; its journal says what became of each change.
  hint: make room, or correct the permissions; `ccstate verify` shows what holds""")
NO_HISTORY = Code("""CC701 there is no history: git does not know this folder
  {cause}
  hint: run this in the git repository that holds the desired state""")
HISTORY_OF_NO_KIND = Code("""CC702 unknown kind "{kind}"
  hint: {hint}""")
NEVER_COMMITTED = Code("""CC702 {address} is declared, and was never committed
  hint: commit it; its history begins there""")
NEVER_DECLARED = Code("""CC702 {address} was never declared
  No commit that is checked out, or below it, has it.
  hint: {hint}""")
GIT_MISSING = Code("""CC703 git cannot be started
  The history of the desired state is what git remembers.
  hint: install git, and see that it is on the PATH""")
FIELD_NEVER_SET = Code("""CC704 {address} never had a field {field}
  hint: {hint}""")
TARGET_UNKNOWN = Code("""CC801 no target is named "{name}"
  hint: targets in {file}: {known}""")
NO_ADDRESS = Code("""CC802 {fault}
  hint: write kind/name, such as queue/sales""")
KIND_OF_ADDRESS_UNKNOWN = Code("""CC802 unknown kind "{kind}"
  hint: {hint}""")
CALL_TEST_UNKNOWN = Code("""CC803 no call test is named {name}
  hint: {hint}""")
NO_CALL_ENTERS = Code("""CC803 no call enters {address}
  hint: calls enter these kinds: {kinds}""")
TREE_UNKNOWN = Code("""CC803 {name} is not declared
  hint: {hint}""")
NO_SUCH_WALL = Code("""CC803 {address} is no display that is declared
  hint: {hint}""")
NOT_DECLARED_NOR_LIVE = Code("""CC803 {address} is neither declared nor live
  hint: {hint}""")
NOTHING_REACHED = Code("""CC803 nothing is reached by calling {number}
  hint: {hint}""")
ONLY_UNKNOWN = Code("""CC803 {address} is neither declared nor managed
  hint: {hint}""")
OUTSIDE_DESIRED_STATE = Code("""CC804 {path} is outside of {folder}/
  hint: choose a file inside of it""")
NOT_UNMANAGED = Code("""CC805 {address} is not an unmanaged object
  It is declared, managed, or not on the platform.
  hint: `ccstate show {address}` tells which""")
CALL_IMPOSSIBLE = Code("""CC806 {fault}
  {cause}
  hint: {hint}""")
NO_CALLS_THERE = Code("""CC807 no calls can be made on the target "{target}"
  hint: leave the target out to walk the platform as it is: ccstate test --live""")
RULE_UNKNOWN = Code("""CC808 there is no rule {code}
  hint: {hint}""")
DRAIN_NO_DURATION = Code("""CC809 --drain: {error}
  hint: write it as 90s, 5m or 1h""")
CONFIRM_NO_DURATION = Code("""CC809 --confirm-within: {error}
  hint: write it as 90s, 5m or 1h; a day at most""")
NO_READER = Code("""CC810 {adapter} cannot read configurations
  hint: import by hand: `ccstate adopt` takes what a platform shows""")
SEVERAL_READERS = Code("""CC810 several adapters read configurations
  hint: name one: {adapters}""")
DECLARED_ALREADY = Code("""CC811 {objects} declared already
  {cause}
  hint: take them out of that file, or import into a project of its own; with --dry-run it is
    only said what there is""")
SECRETS_IN_REPOSITORY = Code("""CC812 {file} is in the desired state, which every reader of the
    repository sees
  hint: choose a place outside of the repository""")
SECRETS_THERE = Code("""CC812 {file} is there already
  hint: choose another name: what is there is not overwritten""")
SECRETS_FOLDER_MISSING = Code("""CC812 there is no folder {folder}
  hint: make it first, readable by you alone""")
SECRETS_TRACKED = Code("""warning: CC812 {file} is in a repository, and git does not ignore it
  The next `git add` would give these passwords to everybody, for good.
  hint: move it out, or name it in .gitignore""")
SECRETS_UNWRITTEN = Code("""CC812 {file} cannot be written: {reason}
  hint: choose another place""")
REPORT_THERE = Code("""CC813 {file} is there already, and is no report of an import
  hint: move it away, or give it another name""")
REPORT_UNWRITTEN = Code("CC813 {file} cannot be written: {reason}")
IMPORTED_FILE_UNWRITTEN = Code("""CC813 {file} cannot be written to: {reason}
  hint: move it away, or give it another name""")
FILE_UNWRITTEN = Code("""CC813 {file} cannot be written: {reason}
  hint: correct its permissions, make room, or choose another place""")
PLAN_UNREMOVED = Code("CC813 {folder} cannot be removed: {reason}")
PREFIX_WRONG = Code("""CC814 --prefix "{prefix}" is no prefix
  hint: {hint}""")
TIMEZONE_WRONG = Code("""CC814 --timezone "{timezone}" is no timezone
  hint: {hint}""")
LANGUAGE_WRONG = Code("""CC814 --language "{language}" is no language
  hint: {hint}""")
HOLIDAYS_UNKNOWN = Code("""CC815 no holidays are known for {code}
  A code is that of a country (ISO 3166-1) or of a part of it (ISO 3166-2).
  hint: {hint}""")
CALENDAR_UNREADABLE = Code("""CC816 {file} cannot be read: {reason}
  hint: {hint}""")
NO_HOLIDAYS = Code("""CC817 {source} has no holidays in {years}
  hint: name other years""")
CALENDAR_ELSEWHERE = Code("""CC817 {calendar} is declared in {file}
  hint: leave --file out, and the days are added there; or choose another --name""")
PRUNE_NO_AGE = Code("""CC818 --prune: "{text}" is no age
  hint: write it as 12h or 30d""")
SCHEMA_UNKNOWN = Code("""CC819 there is no schema "{name}"
  hint: {hint}""")
TREE_TOO_TANGLED = Code("""CC820 {address} is too tangled to draw, with {arrows:,} arrows
  No reader could follow them, and the file would have many megabytes.
  hint: take it as text, with --format mermaid; or draw the trees that it leads to""")
EVENT_UNREADABLE = Code("""CC821 the event that started this run is unknown: {file} {why}
  Which change the run is about stands there.
  hint: run the command where the build server put that file, or name the change: --change N""")
BASE_UNKNOWN = Code("""CC822 git does not have the commit {base}, which the change is compared with
  What it touches, and what its commits ask for, cannot be known.
  hint: fetch the whole history (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0), or name
    another commit: --base COMMIT""")
RECORD_REFUSED = Code("""CC823 the branch {branch} cannot be written: {reason}
  The records of the apply are in plans/ of the machine where it ran, and nowhere else.
  hint: run `ccstate ci record` there again, with a token that may write to that branch""")
RECORDS_UNKNOWN = Code("""warning: CC823 the branch {branch} cannot be fetched: {reason}
  The record of this apply will not name those before it.
  hint: let the token read the repository; the next record that knows both names both""")
RECORD_OF_NOTHING = Code("""CC824 there is no record of a plan {plan_id}
  hint: `ccstate plans` lists what there is in this folder""")
REMOTE_UNUSABLE = Code("""CC825 {address} is no repository that records can be pushed to
  hint: name an address of https://, or the whole path of a folder""")
SOURCE_UNKNOWN = Code("""CC826 {given} names no commit of a repository of ccstate
  Workflows install what was looked at, and not what a name means on another day.
  hint: name both: --from https://HOST/PATH@COMMIT, the whole id of the commit""")
PROMOTED_TO_ITSELF = Code("""CC828 {name} cannot be promoted to itself
  hint: name another environment, or base for all of them""")
NOT_SAID_THERE = Code("""CC828 {environment} changes nothing of {address}
  hint: {hint}""")
ENVIRONMENT_UNKNOWN = Code("""CC829 no environment is named {name}
  hint: {hint}""")
ENVIRONMENT_NEEDED = Code("""CC829 no environment is chosen
  The project has several, each with platforms of its own.
  hint: name one, with --environment or in CCSTATE_ENVIRONMENT: {known}""")
PROPOSAL_REFUSED = Code("""CC836 the branch {branch} cannot be proposed: {reason}
  hint: see that the address is right, and that the token may write to the repository""")
PROPOSED_FROM_ELSEWHERE = Code("""CC837 what is checked out is not what {base} says
  The change would bring along, or take back, what has nothing to do with it.
  hint: git switch {base} && git pull; and commit or drop what is not committed""")
PROPOSAL_OF_OTHERS = Code("""CC838 somebody else has put commits on the branch {branch}
  Made anew, it would lose them.
  hint: merge or close its change request, and delete the branch; then run this again""")
POLICY_NAME_UNKNOWN = Code("""CC840 {name} is no {what}
  hint: {hint}""")
POLICY_NAME_TWICE = Code("""CC840 {name} names a person and a team
  hint: give the team another name""")
POLICY_SHARED = Code("""CC840 {what} {value} belongs to "{other}" too
  By it a person is known: the approval of one would count as that of the other.
  hint: each person has their own; what is left out is the name of the person""")
POLICY_COUNT = Code("""CC840 {count} approvals are asked of {people} people
  Nothing that this concerns could ever be applied.
  hint: lower the count, or name more people""")
POLICY_UNCOUNTED = Code("""CC840 no approval of {name} could count
  Reviews are known by a login, and signed commits by a key; the person has neither.
  hint: add login: as on the code host; or keys:, with those that sign the person's commits""")
POLICY_NO_TIMEZONE = Code("""CC840 the period is in no timezone
  hint: add timezone: to the policy, such as Australia/Sydney""")
POLICY_PERIOD_UNCLEAR = Code("""CC840 the period does not say when it is
  hint: give start: and end:; or days and hours (date: or every: with until:, weekdays:, hours:); or
    calendar:""")
POLICY_NTH_ALONE = Code("""CC840 nth: needs weekdays:
  hint: such as weekdays: [sun] and nth: [first]""")
POLICY_CALENDAR = Code("""CC840 the periods of {file} cannot be known: {reason}
  What is not understood would be a period that is passed over in silence.
  hint: {hint}""")
NOT_MEASURED = Code("""CC861 {name} has no figures
  Its adapter cannot say what happens in queues.
  hint: name a target that is an Asterisk""")
NOTHING_MEASURED = Code("""CC861 no target has figures
  The adapters of all of them cannot say what happens in queues.
  hint: add a target with `adapter: asterisk`""")
SERVE_UNCLEAR = Code("""CC862 --serve "{text}" is no address
  hint: write host and port, such as 127.0.0.1:9469""")
SERVE_TAKEN = Code("""CC863 {place} cannot be listened at: {reason}
  hint: another exporter may run there; see `ss -ltnp`, or name another port""")
EXPORTER_MISSING = Code("""CC864 --serve needs the extra "exporter", which is not installed
  It brings prometheus-client, which writes figures as Prometheus reads them.
  hint: install ccstate[exporter]""")
SERVER_LOST = Code("""warning: CC865 the queues of {name} cannot be followed: {reason}
  Their figures are stale until it is back; it is tried again and again.
  hint: {hint}""")
