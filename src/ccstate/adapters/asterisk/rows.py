"""Tables of options and templates of steps: one definition writes a field and reads it back.

A row is the one place that says which option a field is. Compiling, decoding, the lists of what
AMI shows, and the import of hand-written configuration all read the same rows.

`Template("WaitExten", "<timeout>", timeout=SECONDS)` makes the step `WaitExten(5)` of `5s`, and
reads `5s` from it. A part between angle brackets stands for a value without a comma, a bracket or a
question mark; one without a codec is a text. Parts named after fields need no table of their own.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from ccstate.adapters.asterisk.entries import Step
from ccstate.kinds.fields import duration, seconds
from ccstate.model import Json

Path: TypeAlias = tuple[str, ...]
Decoded: TypeAlias = dict[Path, Json]
"""Fields as configuration says them, by path; UNCLEAR where a value stands for none."""


class Unclear(Exception):
    """A text of the configuration stands for no value of the field."""


class Codec(NamedTuple):
    """How a value is written, and read back. `decode` raises Unclear or ValueError."""

    encode: Callable[[Any], str]
    decode: Callable[[str], Json]


class _Unclear:
    """The type of UNCLEAR."""


UNCLEAR: Final[Any] = _Unclear()
"""In place of a value: what stands there is no value of the field, so the field is not judged."""


def whole_number(text: str) -> int:
    """Decode a count as every module of Asterisk reads it; Unclear where the text is none."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Unclear
    return int(text)


def yes_or_no(text: str) -> bool:
    """Decode a switch. Source: `ast_true` and `ast_false` in main/utils.c, 16 and 22."""
    if text.lower() in {"yes", "true", "on", "1", "y", "t"}:
        return True
    if text.lower() in {"no", "false", "off", "0", "n", "f"}:
        return False
    raise Unclear


def words(spelled: Mapping[str, str], by_hand: Mapping[str, str] | None = None) -> Codec:
    """Make the codec of a choice between words: ours with Asterisk's, and others of Asterisk's with ours."""
    read = {text: ours for ours, text in spelled.items()} | dict(by_hand or {})

    def decode(text: str) -> Json:
        if text.lower() not in read:
            raise Unclear
        return read[text.lower()]

    return Codec(spelled.__getitem__, decode)


TEXT = Codec(str, str)
COUNT = Codec(str, whole_number)
SECONDS = Codec(lambda value: str(seconds(value)), lambda text: duration(whole_number(text)))
SWITCH = Codec(lambda value: "yes" if value else "no", yes_or_no)


def optional(codec: Codec) -> Codec:
    """Make the codec of a value that may be missing: an empty text stands for none."""
    return Codec(
        lambda value: "" if value is None else codec.encode(value),
        lambda text: codec.decode(text) if text else None,
    )


@dataclass(frozen=True)
class Row:
    """One option in a section of a file, and the field that it says.

    `field`: the dotted path; "" for an option that all objects have alike. `unset`: what is
    written where the field has no value; None writes no line. `default`: what Asterisk does where
    there is no line. `header`: what AMI calls it; "" where it is not shown. `aliases`: other
    names of the option in files that people wrote. `section`: the type of section in pjsip.conf.
    `says`: the field of the object, where `field` is a value that is made ready of it.
    `effect`: what callers or agents notice of an option that all objects have alike, where a
    hand-written file has another value, or none. `nearly`: values of hand-written files that are
    read as one that is a little different, each with the difference.
    """

    option: str
    field: str = ""
    codec: Codec = TEXT
    unset: str | None = None
    default: str = ""
    header: str = ""
    aliases: tuple[str, ...] = ()
    section: str = ""
    says: str | None = None
    effect: str = ""
    nearly: tuple[tuple[str, str], ...] = ()

    @property
    def object_field(self) -> str:
        """The field of the object that the option says; "" for none."""
        return self.field if self.says is None else self.says

    @cached_property
    def path(self) -> Path:
        """The parts of `field`; () where there is none."""
        return tuple(self.field.split(".")) if self.field else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the option in hand-written files."""
        return (self.option, *self.aliases)


def constant(
    option: str, text: str, *, default: str = "", section: str = "", effect: str = ""
) -> Row:
    """Make the row of an option that is the same for all objects of a kind."""
    codec = SWITCH if text in {"yes", "no"} else TEXT
    return Row(option, "", codec, text, default, section=section, effect=effect)


def unwritten(defaults: Mapping[str, str], section: str = "") -> tuple[Row, ...]:
    """Options that ccstate never writes, so that Asterisk's defaults hold."""
    return tuple(
        Row(option, "", SWITCH if text in {"yes", "no"} else TEXT, default=text, section=section)
        for option, text in defaults.items()
    )


def means_same(codec: Codec, text: str, other: str) -> bool:
    """Whether two texts stand for one value: `yes` and `true` of a switch."""
    value = decoded(codec, text)
    is_value = value is not UNCLEAR and value == decoded(codec, other)
    return is_value or text.lower() == other.lower()


def encode(rows: Iterable[Row], fields: Mapping[str, Any]) -> Iterator[tuple[Row, str]]:
    """Yield the options that say these fields, in the order of the rows."""
    for row in rows:
        value = at(fields, row.path) if row.path else None
        text = row.unset if value is None else row.codec.encode(value)
        if text is not None:
            yield row, text


def decode(rows: Iterable[Row], options: Mapping[str, str]) -> Decoded:
    """Decode the fields that options of one section say; None where a line is not there."""
    return {row.path: decoded(row.codec, options.get(row.option)) for row in rows if row.field}


def decoded(codec: Codec, text: str | None) -> Json:
    """Decode the value of one text; None for none, UNCLEAR where it stands for no value."""
    if text is None:
        return None
    try:
        return codec.decode(text)
    except (Unclear, ValueError):
        value: Json = UNCLEAR
        return value


def at(fields: Mapping[str, Any], path: Path) -> Any:
    """Return the value at a path; None where there is none."""
    value: Any = fields
    for name in path:
        if type(value) is not dict and not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def put(fields: Mapping[str, Json], path: Path, value: Json) -> dict[str, Json]:
    """Return the fields with another value at a path; None takes it away."""
    head, *rest = path
    result = dict(fields)
    if rest:
        inner = fields.get(head)
        if value is not None or inner is not None:
            result[head] = put(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    elif value is None:
        result.pop(head, None)
    else:
        result[head] = value
    return result


_PART = re.compile(r"<([a-z_]+)>")
_LABEL = re.compile(r"\(\w+\)")


class Template:
    """One kind of step: its application, and its data with the parts that vary."""

    def __init__(self, application: str, data: str = "", **codecs: Codec) -> None:
        self._application = application
        self._pieces = _pieces(data)
        self._codecs = {part: codecs.get(part, TEXT) for part, is_part in self._pieces if is_part}
        pattern = "".join(
            f"(?P<{text}>[^,()?|]*)" if is_part else re.escape(text)
            for text, is_part in _pieces(f"{application}({data})")
        )
        self._pattern = re.compile(pattern)

    def step(self, field: str = "", label: str = "", **values: object) -> Step:
        """Return the step with these values; `field` is the path of the field that it says."""
        codecs = self._codecs
        data = "".join(
            [codecs[p].encode(values[p]) if is_part else p for p, is_part in self._pieces]
        )
        return Step(self._application, data, field, label)

    def read(self, step: str) -> Mapping[str, str] | None:
        """Read the values in a step as it is spelled, whatever its label; None for another step."""
        found = self._pattern.fullmatch(_LABEL.sub("", step, count=1) if step[:1] == "(" else step)
        return found.groupdict() if found else None

    def find(self, steps: Iterable[str]) -> Mapping[str, str]:
        """Find the values in the first such step; nothing where there is none."""
        return next((found for step in steps if (found := self.read(step)) is not None), {})

    def values(self, steps: Iterable[str]) -> dict[str, Json]:
        """The values in the first such step by part, decoded; None for each where there is none."""
        found = self.find(steps)
        return {part: decoded(codec, found.get(part)) for part, codec in self._codecs.items()}

    def is_in(self, steps: Iterable[str]) -> bool:
        """Whether there is such a step."""
        return any(self.read(step) is not None for step in steps)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in order: what stands as it is, and the names of parts, with whether it is one."""
    pieces = _PART.split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces)]


ACCOUNT = words({"userpass": "userpass"}, by_hand={"digest": "userpass"})
"""How a phone or a trunk logs in; Asterisk 22 has a second word for it (res_pjsip, auth)."""
ENDPOINT_DEFAULTS = unwritten(
    {
        "allow_subscribe": "yes",
        "allow_transfer": "yes",
        "device_state_busy_at": "0",
        "dtmf_mode": "rfc4733",
        "force_rport": "yes",
        "ice_support": "no",
        "inband_progress": "no",
        "language": "",
        "media_encryption": "no",
        "one_touch_recording": "no",
        "rewrite_contact": "no",
        "rtp_symmetric": "no",
        "rtp_timeout": "0",
        "send_pai": "no",
        "send_rpid": "no",
        "trust_id_inbound": "no",
        "trust_id_outbound": "no",
        "use_avpf": "no",
    },
    "endpoint",
)
"""Options of endpoints that hand-written files often have, with what Asterisk 16.28 and 22.10 show without
a line; the rows of a kind go before."""
