"""A contact centre for a real Asterisk: as many phones as asked for, 500 queues, 200 trees.

A phone belongs to a person and has a secret and, every other one, a mailbox. Prompts are ten
recordings of silence, so that no speech is made. Names are invented, numbers reserved for fiction.
"""

import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import orjson

QUEUES = 500
MEMBERS = 20
TREES = 200
NODES = 10
PROMPTS = 10
SITES = 5
SCHEDULES = 5
TRUNKS = 4
FIRST_PHONE = 20_001
IN_A_TEAM = 50
IN_A_FILE = 500
"""People, each with a phone: as large as files are that people still look at."""

Objects: TypeAlias = dict[str, dict[str, Any]]


def phone(index: int) -> str:
    return str(FIRST_PHONE + index)


def person(index: int) -> str:
    return f"person-{index:05}"


def queue(index: int) -> str:
    return f"queue-{index:03}"


def number(index: int) -> str:
    """A number reserved for fiction."""
    return f"+6125550{index:04}"


def person_at(index: int) -> dict[str, Any]:
    return {
        "name": f"Person {index}",
        "email": f"{person(index)}@brolga-energy.example",
        "team": f"team-{index // IN_A_TEAM}",
        "site": f"site-{index % SITES}",
        "area": "ground",
        "extension": phone(index),
    }


def phone_at(index: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "device": ("deskphone", "softphone", "webrtc")[index % 3],
        "caller_id": {"name": "Brolga Energy", "number": number(index % TREES)},
        "permissions": ["emergency", "internal", "local", "national"],
        "pickup_group": f"team-{index // IN_A_TEAM}",
        "secret": f"file:{secret_file(index)}",
    }
    if has_mailbox(index):
        fields["voicemail"] = {"email": f"{person(index)}@brolga-energy.example"}
    return fields


def has_mailbox(index: int) -> bool:
    return index % 2 == 0


def secret_file(index: int) -> str:
    return f"secrets/{phone(index)}"


def queue_at(index: int, phones: int) -> dict[str, Any]:
    who = sorted({(index * 37 + step * 7) % phones for step in range(MEMBERS)})
    return {
        "label": f"Queue {index}",
        "extension": str(60_000 + index),
        "strategy": "longest_idle",
        "ring_for": "15s",
        "wrap_up": "30s",
        "max_waiting": 40,
        "service_level": {"percent": 80, "within": "20s"},
        "hours": f"hours-{index % SCHEDULES}",
        "members": [{"user": person(at), "penalty": at % 10} for at in who],
        "announcements": {"position": True, "every": "1m", "periodic": f"prompt-{index % PROMPTS}"},
        "overflow": {"after": "5m", "to": f"voicemail/{phone(0)}", "empty": "hangup"},
    }


def tree_at(index: int, phones: int) -> dict[str, Any]:
    prompts = [f"prompt-{(index + step) % PROMPTS}" for step in range(4)]
    first, second, known = (queue((3 * index + step) % QUEUES) for step in range(3))
    nodes: Objects = {
        "open": {"type": "hours", "schedule": f"hours-{index % SCHEDULES}", "open": "greet",
                 "closed": "closed"},
        "greet": {"type": "play", "prompt": prompts[0], "then": "menu"},
        "menu": {"type": "menu", "prompt": prompts[1], "timeout": "5s", "on_timeout": "first",
                 "choices": {"1": "first", "2": "second", "3": "account", "0": "duty"}},
        "first": {"type": "queue", "queue": first},
        "second": {"type": "queue", "queue": second, "priority": 5},
        "account": {"type": "collect", "prompt": prompts[2], "save_as": "account", "min_digits": 6,
                    "max_digits": 10, "then": "known", "on_timeout": "first"},
        "known": {"type": "queue", "queue": known, "priority": 10},
        "duty": {"type": "dial", "extension": phone(index % phones), "on_no_answer": "message"},
        "closed": {"type": "play", "prompt": prompts[3], "then": "message"},
        "message": {"type": "voicemail", "mailbox": phone(0)},
    }  # fmt: skip
    return {"extension": str(70_000 + index), "start": "open", "nodes": nodes}


def _services(phones: int) -> dict[str, Objects]:
    days = ("mon", "tue", "wed", "thu", "fri")
    address = {"street": "1 Example Street", "city": "Sampleton", "postcode": "2000"}
    return {
        "sites": {
            f"site-{index}": {
                "label": f"Site {index}",
                "address": {**address, "country": "AU"},
                "timezone": "Australia/Sydney",
                "areas": {"ground": {"label": "Ground floor"}},
            }
            for index in range(SITES)
        },
        "teams": {
            f"team-{index}": {"label": f"Team {index}"} for index in range(-(-phones // IN_A_TEAM))
        },
        "trunks": {
            f"carrier-{index}": {"host": f"127.0.0.{index + 2}", "codecs": ["g722", "alaw"]}
            for index in range(TRUNKS)
        },
        "outbound_routes": {
            "emergency": {"patterns": ["000"], "trunks": ["carrier-0"], "emergency": True},
            "national": {"patterns": ["0ZXXXXXXXX"], "permission": "national",
                         "trunks": ["carrier-0", "carrier-1"]},
        },
        "schedules": {
            f"hours-{index}": {
                "timezone": "Australia/Sydney",
                "weekly": {day: [f"0{index + 4}:30-18:00"] for day in days},
                "holidays": [{"name": "Christmas Day", "date": "2026-12-25"}],
            }
            for index in range(SCHEDULES)
        },
        "prompts": {
            f"prompt-{index}": {
                "languages": {"en-AU": {"text": "Please hold the line.", "audio": _audio(index)}}
            }
            for index in range(PROMPTS)
        },
        "queues": {queue(index): queue_at(index, phones) for index in range(QUEUES)},
        "ivrs": {f"tree-{index}": tree_at(index, phones) for index in range(TREES)},
        "numbers": {
            number(index): {"trunk": f"carrier-{index % TRUNKS}", "to": f"ivr/tree-{index}"}
            for index in range(TREES)
        },
    }  # fmt: skip


def _audio(index: int) -> str:
    return f"audio/{index}.wav"


def documents(phones: int) -> Iterator[tuple[str, Mapping[str, Objects]]]:
    """Name and content of every file of the desired state."""
    for first in range(0, phones, IN_A_FILE):
        here = range(first, min(first + IN_A_FILE, phones))
        yield (
            f"people-{first:05}.yaml",
            {
                "users": {person(index): person_at(index) for index in here},
                "extensions": {phone(index): phone_at(index) for index in here},
            },
        )
    yield "service.yaml", _services(phones)


def write(project: Path, phones: int, connection: Mapping[str, Any]) -> None:
    """The project with its secrets and recordings, for the Asterisk behind that connection."""
    target = {"adapter": "asterisk", "connection": connection}
    said = {"version": 1, "desired_state": "desired_state", "targets": {"asterisk": target}}
    _write(project / "ccstate.yaml", said)
    for name, document in documents(phones):
        _write(project / "desired_state" / name, document)
    for index in range(PROMPTS):
        _silence(project / _audio(index))
    (project / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    for index in range(phones):
        secret = project / secret_file(index)
        secret.write_text(f"invented-{index}", encoding="utf-8")
        secret.chmod(0o600)


def _write(path: Path, said: object) -> None:
    """As YAML, of which JSON is a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2))


def _silence(path: Path) -> None:
    """Half a second of it, as telephones take it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 2, 8000, 4000, "NONE", ""))
        recording.writeframes(bytes(8000))
