"""What callers and members meet in a queue itself: who rings and how, music, what is announced.

Source: `init_queue` and `queue_set_param` in apps/app_queue.c of Asterisk 16 and 22.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing import Origins
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Lack, agents, is_ordered
from ccstate.kinds.fields import seconds
from ccstate.model import Address

_STRATEGIES = {
    "ring_all": "ringall",
    "longest_idle": "leastrecent",
    "fewest_calls": "fewestcalls",
    "round_robin": "rrmemory",
    "in_order": "linear",
    "random": "random",
}
_NO = frozenset({"no", "false", "n", "f", "0", "off"})
"""`ast_false` of main/utils.c."""


class QueueDiffers(NamedTuple):
    """One thing that is otherwise in a queue, and the line that says what was."""

    about: str
    before: str
    after: str
    line: Option


def compared_queue(
    section: Section, address: Address, centre: Centre, origins: Origins, words: Mapping[str, str]
) -> Iterator[QueueDiffers]:
    """What is otherwise once the object stands for the section of queues.conf."""
    before = _written(section, origins, words)
    after = _declared(centre, centre.of("queue").get(address.name, {}))
    for about, was in before.items():
        if was != after[about]:
            yield QueueDiffers(about, was, after[about], _line(section, about))


_OPTIONS = {
    "how the next member is chosen": ("strategy",),
    "who rings in the queue": ("member",),
    "how long a member rings": ("timeout",),
    "the pause until a member rings again": ("retry",),
    "the time after a call": ("wrapuptime",),
    "how many callers may wait": ("maxlen",),
    "which queue is served first": ("weight",),
    "the music of the queue": ("musicclass", "music"),
    "what waiting callers are told of their wait": ("announce-frequency",),
    "what waiting callers hear again and again": ("periodic-announce",),
}
"""What is compared, and the options that say it."""


def _line(section: Section, about: str) -> Option:
    """The last option that says it; the header of the section where it is a default."""
    said = [o for o in section.options if o.key.lower() in _OPTIONS[about]]
    return said[-1] if said else Option("", "", section.file, section.line)


def _written(section: Section, origins: Origins, words: Mapping[str, str]) -> dict[str, str]:
    strategy = _text(section, "strategy", "ringall")
    strategy = "rrmemory" if strategy == "roundrobin" else strategy
    every = _number(section, "announce-frequency", 0)
    told = [
        what
        for option, what in (("announce-position", "place"), ("announce-holdtime", "wait"))
        if every and _text(section, option, "yes") not in _NO
    ]
    sound = (section.get("periodic-announce") or "").strip()
    again = _number(section, "periodic-announce-frequency", 0)
    spoken = " ".join(words.get(name.strip(), f"«{name.strip()}»") for name in sound.split(","))
    numbers = (
        _number(section, "timeout", 15),
        _number(section, "retry", 5),
        _number(section, "wrapuptime", 0),
        _number(section, "maxlen", 0),
        _number(section, "weight", 0),
    )
    return _told(
        strategy,
        _members(section, origins, is_in_order=strategy == "linear"),
        numbers,
        _music(section),
        _repeated(" and ".join(told), every),
        _repeated(spoken if sound else "", again),
    )


def _declared(centre: Centre, queue: Filled) -> dict[str, str]:
    told = queue.get("announcements") or {}
    what = [w for name, w in (("position", "place"), ("wait_time", "wait")) if told.get(name)]
    prompt = told.get("periodic")
    spoken = (centre.words(prompt, None) or f"«{prompt}»") if prompt else ""
    names = ("ring_for", "retry", "wrap_up")
    lasting = [seconds(queue[name]) for name in names]
    return _told(
        _STRATEGIES[queue["strategy"]],
        _agents(centre, queue),
        (*lasting, queue["max_waiting"], queue["weight"]),
        queue["music"],
        _repeated(" and ".join(what), seconds(told.get("every", "0s"))),
        _repeated(spoken, seconds(told.get("periodic_every", "0s"))),
    )


def _told(
    strategy: str,
    members: str,
    numbers: tuple[int, ...],
    music: str,
    *announced: str,
) -> dict[str, str]:
    timeout, retry, wrap_up, most, weight = numbers
    told = (
        *(strategy, members, f"{timeout} s", f"{retry} s", f"{wrap_up} s"),
        *(str(most) if most else "any number", f"weight {weight}", music, *announced),
    )
    return dict(zip(_OPTIONS, told, strict=True))


def _repeated(what: str, every: int) -> str:
    return f"{what}, every {every} s" if what and every else "nothing"


def _music(section: Section) -> str:
    return (section.get("musicclass") or section.get("music") or "").strip() or "default"


def _text(section: Section, option: str, default: str) -> str:
    return (section.get(option) or default).strip().lower()


def _number(section: Section, option: str, default: int) -> int:
    """A whole number as `atoi` reads it; the default where the option is not there."""
    text = (section.get(option) or "").strip()
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return int(digits[:9] or 0) if text else default


def _members(section: Section, origins: Origins, *, is_in_order: bool) -> str:
    """The members of the file: `extension/2001, extension/2002 behind 2`."""
    found: dict[str, str] = {}
    for option in section.options:
        if option.key.lower() == "member":
            device, *more = (part.strip() for part in option.value.split(","))
            technology, _, peer = device.partition("/")
            address = origins.phones.get(peer) if technology.upper() == "PJSIP" else None
            penalty = more[0] if more and more[0].isdigit() else "0"
            found[device] = _member(str(address or device), int(penalty))
    return _listed(list(found.values()), is_in_order=is_in_order)


def _agents(centre: Centre, queue: Filled) -> str:
    static = [
        agent
        for agent in agents(centre, queue)
        if agent.lack is Lack.NOTHING and not agent.is_dynamic
    ]
    found = [_member(f"extension/{agent.extension}", agent.penalty) for agent in static]
    return _listed(found, is_in_order=is_ordered(queue))


def _member(name: str, penalty: int) -> str:
    return f"{name} behind {penalty}" if penalty else name


def _listed(members: list[str], *, is_in_order: bool) -> str:
    return ", ".join(members if is_in_order else sorted(members)) or "nobody but those who log in"
