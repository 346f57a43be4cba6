"""Rules about wallboards: what shows nothing, never fits, or cannot be read from where people sit."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ccstate.errors import Severity
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, Lack, unordered_agents
from ccstate.journeys.staffing import listed as agents_listed
from ccstate.kinds import Path
from ccstate.lettering import bold_width, width
from ccstate.measures import MEASURES
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, listed
from ccstate.wall.screen import (
    FIGURE,
    FOOT_ROOM,
    TITLE,
    WORDS,
    Screen,
    heading_of,
    is_too_narrow,
    screen_of,
)
from ccstate.wall.values import number_of, unit_of

_UNITS: Mapping[str, tuple[str, str]] = {
    "count": ("count", '"5"'),
    "seconds": ("duration", "2m"),
    "percent": ("percentage", "80%"),
}
"""What a unit is called, and an example of a threshold."""


def _displays(estate: Estate) -> Iterator[tuple[Address, Filled]]:
    for name, display in estate.of("display").items():
        yield Address("display", name), display


def _screens(centre: Centre) -> dict[str, Screen]:
    return {name: screen_of(display) for name, display in centre.of("display").items()}


def _tiles(display: Filled) -> Iterator[tuple[Path, Filled]]:
    for place, tile in enumerate(display["tiles"]):
        yield ("tiles", place), tile


def _shows_nothing(estate: Estate) -> Iterator[Breach]:
    for address, display in _displays(estate):
        if not display["tiles"]:
            yield Breach(
                address,
                ("tiles",),
                f"{address} has no tiles",
                "The screen stays empty, and no supervisor sees that callers wait.",
                "add a tile with the queues and the measure it shows, or remove the display",
            )
        first: dict[Any, Path] = {}
        for path, tile in _tiles(display):
            what = tile.get("measure") or f"the list of {tile.get('list')}"
            shown = (what, tile.get("team"), frozenset(tile["queues"]))
            if first.setdefault(shown, path) != path:
                yield Breach(
                    address,
                    path,
                    f"{address} shows {what} of {_queues(tile)} twice",
                    "The second tile takes the place of another one.",
                    "keep one of the two, or correct its measure or queues",
                )
            team = tile.get("team")
            if team and _is_known(estate, tile) and not _listed_agents(estate, tile):
                yield Breach(
                    address,
                    (*path, "team"),
                    f"nobody of team/{team} is in {_queues(tile)}",
                    "The list stays empty.",
                    "name queues that people of the team answer, or leave team: out",
                )


def _is_known(estate: Estate, tile: Filled) -> bool:
    """Check whether the members of the queues of a tile are declared."""
    queues = estate.of("queue")
    return all("members" in queues.get(queue, {}) for queue in tile["queues"])


def _listed_agents(estate: Estate, tile: Filled) -> list[Agent]:
    return agents_listed(estate.centre, tile["queues"], tile.get("team") or "")


def _queues(tile: Filled) -> str:
    first, *more = tile["queues"]
    return f"queue/{first}" + (f" and {len(more)} more" if more else "")


def _thresholds(estate: Estate) -> Iterator[Breach]:
    for address, display in _displays(estate):
        for path, tile in _tiles(display):
            if tile.get("measure") in MEASURES:
                found = list(_wrong_units(address, path, tile))
                yield from found or _wrong_direction(address, path, tile)


def _wrong_units(address: Address, path: Path, tile: Filled) -> Iterator[Breach]:
    measure = MEASURES[tile["measure"]]
    unit = measure.unit if measure.unit in _UNITS else "count"
    called, example = _UNITS[unit]
    for field in ("warn", "alarm"):
        threshold = tile.get(field)
        if threshold is None:
            continue
        if unit_of(threshold) != unit:
            yield Breach(
                address,
                (*path, field),
                f"{field} of {measure.name} is a {_UNITS[unit_of(threshold)][0]}, {threshold}",
                f"{measure.name} is a {called}, so the tile never changes its colour as it is meant to.",
                f"write a {called}, such as {example}",
            )
        elif unit == "percent" and number_of(threshold) > 100:
            yield Breach(
                address,
                (*path, field),
                f"{field} of {measure.name} is above 100%",
                "The figure never gets there, so the tile never changes its colour as it is meant to.",
                "write a percentage from 0% to 100%",
            )


def _wrong_direction(address: Address, path: Path, tile: Filled) -> Iterator[Breach]:
    measure, warn, alarm = MEASURES[tile["measure"]], tile.get("warn"), tile.get("alarm")
    if measure.worse is None and (warn is None) != (alarm is None):
        yield Breach(
            address,
            (*path, "alarm" if warn is None else "warn"),
            f"nothing says whether more or less {measure.title.lower()} is worse",
            "One threshold alone counts as the least figure that has its colour.",
            "give warn and alarm: their order says which is worse",
        )
    if measure.worse is None or warn is None or alarm is None:
        return
    is_low = measure.worse == "lower"
    lower, higher = (alarm, warn) if is_low else (warn, alarm)
    if number_of(lower) > number_of(higher):
        yield Breach(
            address,
            (*path, "alarm"),
            f"{measure.name} turns red at {alarm}, before it turns amber at {warn}",
            f"Things get worse when {measure.name} {'falls' if is_low else 'rises'}: the tile is red at "
            "once, and no supervisor is warned in time.",
            "swap warn and alarm",
        )


def _elsewhere(estate: Estate) -> Iterator[Breach]:
    served: dict[str, Collection[str] | None] = {}
    for address, display in _displays(estate):
        site = display.get("site")
        role = estate.of("site").get(site or "", {}).get("role")
        # People of a backup site may look after queues of any other.
        if not site or role == "backup":
            continue
        first: dict[str, Path] = {}
        for path, tile in _tiles(display):
            for place, queue in enumerate(tile["queues"]):
                first.setdefault(queue, (*path, "queues", place))
        for queue in first.keys() - served.keys():
            served[queue] = _sites(estate, queue)
        known = {queue: sites for queue in first if (sites := served[queue]) is not None}
        foreign = [queue for queue, sites in known.items() if site not in sites]
        if foreign and len(foreign) == len(first):
            yield Breach(
                address,
                ("site",),
                f"nobody at site/{site} answers a queue that {address} shows",
                f"It shows {listed([f'queue/{queue}' for queue in foreign])}: "
                "those in front of it can do nothing about what they see.",
                "correct its site, or its queues",
            )
            continue
        for queue in foreign:
            answering = [f"site/{name}" for name in sorted(known[queue])]
            yield Breach(
                address,
                first[queue],
                f"nobody at site/{site} answers queue/{queue}, which {address} shows",
                f"It is answered at {listed(answering)}: "
                "those in front of the wall can do nothing about what they see.",
                "remove the queue from the tile, or add people of the site to the queue",
            )


def _sites(estate: Estate, name: str) -> Collection[str] | None:
    """Return the sites at which people answer a queue; None where that is not known, or nowhere."""
    queue = estate.of("queue").get(name)
    if queue is None or "members" not in queue:
        return None
    agents = list(unordered_agents(estate.centre, queue))
    sites = {agent.site for agent in agents if agent.lack is Lack.NOTHING}
    return None if "" in sites or not sites else sites


def _too_fine(estate: Estate) -> Iterator[Breach]:
    for address, display in _displays(estate):
        screen = estate.centre.once(_screens)[address.name]
        for (path, tile), placed in zip(_tiles(display), screen.tiles, strict=True):
            if tile.get("width", 1) > display["columns"]:
                yield Breach(
                    address,
                    (*path, "width"),
                    f"a tile of {address} is {tile['width']} columns wide, of {display['columns']}",
                    "It takes the whole width, and the tiles after it move.",
                    "write more columns:, or a smaller width",
                )
            if tile.get("list") and is_too_narrow(tile["list"], placed.box):
                yield Breach(
                    address,
                    path,
                    f'"{heading_of(tile)}" of {address} is too narrow for a list of {tile["list"]}',
                    "Names are cut after a few letters.",
                    "make it wider, or write fewer columns:",
                )
        if (smallest := _smallest(screen)) < FIGURE:
            minutes = 20 * smallest // FIGURE
            yield Breach(
                address,
                ("tiles",),
                f"{address} has more tiles than people can read: {display['columns']} columns, "
                f"{screen.rows} rows",
                f"From 8 m its smallest figures are seen under {minutes} minutes of arc on a screen of "
                "55 inches; 20 are the least.",
                "leave tiles out, or divide them between two displays: four columns and four rows fit",
            )


def _smallest(screen: Screen) -> int:
    """Return the size of the smallest figure."""
    return min((placed.figure_size or FIGURE for placed in screen.tiles), default=FIGURE)


def _cut(estate: Estate) -> Iterator[Breach]:
    for address, display in _displays(estate):
        screen = estate.centre.once(_screens)[address.name]
        title = bold_width(screen.title) * TITLE
        if title > screen.title_room:
            field = "title" if display.get("title") else "label"
            yield _cut_text(address, (field,), screen.title, "the title", title / screen.title_room)
        # Where figures are too small, headings are too long for that reason: CC245.
        is_fine = _smallest(screen) < FIGURE
        for (path, tile), placed in zip(_tiles(display), screen.tiles, strict=True):
            heading = heading_of(tile)
            if not is_fine and "".join(placed.heading).replace(" ", "") != heading.replace(" ", ""):
                room = placed.box.width * max(len(placed.heading), 1)
                share = width(heading) * screen.words_size / room
                yield _cut_text(address, (*path, "label"), heading, "the heading", share)
        for place, message in enumerate(display.get("messages") or ()):
            text = message["text"]
            if (taken := width(text) * WORDS) > FOOT_ROOM:
                path = ("messages", place, "text")
                yield _cut_text(address, path, text, "the message", taken / FOOT_ROOM)


def _cut_text(address: Address, path: Path, text: str, what: str, share: float) -> Breach:
    fits = max(int(len(text) / max(share, 1.05)), 1)
    return Breach(
        address,
        path,
        f"{what} of {address} is cut: {text[:50] + '…' if len(text) > 50 else text}",
        "In letters that can be read from 8 m it is longer than its place.",
        f"write it in about {fits} characters, or make its place wider",
    )


def _cut_lists(estate: Estate) -> Iterator[Breach]:
    for address, display in _displays(estate):
        screen = estate.centre.once(_screens)[address.name]
        for (path, tile), placed in zip(_tiles(display), screen.tiles, strict=True):
            if tile.get("list") == "agents":
                rows = len(_listed_agents(estate, tile))
            else:
                rows = len(tile["queues"]) if tile.get("list") else 0
            if rows > placed.rows:
                yield Breach(
                    address,
                    path,
                    f'"{heading_of(tile)}" of {address} has room for {placed.rows} of {rows} '
                    f"{tile['list']}",
                    "The rest is only counted.",
                    "make the tile higher, or list fewer queues, or the people of one team",
                )


def _unseen_messages(estate: Estate) -> Iterator[Breach]:
    today = estate.today.isoformat()
    for address, display in _displays(estate):
        before: Path = ()
        for place, message in enumerate(display.get("messages") or ()):
            path = ("messages", place)
            until = message.get("until")
            if until and until < today:
                yield Breach(
                    address,
                    (*path, "until"),
                    f"a message of {address} ended on {until}",
                    "Nobody reads it any more.",
                    "remove the message, or write another day",
                )
            elif before:
                yield Breach(
                    address,
                    path,
                    f"a message of {address} is never shown",
                    f"No. {place} before it has no times, and is always shown in its place.",
                    "put the message without times last",
                )
            if not any(message.get(field) for field in ("weekly", "since", "until")):
                before = before or path


RULES: tuple[Rule, ...] = (
    Rule(
        "CC241",
        "wallboard-shows-nothing",
        Severity.WARNING,
        "A wallboard has no tiles, the same one twice, or a list that stays empty",
        _shows_nothing,
        Reach.JOINED,
    ),
    Rule(
        "CC242",
        "threshold-does-not-fit",
        Severity.WARNING,
        "A threshold has the wrong unit or direction, or red comes before amber",
        _thresholds,
        Reach.JOINED,
    ),
    Rule(
        "CC244",
        "wallboard-of-others",
        Severity.WARNING,
        "A wallboard shows a queue that nobody at its site answers",
        _elsewhere,
        Reach.JOINED,
    ),
    Rule(
        "CC245",
        "wallboard-too-fine",
        Severity.WARNING,
        "A wallboard has more tiles than people can read from where they sit",
        _too_fine,
        Reach.OBJECT,
    ),
    Rule(
        "CC246",
        "wallboard-text-cut",
        Severity.WARNING,
        "A text of a wallboard is longer than its place",
        _cut,
        Reach.OBJECT,
    ),
    Rule(
        "CC247",
        "wallboard-list-cut",
        Severity.WARNING,
        "A list on a wallboard has more rows than its tile",
        _cut_lists,
        Reach.JOINED,
    ),
    Rule(
        "CC248",
        "message-unseen",
        Severity.WARNING,
        "A message of a wallboard is never shown, or not any more",
        _unseen_messages,
        Reach.OBJECT,
    ),
)
