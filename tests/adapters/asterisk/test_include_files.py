"""What is spelled is read back as it was, whatever people have written into it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    HINT,
    INCLUDE,
    MEMBER,
    PARKING,
    PJSIP,
    QUEUES,
    VARIABLE,
    VOICEMAIL,
    Compiled,
    Key,
    Values,
    file_of_type,
    is_pjsip,
)
from ccstate.adapters.asterisk.include_files import (
    _READERS,
    SENTINEL,
    comment,
    revision,
    revision_in,
    serialize,
)
from tests.adapters.asterisk.hostile import ON_ONE_LINE, texts
from tests.examples import scaled

names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
values = texts.map(lambda text: text.strip(" "))
"""As Asterisk holds them: without blanks at their ends."""
counts = st.integers(0, 10**6).map(str)


def read_back(texts: dict[str, bytes]) -> dict[Key, str]:
    """What the files say, read as Asterisk does; nothing in them may be lost."""
    found: dict[Key, str] = {}
    for name, path in ((name, path) for name, path in FILES.items() if path in texts):
        conf = parse(texts[path], path)
        assert not conf.problems
        assert not conf.refused
        included = [FILES[ACCOUNTS]] if path == FILES[PJSIP] else []
        assert [directive.argument for directive in conf.directives] == included
        for key, value, _ in _READERS[name](conf):
            assert key not in found
            found[key] = value
    return found


def compiled(said: Values, notes: dict[tuple[str, str], str]) -> Compiled:
    found = Compiled(notes=notes)
    for key, value in said.items():
        found.say(key, value, None)
    return found


@st.composite
def pjsip(draw: st.DrawFn) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for kind, name in draw(
        st.lists(st.tuples(st.sampled_from(["endpoint", "auth", "aor"]), names), max_size=3)
    ):
        for option in draw(st.lists(st.sampled_from(["username", "callerid", "match"]))):
            found[Key(file_of_type(kind), kind, name, option)] = draw(values)
        variables = ["CC_LOCATION", "CC_CALLER_NAME"] if kind == "endpoint" else []
        for variable in draw(st.lists(st.sampled_from(variables))) if variables else ():
            found[Key(PJSIP, kind, name, VARIABLE + variable)] = draw(values)
    return found


@st.composite
def queues(draw: st.DrawFn) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for name in draw(st.lists(names, max_size=2, unique=True)):
        found[Key(QUEUES, name, "timeout", "")] = draw(counts)
        found[Key(QUEUES, name, "musicclass", "")] = draw(names)
        for member in draw(st.lists(names, max_size=3, unique=True)):
            device = f"PJSIP/{draw(names)}"
            found[Key(QUEUES, name, MEMBER, member)] = f"{device},{draw(counts)},{device}"
    return found


@st.composite
def mailboxes(draw: st.DrawFn) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for name in draw(st.lists(names, max_size=3, unique=True)):
        said = {
            "pin": draw(counts),
            "name": draw(values).replace(",", " ").strip(" "),
            "email": draw(st.sampled_from(["", "o'b%i+n@x-y.example"])),
            "options": "attach=yes|delete=yes",
        }
        found |= {Key(VOICEMAIL, "ccstate", name, part): text for part, text in said.items()}
    return found


steps = st.sampled_from(
    [
        "Answer()",
        "(again)Set(CC_TRY=$[${CC_TRY} + 1])",
        'GotoIf($["${ARG3}" = ""]?dial)',
        "Dial(PJSIP/${ARG2}@${ARG1},${ARG3},b(ccstate-sent^s^1))",
        "UserEvent(Ccstate,Place: ivr/main top,Event: key,Key: #)",
        "Gosub(ccstate-trunk,s,1(trunk-a,${EXTEN:1},120,,+61255501000))",
    ]
)


@st.composite
def contexts(draw: st.DrawFn) -> dict[Key, str]:
    found: dict[Key, str] = {}
    extens = st.sampled_from(["s", "1", "*", "#", "i", "+61255501000", "_[0-9*#+]!", "a~b", "*97"])
    for name in draw(st.lists(names.map(lambda name: f"queue/{name}"), max_size=3, unique=True)):
        for exten in draw(st.lists(extens, max_size=3, unique=True)):
            said = draw(st.lists(steps, min_size=1, max_size=4, unique=True))
            for number, step in enumerate(said, 1):
                found[Key(DIALPLAN, name, exten, str(number))] = step
        for other in draw(st.lists(names, max_size=2, unique=True)):
            found[Key(DIALPLAN, name, INCLUDE, other)] = ""
        if draw(st.booleans()):
            found[Key(DIALPLAN, name, "_X.", HINT)] = "PJSIP/${EXTEN}"
    return found


lots = st.dictionaries(st.tuples(names, names), values, max_size=3).map(
    lambda said: {Key(PARKING, lot, name, ""): text for (lot, name), text in said.items()}
)


@settings(max_examples=scaled(200))
@given(pjsip(), queues(), mailboxes(), contexts(), lots, texts)
def test_entries_are_read_back_as_they_were(  # noqa: PLR0917 - all that is drawn
    phones: dict[Key, str],
    lines: dict[Key, str],
    boxes: dict[Key, str],
    plan: dict[Key, str],
    parking: dict[Key, str],
    note: str,
) -> None:
    said = {**phones, **lines, **boxes, **plan, **parking}
    notes = {(key.file, key.item if is_pjsip(key.file) else key.section): note for key in said}
    found = read_back(serialize(compiled(said, notes)))
    assert {key: value for key, value in found.items() if SENTINEL not in str(key)} == said


@pytest.mark.parametrize("there", [True, False])
def test_a_file_for_parking_lots_is_written_where_there_is_one(there: bool) -> None:
    path = FILES[PARKING]
    lot = compiled({Key(PARKING, "office", "parkext", ""): "700"}, {})
    assert path in serialize(lot)
    assert (path in serialize(compiled({}, {}), [path] if there else [])) is there


@given(texts)
def test_a_comment_is_one_line_and_ends_nothing(text: str) -> None:
    said = comment(text)
    assert ";" not in said
    assert said == said.strip()
    assert len(said.splitlines()) <= 1


def test_every_hostile_text_is_a_value_and_a_comment() -> None:
    for text in ON_ONE_LINE:
        key = Key(ACCOUNTS, "auth", "2001", "password")
        found = read_back(serialize(compiled({key: text}, {(PJSIP, "2001"): text})))
        assert found == {key: text}


def test_a_file_names_the_revision_of_all_that_stands_before() -> None:
    before = compiled({Key(QUEUES, "sales", "timeout", ""): "15"}, {})
    after = compiled({Key(QUEUES, "sales", "timeout", ""): "16"}, {})
    for name, path in FILES.items():
        first, second = (serialize(found, FILES.values())[path] for found in (before, after))
        named = revision_in(name, first)
        assert (named == revision_in(name, second)) is (name != QUEUES)
        at = max(first.rfind(b"\n[") + 1, first.rfind(b"\nccstate-rev") + 1)
        assert revision(first[:at]) == named
