"""Configuration files are read as Asterisk reads them; what it drops is told with its place."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.conf import Conf, parse, read, resolved
from ccstate_lab.site import Site
from tests.adapters.asterisk.running_estate import connect
from tests.asterisk_sites import SiteOf
from tests.growth import is_linear

Sections = list[tuple[str, list[str]]]


def sections(conf: Conf) -> Sections:
    return [(s.name, [f"{o.key}={o.value}" for o in s.options]) for s in conf.sections]


def told(conf: Conf) -> list[str]:
    return [f"{p.span}: {p.code} {p.message}" for p in conf.problems]


def load(files: Mapping[str, str], main: str = "main.conf") -> Conf:
    stored = {name: text.encode() for name, text in files.items()}

    def names(pattern: str) -> list[str]:
        front, _, back = pattern.partition("*")
        return [n for n in stored if n.startswith(front) and n.endswith(back)]

    return read(stored.get, names, main)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[a]\nk = v\nk=>w", [("a", ["k=v", "k=w"])]),
        ("[a]\n  k =  v w \t\r\n", [("a", ["k=v w"])]),
        ("[ a ]\nk=v", [(" a ", ["k=v"])]),
        ("[a]\nk=v ; comment\n;k=w", [("a", ["k=v"])]),
        ("[a]\nk=v\\;w\\;x;y", [("a", ["k=v;w;x"])]),
        ("[a]\nk=v;-- in\nx=1\n--;w", [("a", ["k=v"])]),
        ("[a]\nk=1;-- a ;-- b --; c --;2", [("a", ["k=12"])]),
        ("[a]\nk=v ;--- no block\nw=1", [("a", ["k=v", "w=1"])]),
        ("[a]\nk=v\nk+= w\nk +=x", [("a", ["k=v wx"])]),
        ("[a]\nk+=>w", [("a", ["k=>w"])]),
        ("[a]\n\\[x]=1\n\\=y=2", [("a", ["[x]=1", "=y=2"])]),
        ("[t](!)\nk=1\n[a](t)\nk=2", [("t", ["k=1"]), ("a", ["k=1", "k=2"])]),
        ("[a]\nk=1\n[A](+)\nk=2", [("a", ["k=1", "k=2"])]),
        ("[a]\nk=1\n[b]()\nx=2", [("a", ["k=1"]), ("b", ["k=1", "x=2"])]),
        ("[a] (b)\nk=1", [("a", ["k=1"])]),
        ("[" + "n" * 90 + "]\nk=1", [("n" * 79, ["k=1"])]),
        ("\ufeff[a]\nk=1", [("a", ["k=1"])]),
        ("[a]\nk=1\0x\nz=2", [("a", ["k=1", "z=2"])]),
    ],
)
def test_what_is_written_is_read_so(text: str, expected: Sections) -> None:
    assert sections(parse(text.encode(), "x.conf")) == expected


@pytest.mark.parametrize(
    "text, expected, problem",
    [
        ("[a]\nk=1\n[b\nk=2\n[c]", [("a", ["k=1"])], "x.conf:3:1: CC440 the file ends here"),
        ("[a]\n[b](t)\nk=2", [("a", [])], "x.conf:2:1: CC440 the file ends here"),
        ("[a]\n[b](+)\nk=2", [("a", [])], "x.conf:2:1: CC440 the file ends here"),
        ("k=1\n[a]", [], "x.conf:1:1: CC440 the file ends here"),
        ("[a]\nk\nx=1", [("a", ["x=1"])], "x.conf:2:1: CC441 there is no = in 'k'"),
        ("[a]\n=v\nx=1", [("a", ["x=1"])], "x.conf:2:1: CC441 there is no name"),
        ("[a]\n#foo bar\nx=1", [("a", ["x=1"])], "x.conf:2:1: CC441 '#foo bar' is no directive"),
        ("[a]\n#exec /bin/id\nx=1", [("a", ["x=1"])], "x.conf:2:1: CC442 what '/bin/id' prints"),
        ("[a]\nx=1\n;-- \ny=2", [("a", ["x=1"])], "x.conf:3:1: CC443 a block comment is not"),
        ("[a]\nx=1 --; y\nz=2", [("a", ["x=1 --; y"])], "x.conf:2:1: CC443 --; closes no"),
        ("[a](x", [], "x.conf:1:1: CC440 the file ends here"),
        ("[a] (t)\nk=1", [("a", ["k=1"])], "x.conf:1:1: CC445 '(t)' behind the name"),
        ("[a]\n" + "k" * 9000 + "=1\nx=1", [("a", ["x=1"])], "x.conf:2:1: CC441 this line is"),
    ],
)
def test_what_asterisk_drops_is_reported_with_its_place(
    text: str, expected: Sections, problem: str
) -> None:
    conf = parse(text.encode(), "x.conf")
    assert sections(conf) == expected
    assert told(conf)[0].startswith(problem)


def test_bytes_that_are_no_text_are_reported() -> None:
    conf = parse(b"[a]\nk=1\nname=Z\xeb\nx=2", "x.conf")
    assert sections(conf) == [("a", ["k=1", "name=Z\ufffd", "x=2"])]
    assert told(conf) == ["x.conf:3:1: CC444 this is not UTF-8"]


def test_every_option_knows_file_and_line() -> None:
    conf = load({"main.conf": "[a]\nk=1\n\n#include d.conf\nz=3\n", "d.conf": "\n\ny=2\nk+=4"})
    options = conf.sections[0].options
    assert [(o.key, o.value, o.file, o.line, o.added) for o in options] == [
        ("k", "14", "main.conf", 2, (4,)),
        ("y", "2", "d.conf", 3, ()),
        ("z", "3", "main.conf", 5, ()),
    ]


def test_templates_are_inherited_from_and_gone() -> None:
    conf = parse(b"[t](!)\nk=1\n[a](t)\nx=2\n[b](a)\n", "x.conf")
    seen = {s.name: [f"{o.key}={o.value}" for o in s.options] for s in resolved(conf)}
    assert seen == {"a": ["k=1", "x=2"], "b": ["k=1", "x=2"]}
    assert [o.line for o in conf.sections[1].written] == [4]


def test_after_an_include_a_file_goes_on_in_its_own_section() -> None:
    conf = load({"main.conf": "[a]\n#include d.conf\nk=1", "d.conf": "x=1\n[b]\ny=2"})
    assert sections(conf) == [("a", ["x=1", "k=1"]), ("b", ["y=2"])]


def test_a_broken_include_ends_and_the_main_file_goes_on() -> None:
    conf = load(
        {"main.conf": "[a]\n#tryinclude d/*.conf\nk=1", "d/1.conf": "[b\nz=1", "d/2.conf": "[c]"}
    )
    assert sections(conf) == [("a", ["k=1"])]
    assert not conf.refused
    assert conf.files == ("main.conf", "d/1.conf")


def test_a_broken_main_file_is_refused_as_a_whole() -> None:
    assert parse(b"[a]\nk=1\n[b", "x.conf").refused
    assert load({}).refused
    assert load({"main.conf": "[a]\n#include nowhere.conf\nk=1"}).refused
    assert not load({"main.conf": "[a]\n#tryinclude nowhere.conf\nk=1"}).refused


def test_a_comment_that_one_file_leaves_open_hides_the_next() -> None:
    conf = load({"main.conf": "#include d/*", "d/1": "[a]\nx=1\n;--", "d/2": "[b]\n--;\n[c]"})
    assert [s.name for s in conf.sections] == ["a", "c"]


def test_a_file_that_includes_itself_is_read_as_often_as_asterisk_reads_it() -> None:
    conf = load({"main.conf": "[a]\n#tryinclude main.conf"})
    assert len(conf.sections) == 11
    assert "CC446 main.conf includes itself" in told(conf)[0]


def test_what_doubles_line_by_line_is_stopped() -> None:
    lines = ["[s0]", *(f"k{n}=1" for n in range(10))]
    lines += [f"[s{n}](s{n - 1},s{n - 1})" for n in range(1, 60)]
    conf = parse("\n".join(lines).encode(), "x.conf")
    assert conf.refused
    assert sum(len(s.options) for s in conf.sections) < 5_000_000


BITS = st.sampled_from(
    [
        "[a]",
        "[t](!)",
        "[b](t)",
        "[a](+)",
        "[",
        "]",
        "(",
        ")",
        "=",
        ">",
        "+=",
        ";",
        ";--",
        "--;",
        "\\",
        "#include x.conf",
        "#exec x",
        "\n",
        "\r",
        "\x00",
        " ",
        "k",
        "v",
        "é",
        "\ufeff",
    ]
)


@given(st.binary(max_size=400) | st.lists(BITS, max_size=80).map(lambda b: "".join(b).encode()))
def test_whatever_the_bytes_are_nothing_is_raised(text: bytes) -> None:
    conf = read({"x.conf": text}.get, lambda _: ["x.conf"], "x.conf")
    places = [o.line for s in conf.sections for o in s.options]
    assert all(1 <= line <= text.count(b"\n") + 1 for line in places)


def test_many_phones_take_as_much_more_work() -> None:
    """Seconds are in benchmarks/README.md: ten thousand phones take 0.6."""
    options = "".join(f"option_{n} = some value\n" for n in range(12))

    def parsed(phones: int) -> None:
        text = "".join(f"[{n}]\n{options}" * 3 for n in range(phones)).encode()
        assert len(parse(text, "pjsip.conf").sections) == 3 * phones

    assert is_linear(parsed, 250)


# Held against a real Asterisk, over files as odd as they come.

ODD = r"""
[a]
[b](a)
[t](!)
[c](t)
[a](+)
[t](+)
[x](t,b)
[
[q
[a](nope)
x
=
k=v
k=>v
k+=w
K=v2
k+=>z
\[z]=1
\=y=2
\
;c
\;
a=b;c
a=b\;c
;--
--;
;--x--;
a=1;--in--;more
---;
;---
;--;
k
a=x--;y
#foo
#include
[A]
[e]()
[f](,)
[g](!,a)
[a](+,t)
[h](t,+)
[b](+k=v)
k2=
=v
+=3
k+==4
[n](+TEMPLATES=include)
[t](+TEMPLATES=include)
[c](t)text
[w]x=1
k=\;\;;z
a=b;;--c
--;--;
;--a;--b--;c--;d=4
y=é
""".splitlines()
INCLUDES = ["#include t/i.conf", "#tryinclude t/none.conf", '#include "t/g*.conf"', "[a] (t)"]


def odd_text(rng: random.Random) -> str:
    lines = [rng.choice([*ODD, *INCLUDES, "", " k += w "]) for _ in range(rng.randint(1, 9))]
    return "\n".join(["[a]", *lines] if rng.random() < 0.9 else lines)


def as_asterisk_has_it(ami: Ami, file: str) -> Sections | None:
    """What GetConfig shows; None where the file is refused."""
    try:
        answer = ami.do("GetConfig", ("Filename", file), ("Filter", "TEMPLATES=include"))
    except Refused:
        return None
    found: Sections = []
    for key, value in answer.items():
        if key.startswith("Category-"):
            found.append((value, []))
        elif key.startswith("Line-"):
            found[-1][1].append(value)
    return found


@pytest.fixture(params=["22", "16"])
def running(request: pytest.FixtureRequest, site: SiteOf) -> Iterator[Site]:
    found = site(request.param)
    folder = found.etc / "t"
    folder.mkdir(exist_ok=True)
    yield found
    for path in folder.glob("*"):
        path.unlink()
    folder.rmdir()


def stored(etc: Path, name: str) -> bytes | None:
    path = etc / name
    return path.read_bytes() if path.is_file() else None


def test_a_real_asterisk_loads_the_same_of_odd_files(running: Site) -> None:
    rng = random.Random(1)  # noqa: S311 - the same odd files every time
    etc = running.etc
    with connect(running) as ami:
        for _ in range(300):
            for name in ("main", "i", "g1", "g2"):
                (etc / f"t/{name}.conf").write_text(odd_text(rng), encoding="utf-8")
            conf = read(
                lambda name: stored(etc, name),
                lambda pattern: [str(path.relative_to(etc)) for path in etc.glob(pattern)],
                "t/main.conf",
            )
            seen = as_asterisk_has_it(ami, "t/main.conf")
            assert seen == (None if conf.refused else sections(conf)), [
                (etc / f"t/{name}.conf").read_text(encoding="utf-8")
                for name in ("main", "i", "g1", "g2")
            ]
