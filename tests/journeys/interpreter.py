"""Calls, played out the slow way: what the docs of the kinds say, and nothing of ccstate.journeys.

An estate is plain: kind → name → fields as an author writes them, without defaults. A place is
(kind, name, node); the mailbox of an extension is its node `voicemail`. A moment knows its offset.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

Estate: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
Place: TypeAlias = tuple[str, str, str]
Decision: TypeAlias = tuple[Place, str, str]
"""A place, what happened there, and the key of a menu that led on."""

ALL_KEYS = "0123456789*#"


class Over(NamedTuple):
    """The call has ended: how, and with whom."""

    end: str
    at: str = ""


CUT_OFF = Over("cut off")


class Outcome(NamedTuple):
    """One thing that may happen at a place."""

    event: str
    key: str
    then: Place | Over
    seconds: int = 0


class Call(NamedTuple):
    """A call that was played: what was decided, how it ended, and how long it took."""

    decisions: tuple[Decision, ...]
    end: str
    at: str
    seconds: int = 0


# Hours


Calendars: TypeAlias = Mapping[str, Mapping[str, Any]]
Parts: TypeAlias = list[tuple[str, str, str]]
"""Begin, end and occasion of parts of a day."""


def hours_at(
    schedule: Mapping[str, Any], local: datetime, calendars: Calendars | None = None
) -> tuple[str, str]:
    """What the clock on the wall says: `open`, `closed` or `holiday`, and the occasion."""
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    clock = f"{local:%H:%M}"
    kind, spans, occasion, is_special = _day(schedule, today, calendars or {})
    for begin, end, name in [] if is_special else _parts_of_holidays(schedule, today, calendars):
        if begin <= clock < end and occasion == "":
            return "holiday", name
    is_open = any(
        begin <= clock and (clock < end or end <= begin) for begin, end in map(_ends, spans)
    )
    if not is_open and not (is_special and not spans):
        is_open = _runs_on(schedule, yesterday, clock, calendars or {})
    if not is_open:
        return kind, occasion
    for begin, end, reason in _closings(schedule, today):
        if begin <= clock < end:
            return "closed", reason
    return "open", occasion


def _runs_on(
    schedule: Mapping[str, Any], yesterday: date, clock: str, calendars: Calendars
) -> bool:
    """Whether hours of the day before are still open, which nothing ended at midnight."""
    kind, spans, _, is_special = _day(schedule, yesterday, calendars)
    ended = _closings(schedule, yesterday)
    if not is_special and kind != "holiday":
        ended = ended + _parts_of_holidays(schedule, yesterday, calendars)
    if any(end == "24:00" for _, end, _ in ended):
        return False
    return any(clock < end <= begin for begin, end in map(_ends, spans))


def _ends(span: str) -> tuple[str, str]:
    begin, _, end = span.partition("-")
    return begin, end


def _day(
    schedule: Mapping[str, Any], day: date, calendars: Calendars
) -> tuple[str, list[str], str, bool]:
    """What the day is outside of its spans, its spans, the occasion, and whether it is special."""
    for exception in _about(schedule.get("exceptions"), day):
        if exception.get("hours") is not None:
            return "closed", exception["hours"], exception.get("reason") or "special hours", True
    for holiday in _all_holidays(schedule, day, calendars):
        if not holiday.get("hours"):
            return "holiday", [], holiday["name"], False
    weekly = next(iter(_about(schedule.get("seasons"), day)), schedule)["weekly"]
    return "closed", weekly.get(f"{day:%a}".lower(), []), "", False


def _all_holidays(
    schedule: Mapping[str, Any], day: date, calendars: Calendars | None
) -> list[Mapping[str, Any]]:
    found = _about(schedule.get("holidays"), day)
    for name in schedule.get("calendars") or ():
        found += _about((calendars or {}).get(name, {}).get("holidays"), day)
    return found


def _parts_of_holidays(
    schedule: Mapping[str, Any], day: date, calendars: Calendars | None
) -> Parts:
    return [
        (*_ends(span), holiday["name"])
        for holiday in _all_holidays(schedule, day, calendars)
        for span in holiday.get("hours") or ()
    ]


def _closings(schedule: Mapping[str, Any], day: date) -> Parts:
    return [
        (*_ends(span), exception.get("reason") or "special hours")
        for exception in _about(schedule.get("exceptions"), day)
        for span in exception.get("closed") or ()
    ]


def _about(entries: Any, day: date) -> list[Mapping[str, Any]]:
    """The entries that hold the day: of one year before of every year, days before runs."""
    found = [entry for entry in entries or () if _holds(entry, day)]
    return sorted(
        found,
        key=lambda entry: (
            "every" in entry,
            bool(entry.get("until")) and entry["until"] != (entry.get("date") or entry["every"]),
        ),
    )


def _holds(entry: Mapping[str, Any], day: date) -> bool:
    """Whether the day lies in the run that begins in its year, or in the year before."""
    asked = (day.year, day.month, day.day)
    if entry.get("date"):
        begin = _numbers(entry["date"])
        return begin <= asked <= _numbers(entry.get("until") or entry["date"])
    first, last = _numbers(entry["every"]), _numbers(entry.get("until") or entry["every"])
    return any(
        (year, *first) <= asked <= (year + (last < first), *last)
        for year in (day.year - 1, day.year)
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("-")))


def phase(estate: Estate, schedule: str, moment: datetime) -> str:
    """What a schedule says at a moment; one that is not there is always open."""
    fields = estate["schedule"].get(schedule)
    if fields is None:
        return "open"
    if fields.get("closed_by") and position(estate, fields["closed_by"]) == "on":
        return "closed"
    local = moment.astimezone(ZoneInfo(fields["timezone"])).replace(tzinfo=None)
    return hours_at(fields, local, estate.get("calendar"))[0]


def position(estate: Estate, switch: str) -> str:
    """The position of a switch that is not turned; one that is not there is off."""
    return str(estate["switch"].get(switch, {}).get("default", "off"))


# Small things


def duration(text: str) -> int:
    """Seconds of `1m30s`."""
    total, number = 0, ""
    for sign in text:
        if sign.isdigit():
            number += sign
        else:
            total += int(number) * {"h": 3600, "m": 60, "s": 1}[sign]
            number = ""
    return total


def spoken(estate: Estate, prompt: str | None, language: str | None = None) -> int:
    """Seconds of a prompt at 150 English words a minute, rounded up."""
    wordings = estate["prompt"].get(prompt or "", {}).get("languages", {})
    if not wordings:
        return 0
    wording = wordings[language] if language in wordings else next(iter(wordings.values()))
    return -(-len(wording.get("text", "").split()) * 60 // 150)


def written(place: Place) -> str:
    kind, name, node = place
    return f"{kind}/{name} {node}" if node else f"{kind}/{name}"


def goes(estate: Estate, target: str | None, tree: str = "") -> Place | Over:
    """Where a call is that was sent to a destination; `tree` is where the text stands."""
    if target is None:
        return CUT_OFF
    if target == "hangup":
        return Over("hangup", "hangup")
    if "/" not in target:
        is_node = tree and target in estate["ivr"][tree]["nodes"]
        return ("ivr", tree, target) if is_node else CUT_OFF
    kind, name = target.split("/")
    if kind == "voicemail":
        return ("extension", name, "voicemail") if name in estate["extension"] else CUT_OFF
    if name not in estate[kind]:
        return CUT_OFF
    return (kind, name, estate["ivr"][name]["start"] if kind == "ivr" else "")


def logins(estate: Estate, queue: Mapping[str, Any]) -> set[str]:
    """How those log in who can answer: a device that is a member, or a person with all skills."""
    if "members" not in queue:
        return {"unknown"}
    found: set[str] = set()
    extensions = estate["extension"]
    for member in queue["members"] or ():
        login = member.get("login", "static")
        if "extension" in member:
            if extensions[member["extension"]].get("device") != "none":
                found.add(login)
            continue
        for name, user in estate["user"].items():
            is_meant = name == member.get("user") or (
                "team" in member and user.get("team") == member["team"]
            )
            able = all(skill in (user.get("skills") or {}) for skill in queue.get("skills") or ())
            phone = user.get("extension")
            if is_meant and able and phone and extensions[phone].get("device") != "none":
                found.add(login)
    return found


# Places where nothing is asked


def happens(estate: Estate, place: Place, moment: datetime) -> list[Outcome]:
    """What may happen where the caller is not asked: first what is hoped for."""
    kind, name, node = place
    if kind == "ivr":
        tree = estate["ivr"][name]
        if node not in tree["nodes"]:
            return [Outcome("then", "", CUT_OFF)]
        return _node(estate, name, tree["nodes"][node], moment)
    fields = estate[kind][name]
    if kind == "number":
        return [_at_number(estate, place, fields, moment)]
    if kind == "queue":
        return _queue(estate, name, fields, moment)
    if kind == "ring_group":
        return _ring_group(estate, name, fields)
    if kind == "conference_room":
        return _conference_room(estate, name, fields)
    return _behind_phone(estate, name, node, fields) if node else _phone(estate, name, fields)


def _conference_room(estate: Estate, name: str, room: Mapping[str, Any]) -> list[Outcome]:
    inside = Over("human", f"conference_room/{name}")
    notice_seconds = notice(estate, room)
    if room.get("max_members", 0) > 0:
        return [
            Outcome("answered", "", inside, notice_seconds),
            Outcome("busy", "", CUT_OFF, notice_seconds),
        ]
    return [Outcome("then", "", inside, notice_seconds)]


def _behind_phone(
    estate: Estate, name: str, node: str, extension: Mapping[str, Any]
) -> list[Outcome]:
    """The mailbox of an extension, or the outside number that it forwards to."""
    mailbox = extension.get("voicemail")
    if node.startswith("+"):
        missed: Place | Over = CUT_OFF if mailbox is None else ("extension", name, "voicemail")
        return [
            Outcome("answered", "", Over("human", f"number/{node}")),
            Outcome("no answer", "", missed, duration(extension.get("ring_for", "20s"))),
        ]
    if mailbox is None:
        return [Outcome("then", "", CUT_OFF)]
    message = Over("message", f"voicemail/{name}")
    return [Outcome("then", "", message, spoken(estate, mailbox.get("greeting")))]


def notice(estate: Estate, fields: Mapping[str, Any]) -> int:
    """Seconds of the notice that calls are recorded."""
    recording = fields.get("recording") or {}
    if recording.get("when", "never") == "never":
        return 0
    return spoken(estate, recording.get("notice"))


def _phone(estate: Estate, name: str, fields: Mapping[str, Any]) -> list[Outcome]:
    """A phone that rings, those that ring after it, and where it forwards calls."""

    def sent(target: str) -> Place | Over:
        return ("extension", name, target) if target[0] == "+" else goes(estate, target)

    forward = fields.get("forward") or {}
    if forward.get("always"):
        return [Outcome("then", "", sent(forward["always"]))]
    missed: Place | Over = CUT_OFF
    if forward.get("no_answer"):
        missed = sent(forward["no_answer"])
    elif fields.get("voicemail") is not None:
        missed = ("extension", name, "voicemail")
    has_device = fields.get("device") != "none"
    turns = [duration(fields.get("ring_for", "20s"))] if has_device else []
    for follow in fields.get("follow_me") or ():
        other = estate["extension"].get(follow.get("extension", ""), {"device": "none"})
        if "number" in follow or other.get("device") != "none":
            turns.append(duration(follow.get("ring_for", "20s")))
    if not turns:
        return [Outcome("nobody there", "", missed)]
    notice_seconds = notice(estate, fields)
    found = [
        Outcome("answered", "", Over("human", f"extension/{name}"), notice_seconds),
        Outcome("no answer", "", missed, notice_seconds + sum(turns)),
    ]
    for field, event in (("busy", "busy"), ("unavailable", "nobody there")):
        if has_device and forward.get(field):
            found.append(Outcome(event, "", sent(forward[field]), notice_seconds))
    return found


def _ring_group(estate: Estate, name: str, group: Mapping[str, Any]) -> list[Outcome]:
    phones = [
        phone
        for phone in group["members"]
        if phone in estate["extension"] and estate["extension"][phone].get("device") != "none"
    ]
    otherwise = goes(estate, group.get("no_answer"))
    if not phones:
        return [Outcome("nobody there", "", otherwise)]
    each = duration(group.get("ring_for", "20s"))
    rings = each * len(phones) if group.get("strategy") == "in_order" else each
    answered = Outcome("answered", "", Over("human", f"ring_group/{name}"))
    return [answered, Outcome("no answer", "", otherwise, rings)]


def _at_number(
    estate: Estate, place: Place, number: Mapping[str, Any], moment: datetime
) -> Outcome:
    if number.get("callers") and not place[2]:
        return _called_by_others(estate, place, number)
    if number.get("switch") and place[2] != "hours":
        return _switched(estate, place, number)
    return _number(estate, number, moment)


def _called_by_others(estate: Estate, place: Place, number: Mapping[str, Any]) -> Outcome:
    """A caller without a number, whom no list holds."""
    for field in ("switch", "hours"):
        if number.get(field):
            return Outcome("other caller", "", (place[0], place[1], field))
    return Outcome("other caller", "", goes(estate, number["to"]))


def _switched(estate: Estate, place: Place, number: Mapping[str, Any]) -> Outcome:
    now = position(estate, number["switch"])
    if now == "on" and number.get("on"):
        return Outcome(now, "", goes(estate, number["on"]))
    if number.get("hours"):
        return Outcome(now, "", (place[0], place[1], "hours"))
    return Outcome(now, "", goes(estate, number["to"]))


def _number(estate: Estate, number: Mapping[str, Any], moment: datetime) -> Outcome:
    if not number.get("hours"):
        return Outcome("then", "", goes(estate, number["to"]))
    now = phase(estate, number["hours"], moment)
    target = number["to"]
    if now != "open":
        target = number.get("closed") or target
    if now == "holiday":
        target = number.get("holiday") or target
    return Outcome(now, "", goes(estate, target))


def _queue(estate: Estate, name: str, queue: Mapping[str, Any], moment: datetime) -> list[Outcome]:
    overflow = queue.get("overflow") or {}
    waits: tuple[Place | Over, int] = (Over("waits without end", f"queue/{name}"), 0)
    if overflow.get("after"):
        waits = goes(estate, overflow.get("to")), duration(overflow["after"])
    empty = (goes(estate, overflow["empty"]), 0) if overflow.get("empty") else waits
    hours = queue.get("hours")
    who = logins(estate, queue)
    if not who or (hours and phase(estate, hours, moment) != "open"):
        return [Outcome("nobody there", "", *empty)]
    welcome = spoken(estate, (queue.get("announcements") or {}).get("welcome"))
    welcome += notice(estate, queue)
    found = [
        Outcome("answered", "", Over("human", f"queue/{name}"), welcome),
        Outcome("no answer", "", *waits),
    ]
    if queue.get("max_waiting", 0) > 0:
        found.append(Outcome("full", "", goes(estate, overflow.get("full"))))
    if "static" not in who or (not hours and overflow.get("empty")):
        found.append(Outcome("nobody there", "", *empty))
    for key, target in (queue.get("keys") or {}).items():
        found.append(Outcome("key", key, goes(estate, target), welcome))
    return found


def _node(estate: Estate, tree: str, node: Mapping[str, Any], moment: datetime) -> list[Outcome]:
    language = estate["ivr"][tree].get("language")
    kind = node["type"]
    if kind == "dial":
        return _dial(estate, tree, node)
    if kind == "hours":
        now = phase(estate, node["schedule"], moment)
        target = node["open"] if now == "open" else node["closed"]
        if now == "holiday":
            target = node.get("holiday") or target
        return [Outcome(now, "", goes(estate, target, tree))]
    if kind == "callers":
        return [Outcome("other caller", "", goes(estate, node["others"], tree))]
    if kind == "switch":
        now = position(estate, node["switch"])
        return [Outcome(now, "", goes(estate, node[now], tree))]
    length = spoken(estate, node.get("prompt"), language)
    then: Place | Over = Over("hangup", "hangup")
    if kind == "queue":
        then = goes(estate, f"queue/{node['queue']}")
    elif kind == "voicemail":
        then = goes(estate, f"voicemail/{node['mailbox']}")
    elif kind != "hangup":
        then = goes(estate, node["then" if kind == "play" else "to"], tree)
    return [Outcome("then", "", then, length)]


def _dial(estate: Estate, tree: str, node: Mapping[str, Any]) -> list[Outcome]:
    otherwise = goes(estate, node.get("on_no_answer"), tree)
    if node.get("number"):
        at = f"number/{node['number']}"
    else:
        at = f"extension/{node['extension']}"
        extension = estate["extension"].get(node["extension"])
        if extension is None or extension.get("device") == "none":
            return [Outcome("nobody there", "", otherwise)]
    rings = duration(node.get("ring_for", "20s"))
    return [
        Outcome("answered", "", Over("human", at)),
        Outcome("no answer", "", otherwise, rings),
    ]


# Places where the caller is asked


def asks(estate: Estate, place: Place) -> Mapping[str, Any] | None:
    """The menu or question at the place; None where nothing is asked."""
    kind, name, node = place
    fields = estate["ivr"][name]["nodes"].get(node, {}) if kind == "ivr" else {}
    return fields if fields.get("type") in {"menu", "collect"} else None


def _silent(estate: Estate, tree: str, node: Mapping[str, Any]) -> Outcome:
    return Outcome("silence", "", goes(estate, node.get("on_timeout"), tree))


def _wrong(estate: Estate, tree: str, node: Mapping[str, Any]) -> Outcome:
    target = node.get("on_invalid") or node.get("on_timeout")
    return Outcome("wrong key", "", goes(estate, target, tree))


def extensions_dialled(estate: Estate, node: Mapping[str, Any]) -> dict[str, str]:
    """Names of the extensions that can be dialled at a menu, by their numbers."""
    if not node.get("dial_extensions"):
        return {}
    found = {}
    for name, fields in sorted(estate["extension"].items()):
        homes = [user for user in estate["user"].values() if user.get("extension") == name]
        site = fields.get("site") or (homes[0].get("site") if homes else None)
        sites = node.get("dial_sites")
        if (sites is None or site in sites) and name not in node["choices"]:
            found[fields.get("number") or name] = name
    return found


def tried(
    estate: Estate, tree: str, node: Mapping[str, Any], tries: int | None = None
) -> set[Outcome]:
    """Every outcome of a question, each try played out: any key, digits, or silence to the end."""
    left = node.get("retries", 2) + 1 if tries is None else tries
    found = {_silent(estate, tree, node)}
    if node["type"] == "collect":
        choices = node.get("choices") or {}
        lengths = range(node.get("min_digits", 1), node.get("max_digits", 20) + 1)
        if len(choices) < sum(10**length for length in lengths):
            found.add(Outcome("digits", "", goes(estate, node["then"], tree)))
        return found | {Outcome("digits", d, goes(estate, to, tree)) for d, to in choices.items()}
    dialled = extensions_dialled(estate, node)
    for number, name in dialled.items():
        found.add(Outcome("key", number, ("extension", name, "")))
    begun = [number[0] for number in dialled if len(number) > 1]
    for key in (*ALL_KEYS, *(f"{digit}#" for digit in begun)):
        if key in dialled:
            continue
        if key in node["choices"]:
            found.add(Outcome("key", key, goes(estate, node["choices"][key], tree)))
        elif left > 1:
            found |= tried(estate, tree, node, left - 1)
        else:
            found.add(_wrong(estate, tree, node))
    return found


# Every call


class Everything:
    """All that can happen at a moment; each place is tried out once."""

    def __init__(self, estate: Estate, moment: datetime) -> None:
        self.estate = estate
        self.moment = moment
        self._tried: dict[Place, list[Outcome]] = {}

    def outcomes(self, place: Place) -> list[Outcome]:
        if place not in self._tried:
            question = asks(self.estate, place)
            if question is None:
                self._tried[place] = happens(self.estate, place, self.moment)
            else:
                self._tried[place] = sorted(tried(self.estate, place[1], question), key=str)
        return self._tried[place]

    def calls(self, start: Place) -> Iterator[Call]:
        """Every call from a place, up to the point where a place is seen again."""
        yield from self._calls((), start)

    def _calls(self, before: tuple[Decision, ...], place: Place) -> Iterator[Call]:
        for event, key, then, _ in self.outcomes(place):
            decisions = (*before, (place, event, key))
            if isinstance(then, Over):
                yield Call(decisions, then.end, then.at)
            elif any(then == earlier for earlier, _, _ in decisions):
                yield Call(decisions, "returns", written(then))
            else:
                yield from self._calls(decisions, then)

    def reached(self, start: Place) -> set[Place]:
        """Every place that some call comes to."""
        seen: set[Place] = set()
        todo = [start]
        while todo:
            place = todo.pop()
            if place not in seen:
                seen.add(place)
                todo += [o.then for o in self.outcomes(place) if not isinstance(o.then, Over)]
        return seen

    def left_alone(self, place: Place) -> list[Outcome]:
        """What may happen to a caller who does nothing and gets no answer."""
        found = self.outcomes(place)
        return [o for o in found if o.event not in {"answered", "key", "digits", "wrong key"}]

    def may_never_end(self, start: Place) -> bool:
        """Check whether a caller who does nothing and gets no answer may go round for ever."""
        return self._round_from(start, ())

    def _round_from(self, place: Place, before: tuple[Place, ...]) -> bool:
        if place in before:
            return True
        return any(
            self._round_from(outcome.then, (*before, place))
            for outcome in self.left_alone(place)
            if not isinstance(outcome.then, Over)
        )


# One call


class Caller:
    """A caller at a keypad, with an entry for each question."""

    def __init__(self, entries: list[str]) -> None:
        self.entries = list(entries)

    def presses(self) -> str:
        """The next key of the entry at hand; "" is silence, of which an empty entry is one."""
        if not self.entries:
            return ""
        entry = self.entries.pop(0)
        if len(entry) > 1:
            self.entries.insert(0, entry[1:])
        return entry[:1]

    def dials(self, known: Iterable[str]) -> str:
        """Keys of one entry, for as long as something known begins so and is longer."""
        count = len(self.entries[0]) if self.entries else 0
        keys = self.presses()
        while 0 < len(keys) < count and any(k != keys and k.startswith(keys) for k in known):
            keys += self.presses()
        return keys

    def leaves(self, keys: Collection[str]) -> str:
        """The first key of one entry that is among these; "" where there is none."""
        count = len(self.entries[0]) if self.entries else 0
        for _ in range(max(count, 1)):
            key = self.presses()
            if key in keys:
                return key
        return ""

    def enters(self, most: int) -> str | None:
        """Keys of one entry up to `#`, or up to so many; None is silence."""
        if not self.entries or not self.entries[0]:
            self.presses()
            return None
        keys = ""
        for _ in range(len(self.entries[0])):
            key = self.presses()
            if key == "#":
                break
            keys += key
            if len(keys) == most:
                break
        return keys


def call(
    estate: Estate,
    start: Place,
    moment: datetime,
    entries: list[str],
    coming: list[str],
    *,
    answered: bool,
) -> Call:
    """A call, played. A caller who is still on the way after so many steps never arrives.

    `coming` is what comes of the first rings and waits; then all agents answer, or none.
    """
    everything = Everything(estate, moment)
    caller = Caller(entries)
    patience = 50 * (2 + len("".join(entries)) + len(entries) + len(coming))
    fates = iter(coming)
    decisions: list[Decision] = []
    place, seconds = start, 0
    for _ in range(patience):
        question = asks(estate, place)
        if question is None:
            outcome = _waits(everything.outcomes(place), caller, fates, answered=answered)
        elif question["type"] == "menu":
            outcome = _menu(estate, place[1], question, caller)
        else:
            outcome = _question(estate, place[1], question, caller)
        decisions.append((place, outcome.event, outcome.key))
        seconds += outcome.seconds
        if isinstance(outcome.then, Over):
            return Call(tuple(decisions), *outcome.then, seconds)
        place = outcome.then
    return Call(tuple(decisions), "goes round without end", "", seconds)


def _waits(
    outcomes: list[Outcome], caller: Caller, coming: Iterator[str], *, answered: bool
) -> Outcome:
    """A ring or a wait, which the caller may leave by a key before anything comes of it."""
    keyed = {outcome.key: outcome for outcome in outcomes if outcome.event == "key"}
    key = caller.leaves(keyed) if keyed else ""
    if key:
        return keyed[key]
    others = [outcome for outcome in outcomes if outcome.event != "key"]
    return _fate(others, coming, answered=answered)


def _fate(outcomes: list[Outcome], coming: Iterator[str], *, answered: bool) -> Outcome:
    """What comes of it: of rings and waits what was asked for, or else that no agent answers."""
    events = [outcome.event for outcome in outcomes]
    if not {"answered", "no answer", "nobody there", "full", "busy"} & set(events):
        return outcomes[0]
    wanted = next(coming, "answered" if answered else "no answer")
    for event in (wanted, "no answer", "nobody there"):
        if event in events:
            return outcomes[events.index(event)]
    return outcomes[0]  # a conference room takes every caller in


def _menu(estate: Estate, tree: str, node: Mapping[str, Any], caller: Caller) -> Outcome:
    prompt_seconds = spoken(estate, node["prompt"], estate["ivr"][tree].get("language"))
    spent = 0
    silent = False
    wrong = False
    dialled = extensions_dialled(estate, node)
    for _ in range(node.get("retries", 2) + 1):
        key = "" if silent else caller.dials({*node["choices"], *dialled})
        spent += prompt_seconds
        if key in dialled:
            return Outcome("key", key, ("extension", dialled[key], ""), spent)
        if key in node["choices"]:
            return Outcome("key", key, goes(estate, node["choices"][key], tree), spent)
        silent, wrong = not key, bool(key)
        if silent:
            spent += duration(node.get("timeout", "5s"))
    given_up = _wrong(estate, tree, node) if wrong else _silent(estate, tree, node)
    return given_up._replace(seconds=spent)


def _question(estate: Estate, tree: str, node: Mapping[str, Any], caller: Caller) -> Outcome:
    prompt_seconds = spoken(estate, node["prompt"], estate["ivr"][tree].get("language"))
    spent = 0
    silent = False
    for _ in range(node.get("retries", 2) + 1):
        digits = None if silent else caller.enters(node.get("max_digits", 20))
        spent += prompt_seconds
        if digits is None:
            silent = True
            spent += duration(node.get("timeout", "5s"))
        elif digits.isdigit() and len(digits) >= node.get("min_digits", 1):
            choices = node.get("choices") or {}
            if digits in choices:
                return Outcome("digits", digits, goes(estate, choices[digits], tree), spent)
            return Outcome("digits", "", goes(estate, node["then"], tree), spent)
    return _silent(estate, tree, node)._replace(seconds=spent)
