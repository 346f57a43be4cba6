"""A call through a generated dialplan, played step by step: what app_* and pbx.c would do with it.

It knows the applications, functions and expressions that occur in what ccstate writes, and nothing
of how it came to be written; anything else is an error. Nobody listens or speaks: keys come from a
list with an entry for each question, and what comes of rings and waits from another.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, Step, dialplan

ANSWERED, NO_ANSWER, NOBODY, FULL = "answered", "no answer", "nobody there", "full"
QUEUE_STATUS = {NO_ANSWER: "TIMEOUT", NOBODY: "JOINEMPTY", FULL: "FULL"}
DIAL_STATUS = {NO_ANSWER: "NOANSWER", "busy": "BUSY", "line down": "CHANUNAVAIL"}
OVER, WAITS, ENDLESS = "over", "waits without end", "goes round without end"
MOST_STEPS = 3_000


class Told(NamedTuple):
    """A place, what happened there, and the key that led on."""

    place: str
    event: str
    key: str = ""


class Ended(Exception):
    """The call is over: how, and with whom."""

    def __init__(self, end: str, at: str = "") -> None:
        super().__init__(end, at)
        self.end, self.at = end, at


def loaded(text: bytes) -> Dialplan:
    """The dialplan of one include file; everything in it has to mean something."""
    conf = parse(text, "extensions.d/ccstate.conf")
    assert not conf.problems
    assert not conf.refused
    found = dialplan(conf)
    assert not found.problems
    return found


class Call:
    """One channel: where it is, its variables, and what has become of it."""

    def __init__(
        self, plan: Dialplan, keys: Iterable[str] = (), outcomes: Iterable[str] = ()
    ) -> None:
        self.told: list[Told] = []
        self.dialled: list[str] = []
        self.headers: dict[str, str] = {}
        self.caller = ""
        self.end = self.at = ""
        self._plan = {
            name: {
                exten: {s.priority: s for s in steps} for (exten, _), steps in c.extens().items()
            }
            for name, c in plan.contexts.items()
        }
        self._includes = {n: [o.value for o in c.includes] for n, c in plan.contexts.items()}
        self._keys = list(keys)
        self._outcomes = list(outcomes)
        self._frames: list[dict[str, str]] = [{}]
        self._back: list[tuple[str, str, int]] = []
        self._here = ("", "", 0)
        self._place = ""
        self._silent = False

    # Running

    def run(self, context: str, exten: str, variables: Mapping[str, str] | None = None) -> None:
        """From an extension to the end of the call; afterwards `end` and `at` say what it was."""
        self._frames[0].update(variables or {})
        self._here = (context, exten, 1)
        try:
            for _ in range(MOST_STEPS):
                self._step()
        except Ended as over:
            self.end, self.at = over.end, over.at
        else:
            self.end = ENDLESS

    def subroutine(self, context: str, variables: Mapping[str, str] | None = None) -> str:
        """What a subroutine returns."""
        self._frames[0].update(variables or {})
        self._here = ("", "", 0)
        self._gosub(f"{context},s,1")
        for _ in range(MOST_STEPS):
            if not self._back:
                return self._frames[0]["GOSUB_RETVAL"]
            self._step()
        raise AssertionError("the subroutine does not return")

    def _step(self) -> None:
        context, exten, priority = self._here
        found = self._find(context, exten)
        if found is None and self._find(context, "i") is not None:
            self._here = (context, "i", 1)
            return
        if found is None or priority not in found:
            raise Ended(OVER)
        step = found[priority]
        self._here = (context, exten, priority + 1)
        _APPLICATIONS[step.app](self, self._filled(step.data))

    def _find(self, context: str, exten: str) -> dict[int, Step] | None:
        """The steps of an extension: named so, else by a pattern, else in what is included."""
        extens = self._plan[context]
        if exten in extens:
            return extens[exten]
        for pattern, steps in extens.items():
            if pattern.startswith("_") and _matches(pattern[1:], exten):
                return steps
        for included in self._includes[context]:
            if (found := self._find(included, exten)) is not None:
                return found
        return None

    def _goto(self, target: str) -> None:
        *where, priority = target.split(",")
        context, exten, _ = self._here
        context, exten = (*(context, exten)[: 2 - len(where)], *where)
        if priority.isdigit():
            self._here = (context, exten, int(priority))
            return
        steps = self._find(context, exten) or {}
        (labelled,) = [number for number, step in steps.items() if step.label == priority]
        self._here = (context, exten, labelled)

    # Variables, functions and expressions

    def _value(self, name: str) -> str:
        if name == "EXTEN":
            return self._here[1]
        return next((frame[name] for frame in reversed(self._frames) if name in frame), "")

    def _filled(self, text: str) -> str:
        """The text with variables, functions and expressions worked out, once."""
        found = ""
        while (at := text.find("$")) >= 0:
            found, text = found + text[:at], text[at:]
            if text[1:2] not in ("{", "["):
                found, text = found + "$", text[1:]
                continue
            close = _closing(text, 1)
            inside = self._filled(text[2:close])
            found += self._looked_up(inside) if text[1] == "{" else _worked_out(inside)
            text = text[close + 1 :]
        return found + text

    def _looked_up(self, inside: str) -> str:
        name, bracket, arguments = inside.partition("(")
        if inside == "CALLERID(num)":
            return self.caller
        if name == "DIALPLAN_EXISTS":
            context, exten, _ = arguments.removesuffix(")").split(",")
            return str(int(self._find(context, exten) is not None))
        if bracket:
            return _FUNCTIONS[name](arguments.removesuffix(")"))
        name, *offsets = inside.split(":")
        value = self._value(name)
        begin = int(offsets[0]) if offsets else 0
        return value[begin:][: int(offsets[1])] if len(offsets) > 1 else value[begin:]

    # Applications

    def _user_event(self, data: str) -> None:
        kind, *headers = data.split(",")
        said = dict(header.split(": ", 1) for header in headers)
        if kind != "Ccstate":
            return
        if said["Event"] == "enter":
            self._place, self._silent = said["Place"], False
            return
        assert said["Place"] == self._place, f"{said} at {self._place}"
        self.told.append(Told(self._place, said["Event"], said.get("Key", "")))

    def _set(self, data: str) -> None:
        name, _, value = data.partition("=")
        if name.startswith("LOCAL("):
            self._frames[-1][name[6:-1]] = value
        elif name == "CALLERID(num)":
            self.caller = value
        elif name.startswith("PJSIP_HEADER(add,"):
            self.headers[name[17:-1]] = value
        else:
            self._frames[0][name.removeprefix("__")] = value

    def _goto_if(self, data: str) -> None:
        condition, _, targets = data.partition("?")
        yes, _, no = targets.partition(":")
        if target := yes if condition not in ("", "0") else no:
            self._goto(target)

    def _gosub(self, data: str) -> None:
        target, _, arguments = data.partition("(")
        self._back.append(self._here)
        said = arguments.removesuffix(")").split(",") if arguments else []
        self._frames.append({f"ARG{n}": value for n, value in enumerate(said, 1)})
        # An argument that is not given hides the one of the caller's.
        for number in range(len(said) + 1, 10):
            self._frames[-1][f"ARG{number}"] = ""
        self._goto(target)

    def _return(self, data: str) -> None:
        self._frames.pop()
        self._frames[0]["GOSUB_RETVAL"] = data
        self._here = self._back.pop()

    def _hangup(self, _: str) -> None:
        raise Ended(OVER)

    def _wait_exten(self, _: str) -> None:
        key = self._key()
        context, exten, _priority = self._here
        exten = "t" if not key else key if key in self._plan[context] else "i"
        self._here = (context, exten, 1)

    def _key(self) -> str:
        """The next key; "" is silence, which lasts until the question gives up."""
        if self._silent or not self._keys:
            return ""
        entry = self._keys.pop(0)
        self._silent = not entry
        if entry[1:]:
            self._keys.insert(0, entry[1:])
        return entry[:1]

    def _read(self, data: str) -> None:
        variable, _sound, most, *_ = data.split(",")
        keys = ""
        typed = len(self._keys[0]) if self._keys and not self._silent else 0
        for _ in range(min(max(typed, 1), int(most))):
            key = self._key()
            if key in ("", "#"):
                break
            keys += key
        self._frames[0][variable] = keys

    def _coming(self) -> str:
        return self._outcomes.pop(0) if self._outcomes else NO_ANSWER

    def _queue(self, data: str) -> None:
        name, *_, limit = data.split(",")
        outcome = self._coming()
        if outcome == ANSWERED:
            self._ends(ANSWERED, "human", f"queue/{name}")
        if outcome == NO_ANSWER and not limit:
            self._ends(NO_ANSWER, WAITS, f"queue/{name}")
        self._frames[0]["QUEUESTATUS"] = QUEUE_STATUS[outcome]

    def _dial(self, data: str) -> None:
        device, ring, *_ = data.split(",")
        assert int(ring) > 0
        self.dialled.append(device)
        outcome = self._coming()
        called, at, _trunk = device.removeprefix("PJSIP/").partition("@")
        if outcome == ANSWERED:
            self._ends(ANSWERED, "human", f"number/{called}" if at else f"extension/{called}")
        self._frames[0]["DIALSTATUS"] = DIAL_STATUS[outcome]

    def _music(self, data: str) -> None:
        _name, _, length = data.partition(",")
        if not length:
            raise Ended(WAITS, self._place)
        assert int(length) > 0

    def _voicemail(self, data: str) -> None:
        mailbox, _, _options = data.partition(",")
        raise Ended("message", f"voicemail/{mailbox.removesuffix('@ccstate')}")

    def _ends(self, event: str, end: str, at: str) -> None:
        self.told.append(Told(self._place, event))
        raise Ended(end, at)

    def _nothing(self, _: str) -> None:
        """What a caller hears, and what changes nothing for where he goes."""


_APPLICATIONS: Mapping[str, Callable[[Call, str], None]] = {
    "Answer": Call._nothing,
    "Background": Call._nothing,
    "Dial": Call._dial,
    "Gosub": Call._gosub,
    "Goto": Call._goto,
    "GotoIf": Call._goto_if,
    "Hangup": Call._hangup,
    "MusicOnHold": Call._music,
    "NoOp": Call._nothing,
    "Playback": Call._nothing,
    "Queue": Call._queue,
    "Read": Call._read,
    "Return": Call._return,
    "Set": Call._set,
    "UserEvent": Call._user_event,
    "VoiceMail": Call._voicemail,
    "WaitExten": Call._wait_exten,
}


def _closing(text: str, at: int) -> int:
    """Where the bracket at that place is closed."""
    pairs = {"{": "}", "[": "]"}
    opened, closed = text[at], pairs[text[at]]
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == opened) - (text[place] == closed)
        if not depth:
            return place
    raise AssertionError(f"not closed: {text}")


_OPERATORS: Mapping[str, Callable[[float, float], bool | float]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
    "+": operator.add,
}
_TERMS = re.compile(r'^("[^"]*"|[0-9]+) (=~|=|!=|>=|<=|<|>|\+) ("[^"]*"|[0-9]+)$')


def _worked_out(expression: str) -> str:
    """`a = b & c >= d`: 1, 0 or a number; numbers are compared as such, in quotes or not."""
    if " - " in expression:
        first, *rest = (_product(part) for part in expression.split(" - "))
        return str(first - sum(rest))
    found = [_compared(part) for part in expression.split(" & ")]
    if len(found) == 1:
        return str(int(found[0]))
    return str(int(all(found)))


def _product(part: str) -> int:
    return math.prod(int(factor) for factor in part.split(" * "))


def _compared(part: str) -> bool | float:
    terms = _TERMS.match(part)
    assert terms, f"no expression: {part!r}"
    left, sign, right = terms[1].strip('"'), terms[2], terms[3].strip('"')
    if sign == "=~":
        return right in left
    if left.isdigit() and right.isdigit():
        return _OPERATORS[sign](int(left), int(right))
    assert sign in ("=", "!="), f"no numbers: {part!r}"
    return (left == right) is (sign == "=")


def _strftime(arguments: str) -> str:
    epoch, zone, spelling = arguments.split(",")
    return f"{datetime.fromtimestamp(int(epoch), UTC).astimezone(ZoneInfo(zone)):{spelling}}"


def _if(arguments: str) -> str:
    condition, _, values = arguments.partition("?")
    yes, _, no = values.partition(":")
    return yes if condition not in ("", "0") else no


def _filter(arguments: str) -> str:
    allowed, _, text = arguments.partition(",")
    return "".join(re.findall(f"[{allowed}]", text))


_FUNCTIONS: Mapping[str, Callable[[str], str]] = {
    "FILTER": _filter,
    "GROUP_COUNT": lambda _: "1",
    "IF": _if,
    "LEN": lambda text: str(len(text)),
    "STRFTIME": _strftime,
}
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}


def _matches(pattern: str, exten: str) -> bool:
    parts = re.findall(r"\[[^]]*\]|.", pattern)
    spelled = (_CLASSES.get(p) or (p if p.startswith("[") else re.escape(p)) for p in parts)
    return re.fullmatch("".join(spelled), exten) is not None
