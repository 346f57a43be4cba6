"""What goes wrong with test calls: where, what, why, and what to do next."""

from ccstate.adapters.asterisk.ami.message import shown
from ccstate.errors import Diagnostic

SIPP = "CCSTATE_SIPP"
"""Variable with the command that places calls."""


def no_number(text: str) -> Diagnostic:
    return Diagnostic(
        "CC480",
        f'no call can be placed with "{shown(text)}": it is no number',
        cause="a test call dials digits only, and shows digits only",
        hint="write it as in +61255501000",
    )


def no_call(number: str) -> Diagnostic:
    return Diagnostic(
        "CC480",
        f"no call can be placed to {shown(number)} at that moment",
        cause="the moment lies before 1970, or too far ahead",
        hint="correct `at` of the call test",
    )


def no_entrance(host: str, port: int) -> Diagnostic:
    return Diagnostic(
        "CC481",
        f"no test call can be placed at {shown(host)}:{port}",
        cause="host, port or password cannot be written into a SIP request",
        hint="check the SIP address under `connection` in ccstate.yaml",
    )


def no_sipp() -> Diagnostic:
    return Diagnostic(
        "CC482",
        "sipp is not installed, which places test calls",
        hint=f"install it (Debian and Ubuntu: sip-tester), or name it: export {SIPP}=/where/sipp",
    )


def sipp_ended(said: str) -> Diagnostic:
    return Diagnostic(
        "CC483",
        f"sipp ended in the middle of test calls: {shown(said) or 'it does not say why'}",
        cause="whatever calls it had are lost, and prove nothing",
        hint="run the tests again; if it stays, report it with the output of `sipp -v`",
    )


def unreachable(place: str) -> Diagnostic:
    return Diagnostic(
        "CC484",
        f"no answer by SIP from {place}",
        cause="nothing listens there by UDP, or a firewall keeps it from answering",
        hint="check the SIP address under `connection` in ccstate.yaml",
    )


def not_let_in(place: str) -> Diagnostic:
    return Diagnostic(
        "CC485",
        f"Asterisk at {place} does not let test calls in",
        cause="the endpoint `ccstate-test` is not there, or has another password: only what was "
        "applied with `test_site: true` has it",
        hint="set `test_site: true` under `connection`, plan and apply; never on a site in use",
    )


def unseen(place: str) -> Diagnostic:
    return Diagnostic(
        "CC486",
        f"a test call was answered at {place}, and AMI told nothing of it",
        cause="AMI is that of another Asterisk, or its user may not see events",
        hint="give the user `read = system,user,call,agent` in manager.conf; check both addresses",
    )
