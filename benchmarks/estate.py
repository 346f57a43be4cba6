"""Estates to measure with: invented contact centres of any size, the same for the same seed.

An estate is made of regions of 1,000 resources each, in the proportions of `REGION`, written as
people would: a folder a region, and in it three files that each hold 240 to 380 resources.

Every name is invented. Numbers are those that Australia reserves for fiction, +61 2 5550 xxxx
and +61 2 7010 xxxx and the same in the areas 3, 7 and 8: 80,000, enough for a million resources.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


REGION = {
    "site": 3,
    "team": 20,
    "user": 360,
    "extension": 400,
    "trunk": 4,
    "outbound_route": 6,
    "schedule": 10,
    "prompt": 60,
    "queue": 40,
    "ivr": 12,
    "number": 70,
    "display": 15,
}
"""Resources of each kind in a region; 1,000 in all."""

REGION_SIZE = sum(REGION.values())
MEMBERS = 20
"""Members of a queue: a team and nineteen people."""
SECRETS = 4
"""Extensions of a region with a secret, 1 %: half of them from the environment, half from files."""

AREAS = ("ground", "level-1", "level-2", "level-3")
DESKS = 30
FIRST = _words(
    "Aisha Amara Ana Bao Callum Chidi Dara Elif Emeka Farah Freya Giulia Hana Helen Imran Ioane "
    "Jarrah Jun Kirra Lakshmi Liam Luca Mei Mele Minh Ngaire Oscar Petra Priya Rosa Sione Zahra"
)
LAST = _words(
    "Adeyemi Bashir Birdseye Bonfiglio Castellano Dawson Eriksen Farouk Ganesan Hartigan Ibrahim "
    "Jansen Kaleo Lindqvist Marangoni Nair Okafor Papadakis Quah Rezaie Schoenfeld Tamihana Truong "
    "Umarov Venkataraman Whitlock Xiong Yarran Zielinski"
)
SKILLS = _words("billing sales faults moves retention solar business greek italian mandarin")
TOPICS = _words("billing sales faults moves retention solar business complaints meters payments")

Changed: TypeAlias = Callable[[str, int], bool]
"""Says of a file and of a resource's place in the estate whether it differs from the original."""


def unchanged(file: str, place: int) -> bool:  # noqa: ARG001  # one of the `Changed`
    """Nothing differs."""
    return False


def one_percent(file: str, place: int) -> bool:  # noqa: ARG001  # one of the `Changed`
    """Every hundredth resource differs, so that every file does."""
    return place % 100 == 0


def one_file(file: str, place: int) -> bool:
    """Every hundredth resource of one file differs."""
    return file == "region-001/people-north.yaml" and place % 100 == 0


@dataclass(slots=True)
class _File:
    """One file being written; `place` is that of its next resource in the estate."""

    name: str
    place: int
    edition: str
    changed: Changed
    lines: list[str] = field(default_factory=list)

    def kind(self, plural: str) -> None:
        self.lines.append(f"\n{plural}:")

    def add(self, name: str, label: str, *fields: str) -> None:
        label += self.edition if self.changed(self.name, self.place) else ""
        self.place += 1
        self.lines += [f"  {name}:", f"    label: {label}", *(f"    {line}" for line in fields)]

    def text(self) -> str:
        schema = "# yaml-language-server: $schema=../../schema/document.json"
        return "\n".join([schema, *self.lines, ""])


@dataclass(frozen=True, slots=True)
class Region:
    """A thousand resources; `number` counts from 1."""

    number: int
    dice: random.Random

    @property
    def id(self) -> str:
        return f"r{self.number:03d}"

    def site(self, index: int) -> str:
        return f"{self.id}-{('north', 'south', 'harbour')[index % 3]}"

    def extension(self, index: int) -> str:
        return str(2_000_000 + 1_000 * self.number + index)

    def user(self, index: int) -> str:
        first, last = FIRST[index % len(FIRST)], LAST[index % len(LAST)]
        return f"{first}.{last}.{self.number}-{index}".lower()

    def desk(self, index: int) -> tuple[str, str]:
        """The area and the desk of a user; 120 users sit at each of the three sites."""
        area, desk = divmod(index // 3, DESKS)
        return AREAS[area], f"{AREAS[area][0]}{area}-{desk:02d}"

    def team(self, index: int) -> str:
        return f"{self.id}-{TOPICS[index % 10]}-{index % REGION['team'] // 10 + 1}"

    def queue(self, index: int) -> str:
        return f"{self.id}-{TOPICS[index % 10]}-q{index // 10 + 1}"

    def mailbox(self, index: int) -> str:
        """One of the extensions that are no person's; each has a mailbox."""
        return self.extension(REGION["user"] + index % (REGION["extension"] - REGION["user"]))

    def trunk(self, index: int) -> str:
        return f"{self.id}-carrier-{index % REGION['trunk'] + 1}"

    def schedule(self, index: int) -> str:
        return f"{self.id}-hours-{index % REGION['schedule'] + 1}"

    def prompt(self, index: int) -> str:
        return f"{self.id}-prompt-{index % REGION['prompt'] + 1}"

    def did(self, index: int) -> str:
        return fictitious((self.number - 1) * REGION["number"] + index)


def fictitious(index: int) -> str:
    """One of 80,000 Australian numbers that no one has, in E.164."""
    rest, area = divmod(index, 4)
    block, last = divmod(rest, 10_000)
    return f"+61{'2378'[area]}{('5550', '7010')[block]}{last:04d}"


def write(
    folder: Path, size: int, *, changed: Changed = unchanged, edition: str = " (new)", seed: int = 1
) -> int:
    """Writes a project of so many resources and returns the bytes of its YAML.

    What `changed` picks has `edition` behind its label. Files are written only where they differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / "ccstate.yaml", PROJECT)
    (folder / "secrets").mkdir(exist_ok=True)
    for name, secret in secrets(size).items():
        if name.startswith("file:"):
            _put(folder / name.removeprefix("file:"), secret)
    total = 0
    for name, text in documents(size, changed=changed, edition=edition, seed=seed):
        path = folder / "desired_state" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, text)
        total += len(text.encode())
    return total


def _put(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


PROJECT = """\
version: 1
desired_state: desired_state
targets:
  platform:
    adapter: embedded
    connection: {path: .ccstate/platform.db}
defaults:
  queue: {music: brolga, retry: 5s}
  extension: {ring_for: 20s}
"""


def secrets(size: int) -> dict[str, str]:
    """Every reference to a secret in an estate of this size, and an invented secret for it."""
    return {
        _secret(region, index): f"invented-{region}-{index}"
        for region in range(1, size // REGION_SIZE + 1)
        for index in range(SECRETS)
    }


def _secret(region: int, index: int) -> str:
    return f"{'env:SIP_' if index % 2 else 'file:secrets/sip-'}{region:03d}_{index}"


def documents(
    size: int, *, changed: Changed = unchanged, edition: str = " (new)", seed: int = 1
) -> Iterator[tuple[str, str]]:
    """Name and text of every file, in order."""
    regions, rest = divmod(size, REGION_SIZE)
    if rest or not regions:
        raise ValueError(f"an estate has a multiple of {REGION_SIZE} resources, not {size}")
    place = 0
    for number in range(1, regions + 1):
        region = Region(number, random.Random(f"{seed}-{number}"))
        for name, fill in _FILES:
            file = _File(f"region-{number:03d}/{name}.yaml", place, edition, changed)
            fill(file, region)
            place = file.place
            yield file.name, file.text()


def _people(file: _File, region: Region, users: Iterable[int], spare: Iterable[int]) -> None:
    dice = region.dice
    file.kind("users")
    for index in users:
        name = f"{FIRST[index % len(FIRST)]} {LAST[index % len(LAST)]}"
        area, desk = region.desk(index)
        picked = dice.sample(SKILLS, 3)
        file.add(
            region.user(index),
            name,
            f"name: {name}",
            f"email: {region.user(index)}@brolga-energy.example",
            f"team: {region.team(index)}",
            f"site: {region.site(index)}",
            f"area: {area}",
            "hot_desking: true" if index % 10 == 9 else f"desk: {desk}",
            f"skills: {{{', '.join(f'{skill}: {dice.randint(1, 10)}' for skill in picked)}}}",
            f'extension: "{region.extension(index)}"',
        )
    file.kind("extensions")
    for index in (*users, *spare):
        _extension(file, region, index)


def _extension(file: _File, region: Region, index: int) -> None:
    is_shared = index >= REGION["user"]
    number = region.extension(index)
    fields = [
        f"site: {region.site(index)}",
        f"device: {'none' if is_shared else region.dice.choice(('deskphone', 'softphone', 'webrtc'))}",
        f'caller_id: {{name: Brolga Energy, number: "{region.did(index % 10)}"}}',
        "permissions: [emergency, internal, local, national, mobile]",
    ]
    if is_shared or index % 2:
        fields += [
            "voicemail:",
            f"  email: box.{number}@brolga-energy.example",
            f"  greeting: {region.prompt(index)}",
        ]
    if not is_shared:
        fields.append(f"pickup_group: {region.team(index)}")
    if index % 100 == 50:
        fields.append(f"secret: {_secret(region.number, index // 100)}")
    file.add(f'"{number}"', f"Extension {number}", *fields)


def _north(file: _File, region: Region) -> None:
    _people(file, region, range(180), range(360, 380))


def _south(file: _File, region: Region) -> None:
    _people(file, region, range(180, 360), range(380, 400))


def _service(file: _File, region: Region) -> None:
    """All that is neither a person nor a phone."""
    for fill in (_sites, _teams, _lines, _schedules, _prompts, _queues, _ivrs, _displays):
        fill(file, region)


def _sites(file: _File, region: Region) -> None:
    file.kind("sites")
    for index in range(REGION["site"]):
        areas: list[str] = []
        for number, area in enumerate(AREAS):
            desks = ", ".join(f"{area[0]}{number}-{desk:02d}" for desk in range(DESKS))
            areas += [f"  {area}:", f"    label: Area {area}", f"    desks: [{desks}]"]
        file.add(
            region.site(index),
            f"Site {region.site(index)}",
            f'address: {{street: {index + 1} Example Street, city: Sampleton, postcode: "2000", country: AU}}',
            "timezone: Australia/Sydney",
            "areas:",
            *areas,
        )


def _teams(file: _File, region: Region) -> None:
    file.kind("teams")
    for index in range(REGION["team"]):
        # The first of a team leads it: team and user name each other.
        supervisor = region.user(index)
        site = f"site: {region.site(index)}"
        file.add(region.team(index), f"Team {index + 1}", f"supervisor: {supervisor}", site)


def _lines(file: _File, region: Region) -> None:
    file.kind("trunks")
    for index in range(REGION["trunk"]):
        file.add(
            region.trunk(index),
            f"Carrier {index + 1}",
            f"site: {region.site(index)}",
            f"host: sip{index}.{region.id}.example",
            "transport: tls",
            "max_calls: 200",
            "codecs: [g722, alaw]",
            f'caller_id: "{region.did(index)}"',
        )
    file.kind("outbound_routes")
    for index in range(REGION["outbound_route"]):
        emergency = index % 2 == 0
        file.add(
            f"{region.id}-route-{index + 1}",
            "Emergency" if emergency else "Everywhere else",
            f"site: {region.site(index // 2)}",
            'patterns: ["000"]' if emergency else 'patterns: ["0ZXXXXXXXX", "0011."]',
            f"permission: {'emergency' if emergency else 'national'}",
            f"trunks: [{region.trunk(index)}, {region.trunk(index + 1)}]",
            f"emergency: {'true' if emergency else 'false'}",
        )
    file.kind("numbers")
    for index in range(REGION["number"]):
        to = (
            f"ivr/{region.id}-tree-{index % REGION['ivr'] + 1}",
            f"queue/{region.queue(index % REGION['queue'])}",
            f"extension/{region.extension(index)}",
        )[index % 3]
        file.add(
            f'"{region.did(index)}"',
            f"Line {index + 1}",
            f"site: {region.site(index)}",
            f"trunk: {region.trunk(index)}",
            f"to: {to}",
            f"hours: {region.schedule(index)}",
            f"closed: voicemail/{region.mailbox(index)}",
        )


def _schedules(file: _File, region: Region) -> None:
    file.kind("schedules")
    for index in range(REGION["schedule"]):
        days = ("mon", "tue", "wed", "thu", "fri")
        file.add(
            region.schedule(index),
            f"Hours {index + 1}",
            "timezone: Australia/Sydney",
            "weekly:",
            *(f'  {day}: ["0{index % 3 + 7}:30-18:00"]' for day in days),
            "holidays:",
            '  - {name: Christmas Day, date: "2026-12-25"}',
            '  - {name: Boxing Day, date: "2026-12-26"}',
            '  - {name: "New Year\'s Day", date: "2027-01-01"}',
            '  - {name: Easter, date: "2027-03-26", until: "2027-03-29"}',
            "exceptions:",
            '  - {date: "2026-12-24", hours: ["08:00-12:30"], reason: Christmas Eve}',
        )


def _prompts(file: _File, region: Region) -> None:
    file.kind("prompts")
    for index in range(REGION["prompt"]):
        name = region.prompt(index)
        file.add(
            name,
            f"Prompt {index + 1}",
            "languages:",
            "  en-AU:",
            f"    text: Thank you for calling. This is announcement {index + 1}, please hold the line.",
            f"    audio: audio/{name}.wav",
        )


def _queues(file: _File, region: Region) -> None:
    dice = region.dice
    file.kind("queues")
    for index in range(REGION["queue"]):
        people = sorted(dice.sample(range(REGION["user"]), MEMBERS - 1))
        file.add(
            region.queue(index),
            f"Queue {index + 1}",
            f'extension: "{3_000_000 + 1_000 * region.number + index}"',
            f"site: {region.site(index)}",
            "strategy: longest_idle",
            "ring_for: 15s",
            "wrap_up: 30s",
            "max_waiting: 40",
            f"service_level: {{percent: 80, within: {dice.choice((20, 30, 45))}s}}",
            f"hours: {region.schedule(index)}",
            f"skills: [{TOPICS[index % 7]}]",
            "members:",
            f"  - {{team: {region.team(index % REGION['team'])}}}",
            *(f"  - {{user: {region.user(who)}, penalty: {who % 10}}}" for who in people),
            f"announcements: {{position: true, every: 1m, periodic: {region.prompt(index)}}}",
            f"overflow: {{after: 5m, to: voicemail/{region.mailbox(index)}, empty: hangup}}",
        )


def _ivrs(file: _File, region: Region) -> None:
    file.kind("ivrs")
    for index in range(REGION["ivr"]):
        prompts = [region.prompt(4 * index + number) for number in range(4)]
        first, second, known = (region.queue((3 * index + n) % REGION["queue"]) for n in range(3))
        file.add(
            f"{region.id}-tree-{index + 1}",
            f"Tree {index + 1}",
            f'extension: "{4_000_000 + 1_000 * region.number + index}"',
            "language: en-AU",
            "start: open",
            "nodes:",
            f"  open: {{type: hours, schedule: {region.schedule(index)}, open: greet, closed: closed}}",
            f"  greet: {{type: play, prompt: {prompts[0]}, then: menu}}",
            "  menu:",
            "    type: menu",
            f"    prompt: {prompts[1]}",
            '    choices: {"1": first, "2": second, "3": account, "0": duty}',
            "    timeout: 5s",
            "    on_timeout: first",
            f"  first: {{type: queue, queue: {first}}}",
            f"  second: {{type: queue, queue: {second}, priority: 5}}",
            "  account:",
            "    type: collect",
            f"    prompt: {prompts[2]}",
            "    save_as: account",
            "    min_digits: 6",
            "    max_digits: 10",
            "    then: known",
            "    on_timeout: first",
            f"  known: {{type: queue, queue: {known}, priority: 10}}",
            f'  duty: {{type: dial, extension: "{region.extension(index)}", on_no_answer: message}}',
            f"  closed: {{type: play, prompt: {prompts[3]}, then: message}}",
            f'  message: {{type: voicemail, mailbox: "{region.mailbox(index)}"}}',
        )


def _displays(file: _File, region: Region) -> None:
    metrics = ("waiting", "longest_wait", "service_level", "agents_ready", "answered", "abandoned")
    file.kind("displays")
    for index in range(REGION["display"]):
        queues = [region.queue((2 * index + number) % REGION["queue"]) for number in range(6)]
        file.add(
            f"{region.id}-wall-{index + 1}",
            f"Wall {index + 1}",
            f"site: {region.site(index)}",
            f"area: {AREAS[index % 4]}",
            "refresh: 10s",
            "tiles:",
            *(
                f'  - {{label: {metric}, queues: [{queue}], measure: {metric}, warn: "5"}}'
                for queue, metric in zip(queues, metrics, strict=True)
            ),
        )


_FILES: tuple[tuple[str, Callable[[_File, Region], None]], ...] = (
    ("people-north", _north),
    ("people-south", _south),
    ("service", _service),
)
