"""What goes wrong between ccstate and AMI: where, what, why, and what to do next."""

import ssl

from ccstate.adapters.asterisk.ami.message import Message, shown
from ccstate.errors import Diagnostic, Unreadable

# `write =` in manager.conf; any one of them will do. Source: ListCommands of 22.10 and 16.28.
RIGHTS = {
    "Command": "command",
    "CoreSettings": "system or reporting",
    "CoreShowChannels": "system or reporting",
    "CoreStatus": "system or reporting",
    "DBGet": "system or reporting",
    "DeviceStateList": "call or reporting",
    "ExtensionStateList": "call or reporting",
    "GetConfig": "system or config",
    "Getvar": "call or reporting",
    "Hangup": "system or call",
    "Originate": "originate",
    "PJSIPShowAors": "system",
    "PJSIPShowAuths": "system",
    "PJSIPShowContacts": "system",
    "PJSIPShowEndpoint": "system",
    "PJSIPShowEndpoints": "system",
    "QueuePause": "agent",
    "Reload": "system or config",
    "Setvar": "call",
    "ShowDialPlan": "config or reporting",
    "UserEvent": "user",
    "VoicemailUsersList": "call or reporting",
}


class Refused(Unreadable):
    """Asterisk understood the action and said no; `reason` is in its words."""

    def __init__(self, problem: Diagnostic, action: str, reason: str) -> None:
        super().__init__([problem])
        self.action = action
        self.reason = reason


class Forbidden(Unreadable):
    """The AMI user lacks a right: no answer about the object that was asked for."""


def refusal(place: str, action: str, response: Message) -> Refused | Forbidden:
    reason = shown(response.get("Message")) or "no reason given"
    if reason == "Permission denied":
        return Forbidden([forbidden(place, action)])
    if response.output:
        reason = shown(" ".join(response.output))
    hint = ""
    if reason.startswith("Invalid/unknown command"):
        hint = "load the module that knows this action: `noload` in modules.conf may keep it out"
    message = f"Asterisk at {place} refused {action}: {reason}"
    return Refused(Diagnostic("CC428", message, hint=hint), action, reason)


def forbidden(place: str, action: str) -> Diagnostic:
    """The problem of an action for which the AMI user lacks a right."""
    right = RIGHTS.get(action)
    needed = f"it needs {right}" if right else f"`manager show command {action}` names the right"
    return Diagnostic(
        "CC427",
        f"Asterisk at {place} does not permit {action}",
        cause=f"the AMI user lacks a right; {needed}",
        hint="add it to the user's `write =` in manager.conf, then `manager reload`",
    )


def unreachable(place: str, error: OSError, timeout: float) -> Diagnostic:
    why = f"no answer within {timeout:g} s" if isinstance(error, TimeoutError) else _why(error)
    return Diagnostic(
        "CC420",
        f"no connection to Asterisk's AMI at {place}: {why}",
        cause="without it nobody knows what Asterisk runs",
        hint="check host and port in ccstate.yaml, that Asterisk runs, and `enabled`, `bindaddr`, `port` in manager.conf",
    )


def untrusted(place: str, error: Exception) -> Diagnostic:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted: {shown(error.verify_message)}"
        hint = "name the authority that signed it as `ca`, and the name that it bears"
    elif isinstance(error, ssl.SSLError):
        why = f"the TLS handshake failed: {shown(error.reason or str(error))}"
        hint = "check that this is the port of `tlsbindaddr` in manager.conf, not the plain one"
    elif isinstance(error, TimeoutError):
        why = "it did not answer the TLS handshake in time"
        hint = "check that this is the port of `tlsbindaddr` in manager.conf, not the plain one"
    else:
        why = f"TLS cannot be set up: {_why(error)}"
        hint = "check the `ca` file and the names"
    return Diagnostic("CC426", f"no TLS with AMI at {place}: {why}", hint=hint)


def silent_greeting(place: str) -> Diagnostic:
    return Diagnostic(
        "CC421",
        f"what listens at {place} did not greet as Asterisk's AMI does",
        cause="it sent nothing: another service, AMI over TLS asked in the clear, or a hung Asterisk",
        hint="check the port, and whether it wants `tls`",
    )


def no_greeting(place: str, seen: bytes) -> Diagnostic:
    return Diagnostic(
        "CC422",
        f"what listens at {place} is not Asterisk's AMI",
        cause=f"it greets with {shown(seen.decode(errors='backslashreplace'))!r}",
        hint="check the port: AMI is 5038 unless manager.conf says otherwise",
    )


def not_let_in(place: str, username: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "CC423",
        f'Asterisk at {place} did not let "{shown(username)}" in: {reason}',
        cause="a wrong secret or name, or an address that `permit` and `deny` keep out: AMI does not say which",
        hint="compare with the user's section in manager.conf; Asterisk's log tells the reason",
    )


def not_booted(place: str, seconds: float) -> Diagnostic:
    return Diagnostic(
        "CC425",
        f"Asterisk at {place} was not fully booted after {seconds:g} s",
        cause="until then its lists are empty or missing, so that nothing it says can be trusted",
        hint="wait and try again; if it is long since up: the AMI user needs `read = system` to hear of it",
    )


def late(place: str, action: str, seconds: float) -> Diagnostic:
    return Diagnostic(
        "CC421",
        f"Asterisk at {place} did not get on with its answer to {action} within {seconds:g} s",
        cause="it is overloaded or hangs; what it did of that is not known",
        hint="look at its log, raise `timeout` if the estate is large, and try again",
    )


def cut(place: str, error: OSError | None) -> Diagnostic:
    how = _why(error) if error else "Asterisk closed it"
    return Diagnostic(
        "CC424",
        f"the AMI connection to {place} ended in the middle: {how}",
        cause="Asterisk stopped or restarts, or ended a session that was not let in or did not read",
        hint="look at Asterisk's log, then try again",
    )


def incomplete(place: str, action: str, end: str, arrived: int) -> Diagnostic:
    return Diagnostic(
        "CC430",
        f"the list of {action} from Asterisk at {place} is not whole: {arrived} arrived, its end says {end}",
        cause="a part that is missing would look as if it had been deleted",
        hint="try again; if it stays, report it with the output of `asterisk -V`",
    )


def endless(place: str, action: str, most: int) -> Diagnostic:
    return Diagnostic(
        "CC429",
        f"the list of {action} from Asterisk at {place} has more than {most} items",
        cause="no server of one estate is that large",
        hint="check host and port under `connection` in ccstate.yaml",
    )


def overflow(place: str, most: int) -> Diagnostic:
    return Diagnostic(
        "CC432",
        f"more than {most} events of Asterisk at {place} wait to be read",
        cause="more would be forgotten, and a call test could miss what happened",
        hint="ask for fewer classes of events, or watch a quieter server",
    )


def _why(error: Exception) -> str:
    return shown(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
