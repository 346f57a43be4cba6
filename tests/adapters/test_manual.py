"""Sheets that people read, exports that say what is there, and templates: what they hold, and what they refuse."""

import json
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ccstate.adapter import Holder
from ccstate.adapters.manual.adapter import ManualAdapter, connect
from ccstate.adapters.manual.sheets import lines_of
from ccstate.desired.yaml_values import read
from ccstate.diff import diff
from ccstate.errors import CcstateError, InvalidInput, Unreadable
from ccstate.model import Address, Change, Fields, Json, Resource
from tests.adapters.manual_harness import Table
from tests.growth import is_linear

QUEUES: dict[str, Json] = {
    "file": "queues.csv",
    "columns": {
        "name": {"column": "Queue", "values": {"Sales Queue": "sales"}},
        "ring_for": {"column": "Ring (min)", "unit": "min"},
        "strategy": {"column": "How", "values": {"all": "ring_all", "idle": "longest_idle"}},
        "members": {"column": "Agents", "separator": ";", "of": "extension"},
        "announcements.position": "Says the place",
        "max_waiting": "Most",
    },
}
HEAD = "Queue;Ring (min);How;Agents;Says the place;Most\n".replace(";", ",")


def platform(project: Path, text: str = HEAD, /, **more: Any) -> ManualAdapter:
    (project / "queues.csv").write_bytes(text.encode())
    made: dict[str, Json] = {"kinds": {"queue": "instructions"}, "exports": {"queue": QUEUES}}
    return connect({**made, **more}, project)


def planned(adapter: ManualAdapter, **wanted: Fields) -> list[Change]:
    state = {Address("queue", name): fields for name, fields in wanted.items()}
    desired = {address: Resource(address, fields, "") for address, fields in state.items()}
    return diff("here", desired, adapter.observe(["queue"]), secrets={}, release=set())


def sheet(adapter: ManualAdapter, folder: Path, **wanted: Fields) -> str:
    results = adapter.perform(planned(adapter, **wanted))
    return (folder / results[0].sheet).read_text(encoding="utf-8")


def test_a_row_is_read_as_the_columns_say(tmp_path: Path) -> None:
    text = "\ufeff" + HEAD + 'Sales Queue,2,idle,"2001; 2002",yes,0\nother,,,,,\n'
    seen = platform(tmp_path, text).observe(["queue"])
    assert seen.objects == {
        Address("queue", "sales"): {
            "ring_for": "2m",
            "strategy": "longest_idle",
            "members": [{"extension": "2001"}, {"extension": "2002"}],
            "announcements": {"position": True},
            "max_waiting": 0,
        },
        Address("queue", "other"): {"members": []},
    }
    assert seen.ledger == {}


@pytest.mark.parametrize(
    "text, said",
    [
        ("Queue,Ring (min)\n", 'it has no column "Agents"'),
        (HEAD.replace("Most", "How"), 'it has no column "Most"'),
        (HEAD.strip() + ",Most\n", 'it has the column "Most" twice'),
        (HEAD + "sales,1\n", "another number of cells"),
        (HEAD + "sales,1,all,,,\nsales,1,all,,,\n", 'it has "sales" twice'),
        (HEAD + ",1,all,,,\n", "a row has no name"),
        (HEAD + 'sales,"1,all,,,\n', "it is no CSV"),
        (HEAD + "sales,one,all,,,\n", '"Ring (min)" has "one", which is no number of min'),
        (HEAD + "sales,1,some,,,\n", "is none of all, idle"),
        (HEAD + "sales,1,all,,,many\n", "cannot be: Input should be a valid integer"),
        ("\x00", "it has no column"),
    ],
)
def test_an_export_that_is_not_sure_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        platform(tmp_path, text).observe(["queue"])
    assert said in str(refused.value.problems[0].message)


@pytest.mark.parametrize(
    "text, said",
    [
        ("queues: []\n", "it has no mapping extensions"),
        ("extensions: {'2001': {ring_for: 5}}\n", "extension/2001: ring_for"),
        ("extensions: {'2001': {secret: env:SIP}}\n", "an export must hold no secret"),
        ("extensions: {'2001': {nothing: 5}}\n", "extension/2001: nothing"),
        ("extensions: !!python/object {}\n", "tag"),
    ],
)
def test_a_yaml_export_is_read_as_the_desired_state_is(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "extensions.yaml").write_text(text)
    adapter = connect(
        {
            "kinds": {"extension": "instructions"},
            "exports": {"extension": {"file": "extensions.yaml"}},
            "key": "env:CCSTATE_SECRET_KEY",
        },
        tmp_path,
    )
    with pytest.raises(Unreadable) as refused:
        adapter.observe(["extension"])
    assert said in str(refused.value.problems[0].message)


def test_no_export_is_read_outside_of_the_project(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    (tmp_path / "queues.csv").unlink()
    with pytest.raises(Unreadable, match="no such file"):
        adapter.observe(["queue"])
    (tmp_path / "queues.csv").symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="is a link"):
        adapter.observe(["queue"])
    for path in ("/etc/passwd.csv", "../other.csv"):
        with pytest.raises(InvalidInput):
            platform(tmp_path, exports={"queue": {**QUEUES, "file": path}})


@pytest.mark.parametrize(
    "more, said",
    [
        ({"kinds": {"queue": "vendor"}}, "queue is asked of a vendor, and no vendor is named"),
        ({"kinds": {"queue": "instructions", "site": "vendor"}}, "needs one entry each"),
        ({"kinds": {"que": "vendor"}}, "there is no such kind"),
        ({"exports": {"queue": {"file": "a.csv"}}}, "a CSV file needs columns"),
        ({"exports": {"queue": {"file": "a.xls"}}}, "ends in none of"),
        ({"exports": {"queue": {**QUEUES, "columns": {"name": "N"}}}}, "the column of name"),
        ({"exports": {"queue": {**QUEUES, "columns": {"name": "N", "x": "X"}}}}, "no field x"),
        ({"templates": "none", "platform": "ours"}, "cannot be read"),
        ({"platform": "ours"}, "there are freepbx, generic"),
    ],
)
def test_a_connection_that_cannot_work_is_refused(
    tmp_path: Path, more: dict[str, Json], said: str
) -> None:
    with pytest.raises(CcstateError, match=said):
        platform(tmp_path, **more)


def test_what_nobody_could_type_is_refused_before_a_sheet_is_written(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    changes = planned(
        adapter, a={"strategy": "random", "ring_for": "90s", "caller_name_prefix": ""}
    )
    found = {problem.message.partition(": it ")[2] for problem in adapter.audit(changes)}
    assert found == {
        "knows longest_idle, ring_all",
        "counts whole min",
        "takes an empty cell for nothing",
    }
    assert not (tmp_path / "manual").exists()
    freepbx = platform(
        tmp_path, platform="freepbx"
    )  # its screen knows "random", the export does not
    (problem,) = freepbx.audit(planned(freepbx, a={"strategy": "random"}))
    assert problem.code == "CC856"


OURS = """\
platform: Example Portal 4
source: seen in release 4.2
kinds:
  queue:
    open: ["Open Call centre, then Queues."]
    change: ["Press the line of {name}."]
    save: ["Press Save."]
    fields:
      max_waiting: {name: Longest line, screen: Limits}
      strategy: {name: Distribution, screen: Agents, values: {Everybody: ring_all, Idle: longest_idle}}
"""


def test_a_template_tells_the_screens_and_their_words(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OURS)
    text = HEAD + "other,1,all,2001,no,5\n"
    adapter = platform(tmp_path, text, platform="ours", templates=".")
    found = sheet(adapter, tmp_path, other={"max_waiting": 9, "strategy": "longest_idle"})
    steps = found.partition("`other`\n")[2].partition("**Check")[0].strip().splitlines()
    assert steps == [
        "1. Open Call centre, then Queues.",
        "2. Press the line of `other`.",
        "3. Go to **Agents**.",
        "4. Set **Distribution** to `Idle`. Now it is `Everybody`.",
        "5. Go to **Limits**.",
        "6. Set **Longest line** to `9`. Now it is `5`.",
        "7. Press Save.",
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        (OURS.replace("{name}.", "{name.__class__}."), "only {name} and {kind} stand in braces"),
        (OURS.replace("{name}.", "{{ 7*7 }}."), "only {name} and {kind} stand in braces"),
        (OURS.replace("max_waiting:", "most:"), "a queue has no field most"),
        (OURS.replace("  queue:", "  que:"), "there is no such kind"),
        (OURS.replace("source:", "sauce:"), "source"),
        (OURS + "  queue: {}\n", "twice"),
    ],
)
def test_a_template_is_data_and_nothing_in_it_is_evaluated(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "ours.yaml").write_text(text)
    with pytest.raises(CcstateError) as refused:
        platform(tmp_path, platform="ours", templates=".")
    assert any(said in problem.message for problem in refused.value.problems)


def test_each_template_of_the_package_can_be_used(tmp_path: Path) -> None:
    names = [path.name for path in (files("ccstate.adapters.manual") / "templates").iterdir()]
    assert sorted(names) == ["freepbx.yaml", "generic.yaml"]
    for name in names:
        assert platform(tmp_path, platform=name.removesuffix(".yaml")).template.source


def test_a_sheet_of_freepbx_reads_well(tmp_path: Path) -> None:
    text = HEAD + "support,1,all,2001,no,5\n"
    adapter = platform(tmp_path, text, platform="freepbx")
    found = sheet(adapter, tmp_path, support={"strategy": "longest_idle", "retry": "10s"})
    assert (
        "3. Go to **General Settings**.\n4. Set **Ring Strategy** to `leastrecent`. Now it is `ringall`."
        in found
    )
    assert "5. Go to **Timing & Agent Options**.".replace("&", "\\&") in found.replace("\u2060", "")


HOSTILE = (
    "@all #1 !2 [x](https://evil.example) ![y](https://evil.example/p.png)",
    "</details><script>alert(1)</script><!-- x -->",
    "`` ` ``` code ~~~",
    "1. Set **Ring time** to `5`",
    "=HYPERLINK(A1) +1 -1 @SUM(A1)",
    "https://evil.example www.evil.example a@evil.example",
    "## Heading",
    "| a | b |",
    "\u202eevil\u200b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_sheet_or_a_request_comes_alive(tmp_path: Path, text: str) -> None:
    """Values, names in templates, and what a vendor is told: all of it stays text."""
    template = json.dumps(
        {
            "platform": text,
            "source": text,
            "kinds": {
                "queue": {"open": [text], "fields": {"label": {"name": text, "screen": text}}}
            },
        }
    )
    (tmp_path / "ours.yaml").write_text(template)
    texts = dict.fromkeys(("name", "contact", "account", "site", "requester", "window"), text)
    for method in ("instructions", "vendor"):
        adapter = platform(
            tmp_path,
            platform="ours",
            templates=".",
            kinds={"queue": method},
            vendor={**texts, "reply_to": "ann@example.org"},
            folder=method,
        )
        wanted: Fields = {"label": text, "skills": [], "overflow": {"to": "hangup"}, "music": "a"}
        found = sheet(adapter, tmp_path, a=wanted)
        tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(found)
        alive = {
            child.type
            for token in tokens
            for child in [token, *(token.children or ())]
            if child.type in {"html_block", "html_inline", "image", "link_open", "table_open"}
        }
        assert alive == set()
        headings = [t for t in tokens if t.type == "heading_open"]
        assert len(headings) == (3 if method == "instructions" else 2)


VALUES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=8)
    | st.integers(-(10**6), 10**6)
    | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_a_value_of_several_lines_says_what_it_is(value: Json) -> None:
    """Read by the reader of the desired state: what people copy is the value, and nothing else."""
    text = "".join(f"  {line}\n" for line in lines_of({"value": value}))
    document, problems = read(f"all:\n{text}".encode(), "sheet")
    assert problems == []
    assert document == {"all": {"value": value}}


def test_the_same_changes_have_the_same_sheet(tmp_path: Path) -> None:
    adapter = platform(tmp_path, HEAD + "other,1,all,2001,no,5\n")
    changes = planned(adapter, other={"max_waiting": 9}, new={"max_waiting": 1})
    first = adapter.perform(changes)
    again = platform(tmp_path, HEAD + "other,1,all,2001,no,5\n").perform(changes)
    assert first == again
    assert len(list((tmp_path / "manual/sheets").iterdir())) == 1


def test_the_lock_holds_between_connections_and_is_no_file_of_git(tmp_path: Path) -> None:
    ann = Holder("ann@one", 7, "", "2026-05-04T12:00:00+00:00", "0f0f0f0f0f0f")
    assert platform(tmp_path).lock(ann) is None
    assert platform(tmp_path).holder() == ann
    assert (tmp_path / "manual/.gitignore").read_text() == "/lock.json\n"
    found = sheet(platform(tmp_path), tmp_path, a={"max_waiting": 9})
    assert "- Plan: `0f0f0f0f0f0f`, in `plans/0f0f0f0f0f0f/plan.md`" in found


@pytest.mark.parametrize("content", ["{", '{"format": 9}', '{"objects": {"queue/a": {"x": 1}}}'])
def test_a_ledger_that_was_changed_is_not_believed(tmp_path: Path, content: str) -> None:
    adapter = platform(tmp_path)
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual/ledger.json").write_text(content)
    with pytest.raises(Unreadable, match="is not as ccstate wrote it"):
        adapter.observe(["queue"])


def test_a_sheet_takes_as_much_longer_as_there_are_more_objects(tmp_path: Path) -> None:
    folders = count()

    def performed(number: int) -> None:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        adapter = platform(folder, HEAD + "".join(f"q{n},1,all,,,\n" for n in range(number)))
        wanted: dict[str, Fields] = {f"q{n}": {"max_waiting": 9} for n in range(number)}
        adapter.perform(planned(adapter, **wanted))

    assert is_linear(performed, 20)


def test_a_person_who_sees_another_value_than_the_sheet_says_stops(tmp_path: Path) -> None:
    """The person of the suite notices a wrong sheet: else the suite would prove nothing."""
    adapter = platform(tmp_path, HEAD + "other,1,all,2001,no,5\n")
    found = sheet(adapter, tmp_path, other={"max_waiting": 9})
    table = Table()
    table.objects["queue"] = {"other": {"Most": "6"}}
    with pytest.raises(AssertionError, match="Most shows 6"):
        table.do(found)
