"""The catalogue of problems of the Asterisk adapter, as `ccstate.codes` is that of ccstate itself."""

from ccstate.errors import Code

KIND_UNKNOWN = Code("""CC404 Asterisk does not know the kind "{kind}"
  hint: it knows: {known}""")
RECORDS_DAMAGED = Code("""CC411 {place}/{path} is damaged
  It says what ccstate manages there; without it everything would be made anew.
  hint: restore the file from a backup of the server's configuration""")
RECORDS_FORMAT = Code("""CC411 {place}/{path} has format {found}, and this ccstate reads {known}
  hint: use the release of ccstate that wrote it""")
RECORDS_LOST = Code("""CC411 {place}/{records} is not there, though {path} is
  It says what ccstate manages there; without it everything would be made anew.
  hint: restore it from a backup of the server's configuration; or, to begin anew, take ccstate's
    include files away too""")
SECRETS_LOST = Code("""CC411 {place}/{secrets} is not there, though {records} is
  It holds the passwords and PINs that were applied last.
  hint: restore it from a backup of the server's configuration""")
SECRETS_UNLIKE = Code("""CC411 {place}/{secrets} does not belong to {records}: they differ in a secret
    of {address}
  One of them was restored or copied without the other.
  hint: restore both from a backup of the server's configuration""")
INCLUDE_UNREACHED = Code("""CC412 Asterisk does not get to {path}: {why}
  Asterisk drops what comes behind such a line, and with it what ccstate writes.
  hint: correct that line; `core reload` and Asterisk's log show whether it is read""")
INCLUDE_MISSING = Code("""CC412 {where} does not include {path}
  Asterisk loads nothing of what ccstate writes there when it starts the next time.
  hint: add the line `#tryinclude {pattern}` at its end""")
INCLUDE_COMMENTED = Code("""CC412 {where} does not include {path}: the line is a comment
  Asterisk loads nothing of what ccstate writes there when it starts the next time.
  hint: write `#tryinclude {pattern}` there, at the end of the file""")
SECTION_TWICE = Code("""CC413 [{section}] in {file} would be written by ccstate too
  Asterisk would mix the two, or keep the old one without a word.
  hint: take it out there, or name the object otherwise in the desired state""")
ELSEWHERE = Code("""CC414 {why}
  What is written by hand stays as it is.
  hint: remove {address} from that file, or from the desired state""")
ELSEWHERE_CHANGED = Code("""CC414 {address} {why}
  What is written by hand stays as it is.
  hint: plan again: `ccstate plan`""")
OUT_OF_REACH = Code("""CC414 {address} leads to {target}, which stands in a file that ccstate does not
    write
  Callers would be cut off there: ccstate knows no way into what others write.
  hint: take {target} out of that file, and it is made here""")
NO_TRANSPORT = Code("""CC415 {file} has no transport for {protocol}, which {trunks} needs
  ccstate writes no transports: addresses and certificates are the server's.
  hint: add a section there with type=transport and protocol={protocol}""")
NO_TEST_SITE = Code("""CC416 the target is no test site
  Test calls ring people, and bring their own time of day: nothing for real callers.
  hint: use a target whose connection says `test_site: true`, such as that of `make lab`""")
NOTHING_WRITTEN = Code("""CC417 ccstate has not written to {place} yet, so no test call is let in
  hint: plan and apply first: `ccstate plan`""")
MAY_NOT_PAUSE = Code("""CC418 the AMI user at {host} may not pause agents
  A reload of the queues forgets why an agent is paused; ccstate says it again.
  hint: add `agent` to its `write` in manager.conf, then `manager reload`""")
VARIABLES_STAY = Code("""CC419 {where} does not set `clearglobalvars`
  A global variable would outlive the file that set it, and CC_REV would show that a dialplan was read
    to its end though it was not.
  hint: add the line `clearglobalvars = yes` to its section [general]""")
AMI_UNREACHABLE = Code("""CC420 no connection to Asterisk's AMI at {place}: {why}
  without it ccstate does not know what Asterisk runs
  hint: check host and port in ccstate.yaml, that Asterisk runs, and `enabled`, `bindaddr`, `port` in
    manager.conf""")
AMI_SILENT = Code("""CC421 what listens at {place} did not greet as Asterisk's AMI does
  it sent nothing: another service, AMI over TLS asked in the clear, or a hung Asterisk
  hint: check the port, and whether it wants `tls`""")
AMI_LATE = Code("""CC421 Asterisk at {place} did not get on with its answer to {action} within
    {seconds:g} s
  it is overloaded or hangs; what it did of that is not known
  hint: look at its log, raise `timeout` if the estate is large, and try again""")
NOT_AMI = Code("""CC422 what listens at {place} is not Asterisk's AMI
  it greets with {greeting}
  hint: check the port: AMI is 5038 unless manager.conf says otherwise""")
AMI_NOT_LET_IN = Code("""CC423 Asterisk at {place} did not let "{user}" in: {reason}
  a wrong secret or name, or an address that `permit` and `deny` keep out: AMI does not say which
  hint: compare with the user's section in manager.conf; Asterisk's log tells the reason""")
AMI_CUT = Code("""CC424 the AMI connection to {place} ended in the middle: {how}
  Asterisk stopped or restarts, or ended a session that was not let in or did not read
  hint: look at Asterisk's log, then try again""")
NOT_BOOTED = Code("""CC425 Asterisk at {place} was not fully booted after {seconds:g} s
  until then its lists are empty or missing, so that nothing it says can be trusted
  hint: wait and try again; if it is long since up: the AMI user needs `read = system` to hear of it""")
NO_TLS = Code("""CC426 no TLS with AMI at {place}: {why}
  hint: {hint}""")
ACTION_FORBIDDEN = Code("""CC427 Asterisk at {place} does not permit {action}
  the AMI user lacks a right; {needed}
  hint: add it to the user's `write =` in manager.conf, then `manager reload`""")
ACTION_REFUSED = Code("""CC428 Asterisk at {place} refused {action}: {reason}
  hint: {hint}""")
LIST_ENDLESS = Code("""CC429 the list of {action} from Asterisk at {place} has more than {most} items
  no server of one estate is that large
  hint: check host and port under `connection` in ccstate.yaml""")
HEADER_MISSING = Code("""CC429 Asterisk sent a {message} without "{key}"
  this version of Asterisk answers in a form that ccstate does not know
  hint: report it, with the output of `asterisk -V`""")
MESSAGE_TOO_LARGE = Code("""CC429 Asterisk sent {what} of more than {most} bytes
  what answers there may be no Asterisk, or the connection is garbled
  hint: check host and port under `connection` in ccstate.yaml""")
LIST_INCOMPLETE = Code("""CC430 the list of {action} from Asterisk at {place} is not whole: {arrived}
    arrived, its end says {end}
  a part that is missing would look as if it had been deleted
  hint: try again; if it stays, report it with the output of `asterisk -V`""")
UNSENDABLE = Code("""CC431 the AMI action {action} {what}
  {why}
  hint: {hint}""")
EVENTS_UNREAD = Code("""CC432 more than {most} events of Asterisk at {place} wait to be read
  more would be forgotten, and a call test could miss what happened
  hint: ask for fewer classes of events, or watch a quieter server""")
NO_FOLDER = Code("""CC433 there is no folder {place}: {why}
  an empty folder would read as if everything had been deleted, so ccstate makes none
  hint: check the folder under `connection` in ccstate.yaml; Asterisk calls it `astetcdir`""")
FILE_UNREADABLE = Code("""CC433 {path} in {place} cannot be read: {why}
  what is stored is not known, so nothing can be planned
  hint: let the user who runs ccstate read it""")
PATH_REFUSED = Code("""CC434 {path} is no path inside of the folder: {why}
  ccstate reads and writes nowhere but in the folder that ccstate.yaml names
  hint: take a relative path without `..`""")
LINK_LEADS_OUT = Code("""CC434 {path} in {place} is a link that leads out of that folder
  ccstate reads and writes nowhere but in the folder that ccstate.yaml names
  hint: replace the link by what it leads to, or name the folder it leads to""")
NOT_STAGED = Code("""CC435 {path} could not be written to {place}: {why}
  Asterisk keeps what it has: nothing was replaced
  hint: {hint}""")
NOT_CHANGED = Code("""CC435 {path} in {place} could not be replaced or removed: {why}
  each file is the old one or the new one, none is half of both; {before}
  hint: {hint}""")
FILE_TOO_LARGE = Code("""CC436 {path} in {place} has more than {most} MB
  no configuration of one server is that large
  hint: look at what it is""")
KEY_UNUSABLE = Code("""CC437 the SSH key {key} cannot be used: {why}
  hint: {hint}""")
SSH_NOT_LET_IN = Code("""CC437 {host}:{port} did not let "{user}" in
  it accepts none of what was offered: {tried}
  hint: add the public key to that user's ~/.ssh/authorized_keys there""")
NO_SFTP = Code("""CC437 {host}:{port} offers no SFTP
  its SSH server lets the user in, and has no such subsystem for that user
  hint: `Subsystem sftp internal-sftp` in sshd_config there""")
SSH_UNREACHABLE = Code("""CC437 no SSH connection to {host}:{port}: {why}
  without it ccstate does not know what is stored there
  hint: check host and port under `connection` in ccstate.yaml, and that sshd runs""")
KNOWN_HOSTS_UNREADABLE = Code("""CC438 {file} cannot be read: {why}
  without it ccstate cannot know whether the machine is the one that it says it is
  hint: mend it, or name another as `known_hosts`""")
HOST_CHANGED = Code("""CC438 {host}:{port} is not the machine that {file} knows: it shows {key}
  another machine may stand in between; or it was installed anew
  hint: compare with {look}; only if they agree, remove the old line and run `{scan}`""")
HOST_UNKNOWN = Code("""CC438 {host}:{port} is not in {file}; it shows {key}
  another machine may answer in its place, and would be given every secret
  hint: compare with {look}; if they agree, run `{scan}`""")
FOLDER_CUT = Code("""CC439 {place} could not be read: {why}
  what is stored is not known, so nothing can be planned
  hint: {hint}""")
SFTP_MISSING = Code("""CC439 the folder is on another machine, and the library for SFTP is not installed
  ccstate brings it as an extra, for those who need it
  hint: pip install 'ccstate[asterisk]'""")
FILE_BROKEN = Code("""CC440 the file ends here for Asterisk: {why}
  Asterisk drops this line and everything below it in this file.
  hint: mend the line, then reload""")
FILE_ABSENT = Code("CC440 there is no file {file}")
LINE_LOST = Code("""CC441 {why}
  Asterisk drops this line and goes on.""")
LINE_PASSED = Code("""CC441 {why}
  Asterisk passes over it.""")
CONDITION_UNCLEAR = Code("CC441 {condition!r} is no condition that ccstate can judge")
PROGRAM_UNREAD = Code("""CC442 what {program!r} prints is not read
  Asterisk may run this program and load its output; ccstate runs nothing.""")
COMMENT_OPEN = Code("""CC443 {what}
  Asterisk takes everything below for a comment.""")
NOT_UTF8 = Code("""CC444 this is not UTF-8
  Asterisk takes bytes as they are; here they are shown as \N{REPLACEMENT CHARACTER}.""")
NUL_IN_LINE = Code("""CC444 a NUL stands in this line
  Asterisk drops what comes behind it.""")
HEADER_PASSED = Code("""warning: CC445 {rest!r} behind the name of a section is passed over
  Asterisk takes templates only from ( right behind ].""")
CONF_TOO_LARGE = Code("CC446 {file} is not read: the configuration is larger than ccstate reads")
ADDITIONS_UNREAD = Code("CC446 more than {most} lines add with +=; this one is not followed")
INCLUDES_ITSELF = Code("""CC446 {file} includes itself
  Asterisk reads it again and again, {deep} deep.""")
STEP_UNREAD = Code("CC447 {text!r} is worked out while Asterisk loads; it is not followed")
STEP_UNCLOSED = Code("""CC447 {call!r} has no )
  Asterisk warns, and takes all of it.""")
PRIORITY_TWICE = Code("""CC448 {exten} has a priority {priority} already
  Asterisk keeps the one in {file}:{line}.""")
ESPEAK_MISSING = Code("""CC460 {program} is not on this machine
  It speaks the prompts that have text and no recording.
  hint: apt-get install {program}, or give these prompts audio.""")
NO_VOICE = Code("""CC461 {program} has no voice for {language}
  hint: Give it audio, or name a command that speaks it: {variable}.""")
NOT_SPOKEN = Code("""CC462 {program} did not speak
  {why}
  hint: Try {program} by hand with this text, or give audio.""")
SPEECH_UNUSABLE = Code("""CC462 {program} gave no speech that can be played
  {why}
  hint: Try it by hand with this text, or give audio.""")
RECORDING_MISSING = Code("""CC463 {path} is not there
  hint: Add it, or correct `audio`: it starts at the project's folder.""")
RECORDING_OUTSIDE = Code("""CC464 {path} is no file inside the project
  hint: Copy the recording itself into the project.""")
RECORDING_CLOSED = Code("""CC464 {path} may not be read
  hint: Allow this user to read it.""")
AUDIO_UNREADABLE = Code("""CC465 {path} cannot be read as audio
  {why}
  hint: Play it on this machine; save it again as .wav or .flac.""")
AUDIO_TOO_LARGE = Code("""CC466 {path} is larger than {most} MB
  hint: Save it as .flac in 8 kHz and one channel: telephones carry no more.""")
AUDIO_TOO_LONG = Code("""CC466 {path} is longer than {most} minutes
  hint: Cut it into prompts.""")
AUDIO_LIBRARIES = Code("""CC467 the libraries that make sound files are not installed
  {why}
  hint: pip install "ccstate[asterisk]"
""")
RECORDING_CHANGED = Code("""CC468 {path} is another recording than when this was planned
  hint: Plan again.""")
LIST_EMPTY = Code("""CC470 Asterisk answers that {what}, though it has read the file that says {known}
  an empty answer that is no failure would look as if everything had been deleted
  hint: look at Asterisk's log: it may still be loading, or have refused every one of them""")
NOT_RELOADED = Code("""CC471 Asterisk does not load {module} again: {reason}
  the new file is in its place, and what runs is still the old one
  hint: look at Asterisk's log and at modules.conf, then apply again""")
NO_NUMBER = Code("""CC472 Asterisk sent a {event} whose "{header}" is no number
  this version of Asterisk answers in a form that ccstate does not know
  hint: report it, with the output of `asterisk -V`""")
MODULE_MISSING = Code("""CC473 {module}.so does not run at {place}, which {user}
  A call would end at the step with `{word}`, which no other module knows.
  hint: add `load = {module}.so` to modules.conf, then `module load {module}.so`""")
OLD_NAMES_NOT_INCLUDED = Code("""CC474 {file} does not include {path}, by which callers keep an old name
  The file is there while calls leave the old name: who waits would be left behind without it.
  hint: write `#tryinclude {pattern}` in place of the line that includes ccstate.conf""")
MAILBOX_THERE = Code("""CC475 messages of another time lie in {folder}
  extension/{name} would have them as its own.
  hint: look whose they are, and move that folder away""")
NOT_DIALLED = Code("""CC480 no call can be placed with "{text}": it is no number
  a test call dials digits only, and shows digits only
  hint: write it as in +61255501000""")
NO_MOMENT = Code("""CC480 no call can be placed to {number} at that moment
  the moment lies before 1970, or too far ahead
  hint: correct `at` of the call test""")
NO_ENTRANCE = Code("""CC481 no test call can be placed at {host}:{port}
  host, port or password cannot be written into a SIP request
  hint: check the SIP address under `connection` in ccstate.yaml""")
SIPP_MISSING = Code("""CC482 sipp is not installed, which places test calls
  hint: install it (Debian and Ubuntu: sip-tester), or name it: export {variable}=/where/sipp""")
SIPP_ENDED = Code("""CC483 sipp ended in the middle of test calls: {why}
  whatever calls it had are lost, and prove nothing
  hint: run the tests again; if it stays, report it with the output of `sipp -v`""")
SIP_SILENT = Code("""CC484 no answer by SIP from {place}
  nothing listens there by UDP, or a firewall keeps it from answering
  hint: check the SIP address under `connection` in ccstate.yaml""")
CALLS_NOT_LET_IN = Code("""CC485 Asterisk at {place} does not let test calls in
  the endpoint `ccstate-test` is not there, or has another password: only what was applied with
    `test_site: true` has it
  hint: set `test_site: true` under `connection`, plan and apply; never on a site in use""")
CALL_UNSEEN = Code("""CC486 a test call was answered at {place}, and AMI showed nothing of it
  AMI is that of another Asterisk, or its user may not see events
  hint: give the user `read = system,user,call,agent` in manager.conf; check both addresses""")
NAME_TOO_LONG = Code("""CC490 {where}: the name is too long
  Asterisk cuts {held}… behind {most} characters.
  hint: a name of at most {left} characters""")
MUSIC_TOO_LONG = Code("""CC490 {where}: the name is too long
  Asterisk cuts it.
  hint: at most {most} characters""")
NAME_TAKEN = Code("""CC490 {where}: the name is not free
  {why}
  hint: choose another name""")
SECRET_REFUSED = Code("""CC491 {where}: Asterisk cannot hold this secret
  {why}
  hint: set another password there, and at the other side""")
PIN_REFUSED = Code("""CC492 {where}: the PIN is not made of 1 to {most} digits
  It is typed on the keys of a phone.
  hint: set a PIN of digits""")
PIN_TWICE = Code("""CC492 {where}: the PIN of members is the same
  Every caller who knows the PIN of members would be a moderator.
  hint: set another PIN for moderators""")
TEXT_TOO_LONG = Code("""CC493 {where}: the text is too long
  It has {size} bytes, and Asterisk cuts it behind {most}.
  hint: shorten it""")
BLANKS_AT_ENDS = Code("""CC493 {where}: the text has blanks at its ends
  Asterisk takes the blanks at its ends away.
  hint: remove them""")
LOCATION_TOO_LONG = Code("""CC493 {where}: the place of the phone is too long
  An ambulance would get the first {most} bytes of it.
  hint: shorten the address of the site, the label of the area, or the desk""")
ACCOUNT_QUOTED = Code("""CC493 {where}: the account has a quote or a backslash
  Asterisk writes it in quotes, as it is, into what it sends to the carrier.
  hint: ask the carrier for an account of letters and digits""")
DURATION_TOO_LONG = Code("""CC494 {where}: the duration is too long
  Asterisk counts milliseconds in 32 bits, and begins again from below zero.
  hint: at most 24 days""")
DURATION_ZERO = Code("""CC494 {where}: the duration is 0
  {why}
  hint: at least 1s""")
NUMBER_TWICE = Code("""CC495 {where}: the number {number} is taken
  {other} is dialled so too, and Asterisk would ring that one only.
  hint: change one""")
MEMBERS_ALIKE = Code("""CC495 {where}: two members are named {member}
  A person and a phone have the same name, and so they are one member.
  hint: rename user/{member} or extension/{member}""")
FOLDER_UNREADABLE = Code("""CC810 {path} cannot be read: {why}
  hint: run this as a user who may read it, or on a copy of the folder""")
CONFIGURATION_MISSING = Code("""CC810 {folder} has no {files}
  ccstate reads phones from pjsip.conf, and what is dialled from extensions.conf.
  hint: {hint}""")
MAY_NOT_FOLLOW = Code("""CC860 the AMI user {user} at {place} may not read {lacking}
  Asterisk leaves out what a user may not read without a word, and figures would be wrong.
  hint: in manager.conf, give it `read = {classes}`, then `manager reload`""")
