"""Variables and functions of a dialplan, read and set.

Source: main/pbx_variables.c, funcs/*.c and main/pbx_functions.c of Asterisk 18. A function that
nothing is known of gives a value that nothing may depend on.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.interpreter.call import (
    Call,
    Ended,
    Heard,
    NotFollowed,
    Undecided,
    UndecidedTime,
)
from ccstate.adapters.asterisk.interpreter.facts import Moments, Survey
from ccstate.adapters.asterisk.interpreter.jumps import NOWHERE, Run
from ccstate.adapters.asterisk.interpreter.lookup import Found, Lookup
from ccstate.adapters.asterisk.interpreter.text import (
    OPAQUE,
    arguments,
    evaluate,
    fill,
    is_true,
    name_and_cut,
    opaque,
    require_known,
    search_regex,
    substring,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The surroundings of a call that is played: `mailboxes` as `Interpreter` has them."""

    plan: Dialplan
    lookup: Lookup
    survey: Survey
    moments: Moments
    mailboxes: Mapping[str, bool] | None


class Play(Run):
    """A call while it is played; applications change `call` and add to `heard`."""

    def __init__(self, scene: Scene, call: Call, line: Option = NOWHERE) -> None:
        super().__init__(scene.lookup, call, line)
        self.plan, self.survey, self.moments = scene.plan, scene.survey, scene.moments
        self.mailboxes = scene.mailboxes
        self.heard: list[Heard] = []

    def fill(self, text: str) -> str:
        if "$" not in text:
            return text
        return fill(text, lambda inside: _value(self, inside), _expression)

    def holds(self, condition: str) -> bool:
        return is_true(require_known(condition))

    def skip(self, what: str) -> None:
        raise NotFollowed(what)

    def leads_on(self, line: Option) -> bool:
        """Check whether an include counts now; what a switch finds is not followed."""
        if line.key.lower() != "include":
            raise NotFollowed(f"{line.key} => {line.value[:60]} asks another place", line)
        return self.is_open(line.value.partition(",")[2])

    def fact(self, name: str) -> str:
        """Return a fact outside of the dialplan; raises Undecided where the call does not know it yet."""
        if name in self.call.facts:
            return self.call.facts[name]
        values = self.survey.values(name)
        if len(values) == 1:
            return values[0]
        raise Undecided(name, values)

    def caller(self) -> str:
        """Return the number that the call shows; the dialplan may have set it."""
        return self.call.caller or self.fact("caller")

    def is_open(self, times: str) -> bool:
        """Check whether a condition on the clock holds; raises UndecidedTime where that is open."""
        holds = self.moments.holding(times) & self.call.moments
        if holds and holds != self.call.moments:
            raise UndecidedTime(holds)
        return bool(holds)

    def find(self, context: str, exten: str, priority: int = 1) -> Found | None:
        return self.lookup.step(context, exten, priority, self.caller, self.leads_on)

    def label(self, context: str, exten: str, label: str) -> int | None:
        return self.lookup.label(context, exten, label, self.caller, self.leads_on)

    def keep(self, name: str, value: str) -> None:
        """Set a variable of the channel, where the dialplan ever reads it."""
        if self.survey.reads(name):
            self.call = replace(self.call, variables={**self.call.variables, name: value})

    def outcome(self, what: str, values: tuple[str, ...]) -> str:
        """Return the result of the step that is played: one of these, decided outside."""
        context, exten, priority = self.here
        fact = f"{what} at {exten},{priority} of [{context}]"
        if fact not in self.call.facts:
            raise Undecided(fact, values)
        return self.call.facts[fact]

    def ended(self, end: str, at: str = "") -> Ended:
        return super().ended(end, at)._replace(heard=tuple(self.heard))


def _expression(inside: str) -> str:
    return evaluate(require_known(inside))


def _value(run: Play, inside: str) -> str:
    name, offset, length = name_and_cut(inside)
    function, bracket, said = name.partition("(")
    value = _function(run, function, said.removesuffix(")")) if bracket else variable(run, name)
    return value if OPAQUE in value else substring(value, offset, length)


SET_BY_ASTERISK = frozenset(
    (
        *("ACCOUNTCODE", "AGISTATUS", "ANSWEREDTIME", "AQMSTATUS", "ATTENDEDTRANSFER"),
        *("AVAILCHAN", "AVAILSTATUS", "BLINDTRANSFER", "BRIDGEPEER", "CALLINGPRES", "CHANNEL"),
        *("CONFBRIDGE_RESULT", "CPLAYBACKSTATUS", "DATETIME", "DIALEDPEERNAME"),
        *("DIALEDPEERNUMBER", "DIALEDTIME", "ENTITYID", "ENUMSTATUS", "EPOCH", "FAXSTATUS"),
        *("FORWARDERNAME", "HANGUPCAUSE", "HINT", "HINTNAME", "LINKEDID"),
        *("MEMBERINTERFACE", "MEMBERNAME", "MIXMONITOR_FILENAME", "MONITOR_FILENAME"),
        *("PARKEDAT", "PARKER", "PARKINGLOT", "PLAYBACKSTATUS", "PQMSTATUS", "PRIORITY"),
        *("QEHOLDTIME", "QEORIGINALPOS", "QUEUEPOSITION", "RDNIS", "RECORDED_FILE"),
        *("RECORD_STATUS", "RQMSTATUS", "SENDTEXTSTATUS", "SIPCALLID", "SIPDOMAIN", "SIPURI"),
        *("SYSTEMNAME", "SYSTEMSTATUS", "TIMESTAMP", "TRANSFERSTATUS", "TRYSTATUS", "UNIQUEID"),
        *("UPQMSTATUS", "WAITSTATUS"),
    )
)
"""Variables with a value that depends on the call, or on what an application met.

Those that follow from the way of a call are not here: EXTEN, CONTEXT, DIALSTATUS, QUEUESTATUS,
READSTATUS, VMSTATUS. Source: docs.asterisk.org, "Asterisk Standard Channel Variables".
"""


def variable(run: Play, name: str) -> str:
    """Return the value of a variable of the channel, or else a global one; "" where it is unset."""
    name = name.strip()
    special = {"EXTEN": run.here[1], "CONTEXT": run.here[0], "PRIORITY": str(run.here[2])}
    if name in special:
        return special[name]
    for frame in reversed(run.call.frames):
        if name in frame.variables:
            return frame.variables[name]
    if name in run.call.variables:
        return run.call.variables[name]
    return opaque(name) if name in SET_BY_ASTERISK else global_value(run, name)


def global_value(run: Play, name: str) -> str:
    if run.survey.changes(name):
        return run.fact(f"GLOBAL({name})")
    return run.plan.globals.get(name, "")


def _function(run: Play, name: str, said: str) -> str:
    name = name.strip()
    if name in _ASKING:
        return _ASKING[name](run, said)
    if name in PURE:
        return opaque(f"{name}()") if OPAQUE in said and name != "IF" else PURE[name](said)
    return opaque(f"{name}()")


# Functions that ask for the call, or for facts outside


def _callerid(run: Play, said: str) -> str:
    what = said.partition(",")[0].strip().lower()
    if what in ("num", "number"):
        return run.caller()
    return run.call.variables.get(f"CALLERID({what})") or opaque(f"CALLERID({what})")


def _channel(run: Play, said: str) -> str:
    if said.strip().lower() in ("endpoint", "peername") and run.call.device:
        return run.call.device.partition("/")[2]
    return run.call.variables.get(f"CHANNEL({said.strip()})") or opaque(f"CHANNEL({said})")


def _db(run: Play, said: str) -> str:
    return run.fact(f"DB({require_known(said)})")


def _db_exists(run: Play, said: str) -> str:
    return "1" if _db(run, said) else "0"


def _device_state(run: Play, said: str) -> str:
    return run.fact(f"DEVICE_STATE({require_known(said)})")


def _dialplan_exists(run: Play, said: str) -> str:
    context, exten, priority = (require_known(part).strip() for part in arguments(said, 3)[:3])
    exten = exten or run.here[1]
    number = int(priority) if priority.isdigit() else 1
    return "1" if run.exists(context, exten, number) else "0"


def _iftime(run: Play, said: str) -> str:
    times, _, values = said.partition("?")
    yes, no = _split_values(values)
    holds = run.moments.holding(require_known(times)) & run.call.moments
    if holds == run.call.moments:
        return yes
    if not holds:
        return no
    raise UndecidedTime(holds)


def _group_count(_run: Play, _said: str) -> str:
    """Return one: a call that is walked is alone on the server."""
    return "1"


def _dial_contacts(_run: Play, said: str) -> str:
    return f"PJSIP/{said.partition(',')[0].strip()}"


def _global(run: Play, said: str) -> str:
    return global_value(run, said.strip())


def _local(run: Play, said: str) -> str:
    return run.call.frames[-1].variables.get(said.strip(), "") if run.call.frames else ""


def _field_number(run: Play, said: str) -> str:
    """Return the place of a value among a variable's parts, from 1; 0 where it is none of them.

    FIELDNUM() of func_strings.c (16.28, 22.10).
    """
    name, delimiter, value = (require_known(part) for part in arguments(said, 3)[:3])
    if len(delimiter) != 1:
        raise NotFollowed(f"FIELDNUM() with the delimiter {delimiter[:10]!r} is not followed")
    parts = require_known(variable(run, name)).split(delimiter)
    return str(parts.index(value) + 1 if value in parts else 0)


_ASKING: Mapping[str, Callable[[Play, str], str]] = {
    "CALLERID": _callerid,
    "CHANNEL": _channel,
    "DB": _db,
    "DB_EXISTS": _db_exists,
    "DEVICE_STATE": _device_state,
    "DEVSTATE": _device_state,
    "DIALPLAN_EXISTS": _dialplan_exists,
    "FIELDNUM": _field_number,
    "VALID_EXTEN": _dialplan_exists,
    "GLOBAL": _global,
    "GROUP_COUNT": _group_count,
    "IFTIME": _iftime,
    "LOCAL": _local,
    "PJSIP_DIAL_CONTACTS": _dial_contacts,
}


# Functions of their arguments alone


def _split_values(values: str) -> tuple[str, str]:
    """Split a text at the first colon outside of quotes."""
    is_quoted = False
    for at, char in enumerate(values):
        is_quoted ^= char == '"'
        if char == ":" and not is_quoted:
            return values[:at].strip().strip('"'), values[at + 1 :].strip().strip('"')
    return values.strip().strip('"'), ""


def _if(said: str) -> str:
    condition, _, values = said.partition("?")
    yes, no = _split_values(values)
    return yes if is_true(require_known(condition)) else no


def _strftime(said: str) -> str:
    epoch, zone, spelling = arguments(said, 3)[:3]
    if not epoch.strip().isdigit():
        return opaque("STRFTIME()")
    try:
        at = datetime.fromtimestamp(int(epoch[:12]), UTC).astimezone(ZoneInfo(zone or "UTC"))
        return f"{at:{spelling}}" if spelling else opaque("STRFTIME()")
    except (OSError, ValueError, OverflowError, LookupError):
        raise NotFollowed(f"STRFTIME({said[:60]}) is not followed") from None


def _filter(said: str) -> str:
    allowed, _, text = said.partition(",")
    if re.search(r"\\|\^|[\[\]]", allowed):
        raise NotFollowed(f"FILTER({allowed[:40]}) is not followed")
    return "".join(re.findall(f"[{re.escape(allowed).replace(chr(92) + '-', '-')}]", text))


def _math(said: str) -> str:
    text, kind, *_ = arguments(said, 2)
    match = re.fullmatch(r"\s*(-?[0-9.]{1,12})\s*([-+*/%])\s*(-?[0-9.]{1,12})\s*", text)
    if not match or (match[2] in "/%" and not float(match[3])):
        raise NotFollowed(f"MATH({said[:60]}) is not followed")
    left, right = Decimal(match[1]), Decimal(match[3])
    value = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "%": lambda: left % right,
    }[match[2]]()
    return str(int(value)) if kind.strip().lower() in ("int", "i") else f"{value:.6f}"


def _regex(said: str) -> str:
    match = re.match(r'\s*"((?:[^"\\]|\\.)*)"\s?(.*)', said, re.DOTALL)
    if not match:
        raise NotFollowed(f"REGEX({said[:60]}) is not followed")
    return "1" if search_regex(match[1], match[2][:500]) else "0"


PURE: Mapping[str, Callable[[str], str]] = {
    "EXISTS": lambda said: "1" if said else "0",
    "FILTER": _filter,
    "IF": _if,
    "ISNULL": lambda said: "0" if said else "1",
    "LEN": lambda said: str(len(said)),
    "MATH": _math,
    "REGEX": _regex,
    "STRFTIME": _strftime,
    "TOLOWER": str.lower,
    "TOUPPER": str.upper,
}


# Setting


def assign(run: Play, name: str, value: str) -> None:
    """Set a variable or function, as `Set(name=value)` does."""
    function, bracket, said = name.strip().partition("(")
    said = said.removesuffix(")").strip()
    if not bracket:
        run.set_variable(function.lstrip("_"), value)
    elif function in _SETTING:
        _SETTING[function](run, said, value)
    elif function not in _WITHOUT_EFFECT:
        raise NotFollowed(f"Set({function}()=) is not followed")


_WITHOUT_EFFECT = frozenset(
    (
        *("AGC", "CDR", "CDR_PROP", "CONNECTEDLINE", "DENOISE", "FAXOPT", "FEATURE", "FEATUREMAP"),
        *("GROUP", "JITTERBUFFER"),
        *("PJSIP_HEADER", "PJSIP_MEDIA_OFFER", "REDIRECTING", "SPEEX", "STREAM_SILENCE", "VOLUME"),
    )
)
"""Functions that may be set and lead no call elsewhere."""


def set_fact(run: Play, name: str, value: str) -> None:
    """Keep a value for other calls, and note it where the dialplan asks for it."""
    run.call = replace(run.call, facts={**run.call.facts, name: value})
    if run.survey.is_asked(name):
        run.heard.append(Heard("sets", f"{name}={value}", run.line))


def _set_global(run: Play, said: str, value: str) -> None:
    set_fact(run, f"GLOBAL({said})", value)


def _set_db(run: Play, said: str, value: str) -> None:
    set_fact(run, f"DB({require_known(said)})", value)


def _set_device_state(run: Play, said: str, value: str) -> None:
    set_fact(run, f"DEVICE_STATE({require_known(said)})", value)


def _set_callerid(run: Play, said: str, value: str) -> None:
    what = said.partition(",")[0].strip().lower()
    if what in ("num", "number"):
        run.call = replace(run.call, caller=value)
    elif what == "all":
        raise NotFollowed("Set(CALLERID(all)=) is not followed")
    run.call = replace(run.call, variables={**run.call.variables, f"CALLERID({what})": value})


def _set_channel(run: Play, said: str, value: str) -> None:
    what = said.partition(",")[0].strip().lower()
    if what in ("language", "musicclass"):
        run.heard.append(Heard(what, value, run.line))
    run.call = replace(run.call, variables={**run.call.variables, f"CHANNEL({what})": value})


def _set_timeout(run: Play, said: str, value: str) -> None:
    what = said.lower()
    if what == "absolute":
        raise NotFollowed("TIMEOUT(absolute) is not followed")
    match = re.fullmatch(r"\s*([0-9]{1,6})(?:\.[0-9]*)?\s*", require_known(value))
    if not match:
        raise NotFollowed(f"TIMEOUT({what[:20]})={value[:20]} is no number of seconds")
    field = {"response": "response", "digit": "digit"}.get(what)
    if field is None:
        raise NotFollowed(f"there is no TIMEOUT({what[:20]})")
    seconds = int(match[1])
    run.call = (
        replace(run.call, response=seconds)
        if field == "response"
        else replace(run.call, digit=seconds)
    )


_SETTING: Mapping[str, Callable[[Play, str, str], None]] = {
    "CALLERID": _set_callerid,
    "CHANNEL": _set_channel,
    "DB": _set_db,
    "DEVICE_STATE": _set_device_state,
    "GLOBAL": _set_global,
    "LOCAL": lambda run, name, value: run.set_local(name, value),
    "TIMEOUT": _set_timeout,
}
