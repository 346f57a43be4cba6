"""The etc folder of a site, as an administrator would write it by hand.

What ccstate writes is included last in each file. Modules are loaded by name, which halves the
time to boot: 0.3 s instead of 0.5 (22.10 and 16.28, two cores).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccstate_lab.process import Ports
from ccstate_lab.programs import Programs

MODULES = """
res_crypto res_musiconhold res_pjproject res_rtp_asterisk res_sorcery_astdb res_sorcery_config
res_sorcery_memory res_srtp res_timing_timerfd
res_parking

res_pjsip res_pjsip_acl res_pjsip_authenticator_digest res_pjsip_caller_id
res_pjsip_dialog_info_body_generator res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info
res_pjsip_empty_info res_pjsip_endpoint_identifier_anonymous res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_exten_state res_pjsip_header_funcs res_pjsip_logger
res_pjsip_messaging res_pjsip_mwi res_pjsip_mwi_body_generator res_pjsip_nat
res_pjsip_outbound_authenticator_digest res_pjsip_outbound_publish res_pjsip_outbound_registration
res_pjsip_path res_pjsip_pidf_body_generator res_pjsip_pubsub res_pjsip_refer res_pjsip_registrar
res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_send_to_voicemail res_pjsip_session
res_pjsip_sips_contact res_pjsip_xpidf_body_generator chan_pjsip

pbx_config app_cdr app_celgenuserevent app_confbridge app_db app_dial app_directed_pickup app_echo app_exec
app_if app_milliwatt app_mixmonitor app_playback app_playtones app_queue app_read app_record app_sayunixtime
app_senddtmf app_softhangup app_stack app_system app_transfer app_userevent app_verbose
app_voicemail app_waituntil app_while

bridge_builtin_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
cdr_csv cdr_manager cel_manager

codec_a_mu codec_alaw codec_g722 codec_gsm codec_resample codec_ulaw
format_gsm format_pcm format_sln format_wav format_wav_gsm

func_base64 func_callerid func_cdr func_channel func_cut func_db func_devstate func_dialplan
func_env func_evalexten func_export func_extstate func_global func_groupcount func_hangupcause
func_logic func_math func_md5 func_module func_pjsip_aor func_pjsip_contact func_pjsip_endpoint
func_presencestate func_rand func_sha1 func_shell func_sorcery func_sprintf func_strings
func_sysinfo func_timeout func_uri func_uuid func_version func_vmcount func_volume
"""
"""What a contact centre needs. func_shell and app_system are there on purpose: a test that text
is never code shows something only where code would run."""

# Seen on 16.28 and 22.10. Read, for events: FullyBooted (system), UserEvent (user), a call's coming
# and going (call), queues (agent), refused and overflowed calls (dialplan). Answers to questions need no
# right to read.
RIGHTS_READ = "system,user,call,agent,dialplan"
# Write, for questions: Reload, PJSIPShow…, GetConfig (system), ShowDialPlan, Getvar,
# VoicemailUsersList, ExtensionStateList (reporting), QueuePause (agent).
RIGHTS_WRITE = "system,reporting,agent"

FILES = """
== asterisk.conf
[directories]
astcachedir => {folder}/var/cache
astetcdir => {folder}/etc
astmoddir => {modules}
astvarlibdir => {folder}/var/lib
astdbdir => {folder}/var/db
astkeydir => {folder}/var/keys
astdatadir => {folder}/share
astagidir => {folder}/share/agi-bin
astspooldir => {folder}/var/spool
astrundir => {folder}/var/run
astlogdir => {folder}/var/log
astsbindir => {folder}/var
[options]
documentation_language = en_US
nocolor = yes
systemname = {name}
verbose = 3
== manager.conf
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami}
{tls}
; What ccstate needs, and no more.
[ccstate]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = {read}
write = {write}
writetimeout = 5000
; For the lab itself: stops the site, places calls, reads all events.
[lab]
secret = {lab_secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = all
write = all
writetimeout = 5000
== pjsip.conf
[global]
type = global
user_agent = ccstate lab
; Phones and carriers share an address here, so who they say they are comes first.
endpoint_identifier_order = username,ip,anonymous
[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[transport-tcp]
type = transport
protocol = tcp
bind = 127.0.0.1:{sip}
[transport-tls]
type = transport
protocol = tls
bind = 127.0.0.1:{sip_tls}
method = tlsv1_2
cert_file = {certificate}
priv_key_file = {key}
#tryinclude pjsip.d/*.conf
== queues.conf
[general]
persistentmembers = yes
autofill = yes
shared_lastcall = no
#tryinclude queues.d/*.conf
== extensions.conf
[general]
static = yes
writeprotect = no
clearglobalvars = yes
[globals]
[lab]
exten => 600,1,Answer()
 same => n,Echo()
#tryinclude extensions.d/*.conf
== voicemail.conf
[general]
format = wav|gsm
maxmsg = 100
minsecs = 1
attach = no
mailcmd = /bin/true
[default]
#tryinclude voicemail.d/*.conf
== musiconhold.conf
[default]
mode = files
directory = {folder}/var/lib/moh
== rtp.conf
[general]
rtpstart = {rtp_first}
rtpend = {rtp_last}
== logger.conf
[general]
dateformat = %F %T.%3q
queue_log = yes
queue_log_to_file = yes
[logfiles]
full => notice,warning,error,verbose
== cdr.conf
[general]
enable = yes
unanswered = yes
[csv]
usegmtime = yes
loguniqueid = yes
== cdr_manager.conf
[general]
enabled = yes
[mappings]
== cel.conf
[general]
enable = yes
apps = all
events = ALL
[manager]
enabled = yes
== indications.conf
[general]
country = au
[au]
description = Australia
ringcadence = 400,200,400,2000
dial = 413+438
busy = 425/375,0/375
ring = 413+438/400,0/200,413+438/400,0/2000
congestion = 425/375,0/375,420/375,0/375
callwaiting = 425/200,0/200,425/200,0/4400
dialrecall = 413+438
record = !425/1000,!0/15000,425/360,0/15000
info = 425/2500,0/500
stutter = 413+438/100,0/40
== http.conf
[general]
enabled = no
== acl.conf
== ccss.conf
[general]
== features.conf
[general]
== confbridge.conf
[general]
== res_parking.conf
[general]
#tryinclude res_parking.d/*.conf
== pjproject.conf
== udptl.conf
[general]
"""

TLS = """tlsenable = yes
tlsbindaddr = 127.0.0.1:{port}
tlscertfile = {certificate}
tlsprivatekey = {key}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What differs from one site to another."""

    folder: Path
    name: str
    programs: Programs
    ports: Ports
    secret: str
    lab_secret: str
    certificate: Path
    key: Path
    ami_tls: bool


def write(facts: Facts, more: Mapping[str, str]) -> None:
    """Write the folders and files of a site; includes that are there already stay as they are.

    `more` names further files under etc, such as pjsip.d/phones.conf, with their text.
    """
    etc = facts.folder / "etc"
    for include in ("pjsip.d", "queues.d", "extensions.d", "voicemail.d", "res_parking.d"):
        (etc / include).mkdir(parents=True, exist_ok=True)
    for folder in ("cache", "lib/moh", "db", "keys/keys", "spool", "run", "log/cdr-csv"):
        (facts.folder / "var" / folder).mkdir(parents=True, exist_ok=True)
    _data(facts)
    for name, text in {**_files(facts), **more}.items():
        write_private(etc / name, text)


def _data(facts: Facts) -> None:
    """Sounds that come with Asterisk are linked; what ccstate puts beside them is the site's."""
    share = facts.folder / "share"
    (share / "sounds").mkdir(parents=True, exist_ok=True)
    _link(share / "sounds/en", facts.programs.sounds)
    # Asterisk 16 refuses options that its own documentation does not name (seen in 16.28).
    _link(share / "documentation", facts.programs.data / "documentation")
    # Without a file there is no class, and callers on hold hear, and are sent, nothing.
    _link(facts.folder / "var/lib/moh/music.gsm", facts.programs.sounds / "demo-congrats.gsm")


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _files(facts: Facts) -> dict[str, str]:
    ports = facts.ports
    tls = ""
    if facts.ami_tls:
        tls = TLS.format(port=ports.ami_tls, certificate=facts.certificate, key=facts.key)
    text = FILES.format(
        folder=facts.folder,
        modules=facts.programs.modules,
        name=facts.name,
        secret=facts.secret,
        lab_secret=facts.lab_secret,
        read=RIGHTS_READ,
        write=RIGHTS_WRITE,
        ami=ports.ami,
        sip=ports.sip,
        sip_tls=ports.sip_tls,
        certificate=facts.certificate,
        key=facts.key,
        rtp_first=ports.rtp[0],
        rtp_last=ports.rtp[-1],
        tls=tls,
    )
    parts = (part.partition("\n") for part in text.strip().removeprefix("== ").split("\n== "))
    files = {name: body.rstrip("\n") + "\n" for name, _, body in parts}
    files["modules.conf"] = _modules(facts.programs)
    return files


def _modules(programs: Programs) -> str:
    """Those that this release has: 16 knows no app_if, func_export, func_uuid."""
    there = [name for name in MODULES.split() if (programs.modules / f"{name}.so").exists()]
    lines = "".join(f"load = {name}.so\n" for name in there)
    return f"[modules]\nautoload = no\n{lines}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read: some of these hold passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
