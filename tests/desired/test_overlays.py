"""What an environment makes of the base: merged by key, lists whole, with the place of each value."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.desired import Desired, ParseCache, load, load_settings
from ccstate.desired.documents import parse
from ccstate.desired.overlays import merge, parse_overlay
from ccstate.errors import InvalidInput
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Strict
from ccstate.model import Address, Resource, canonical
from tests.desired.test_load import said

PROJECT = """\
version: 1
environments:
  staging: {targets: {pbx: {adapter: embedded, connection: {path: s.db}}}}
  production: {targets: {pbx: {adapter: embedded, connection: {path: p.db}}}}
defaults: {queue: {music: brolga, weight: 2}}
"""
BASE = """\
queues:
  sales:
    label: Sales
    ring_for: 20s
    members: [{user: bo}, {user: ana}]
    overflow: {after: 3m, to: voicemail/2001}
users:
  ana: {name: Ana, extension: "2001", skills: {french: 2, german: 1}}
  bo: {name: Bo}
extensions:
  "2001": {voicemail: {}}
ivrs:
  main:
    start: menu
    nodes:
      menu: {type: menu, prompt: hello, choices: {"1": queue/sales, "2": end}}
      end: {type: hangup}
prompts: {hello: {languages: {en-AU: {text: Hello}}}}
"""


def read(folder: Path, overlay: str, base: str = BASE, environment: str = "staging") -> Desired:
    for name, text in (
        ("ccstate.yaml", PROJECT),
        ("desired_state/all.yaml", base),
        ("environments/staging/x.yaml", overlay),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load(load_settings(folder).chosen(environment), ParseCache(folder / "cache"))


def fields(found: Desired, address: str) -> dict[str, Any]:
    assert found.problems == ()
    kind, name = address.split("/")
    return dict(found.state[Address(kind, name)].fields)


def test_fields_are_merged_by_key_and_a_list_is_replaced_as_a_whole(tmp_path: Path) -> None:
    overlay = "queues:\n  sales: {ring_for: 15s, members: [{user: ana}], overflow: {after: 1m}}\n"
    assert fields(read(tmp_path, overlay), "queue/sales") == {
        "label": "Sales",
        "ring_for": "15s",
        "members": [{"user": "ana"}],
        "overflow": {"after": "1m", "to": "voicemail/2001"},
        "music": "brolga",
        "weight": 2,
    }


def test_another_environment_has_the_base_as_it_is(tmp_path: Path) -> None:
    overlay = "queues:\n  sales: {ring_for: 15s}\n"
    found = read(tmp_path, overlay, environment="production")
    assert fields(found, "queue/sales")["ring_for"] == "20s"
    assert "environments/staging/x.yaml" not in found.keys


def test_a_field_of_the_environment_goes_before_the_projects_default(tmp_path: Path) -> None:
    found = read(tmp_path, "queues:\n  sales: {music: koala}\n")
    assert fields(found, "queue/sales")["music"] == "koala"
    assert found.state[Address("queue", "sales")].defaulted == {"weight"}


def test_a_resource_is_removed_only_by_saying_so(tmp_path: Path) -> None:
    overlay = "users:\n  bo: {remove: true}\nqueues:\n  sales: {members: [{user: ana}]}\n"
    found = read(tmp_path, overlay)
    assert Address("user", "bo") not in found.state
    assert found.removed == {Address("user", "bo"): "environments/staging/x.yaml"}
    assert found.problems == ()


def test_null_is_not_set_in_a_field_and_takes_an_entry_out_of_a_mapping(tmp_path: Path) -> None:
    overlay = (
        "queues:\n  sales: {overflow: null, ring_for: null}\n"
        "users:\n  ana: {skills: {german: null, greek: 3}}\n"
        'ivrs:\n  main: {nodes: {menu: {choices: {"2": null}}, end: null}}\n'
    )
    found = read(tmp_path, overlay)
    sales = fields(found, "queue/sales")
    assert sales["overflow"] is None
    assert sales["ring_for"] == "15s", "the kind's own default, as anywhere"
    assert fields(found, "user/ana")["skills"] == {"french": 2, "greek": 3}
    assert fields(found, "ivr/main")["nodes"] == {
        "menu": {"type": "menu", "prompt": "hello", "choices": {"1": "queue/sales"}}
    }


def test_a_node_of_another_type_replaces_the_whole_node(tmp_path: Path) -> None:
    overlay = "ivrs:\n  main: {nodes: {menu: {type: goto, to: end}}}\n"
    nodes = fields(read(tmp_path, overlay), "ivr/main")["nodes"]
    assert nodes["menu"] == {"type": "goto", "to": "end"}


def test_a_resource_that_only_the_environment_has_is_added(tmp_path: Path) -> None:
    found = read(tmp_path, "queues:\n  trial: {label: Trial}\n")
    assert fields(found, "queue/trial") == {"label": "Trial", "music": "brolga", "weight": 2}
    assert found.state[Address("queue", "trial")].files == ("environments/staging/x.yaml",)


def test_each_value_knows_the_file_that_gives_it(tmp_path: Path) -> None:
    overlay = 'queues:\n  sales: {overflow: {after: 1m}}\nivrs:\n  main: {nodes: {menu: {choices: {"1": end}}}}\n'
    found = read(tmp_path, overlay)
    sales, main = (found.state[Address(*a)] for a in (("queue", "sales"), ("ivr", "main")))
    base, own = "desired_state/all.yaml", "environments/staging/x.yaml"
    assert sales.file_at(("overflow", "after")) == own
    assert sales.file_at(("overflow", "to")) == sales.file_at(("overflow",)) == base
    assert main.file_at(("nodes", "menu", "choices", "1")) == own
    assert main.file_at(("nodes", "menu", "choices", "2")) == base


MISTAKES = [
    (
        "a value that is wrong, at its line in the environment",
        "queues:\n  sales:\n    ring_for: soon\n",
        'environments/staging/x.yaml:3:5: CC102 ring_for cannot be "soon"',
    ),
    (
        "what is wrong only together, at the value of the base that is wrong now",
        "extensions:\n  '2001': {remove: true}\n",
        'all.yaml:8:20: CC103 unknown extension "2001" | environments/staging/x.yaml removes it: change there what names it too, or keep it',
    ),
    (
        "a name that nothing declares",
        "queues:\n  sales:\n    members: [{user: zoe}, {user: anaa}]\n",
        'environments/staging/x.yaml:3:29: CC103 unknown user "anaa" | did you mean "ana"?',
    ),
    (
        "a resource that the base does not have, misspelled",
        "numbers:\n  '+61255501234': {remove: true}\nqueues:\n  saels: {remove: true}\n",
        (
            "environments/staging/x.yaml:4:3: CC127 queue/saels is removed here, and the base has none"
            ' | did you mean "sales"?'
        ),
    ),
    (
        "an incomplete resource, of nearly the name of another",
        "users:\n  anna: {extension: '2001'}\n",
        (
            'environments/staging/x.yaml:2:3: CC104 "name" is missing'
            ' | the base declares no user/anna: did you mean "ana"?'
        ),
    ),
    (
        "an entry that the base does not have",
        "users:\n  ana: {skills: {spanish: null}}\n",
        (
            'environments/staging/x.yaml:2:18: CC127 "spanish" is removed here, and the base has none'
            " | drop the line"
        ),
    ),
    (
        "a line that was left empty",
        "queues:\n  sales:\n",
        (
            "environments/staging/x.yaml:2:3: CC126 queue/sales changes nothing here"
            " | write these fields, or `remove: true` to have it there no more, or drop the line"
        ),
    ),
    (
        "remove beside fields",
        "queues:\n  sales: {remove: true, label: Sales}\n",
        (
            "environments/staging/x.yaml:2:11: CC126 remove stands beside other fields"
            " | keep one of them: `remove: true`, or the fields"
        ),
    ),
    (
        "remove with a value that says nothing",
        "queues:\n  sales: {remove: false}\n",
        (
            'environments/staging/x.yaml:2:11: CC126 remove cannot be "False"'
            " | write `remove: true`, or drop the line"
        ),
    ),
    (
        "a kind that is none",
        "queue: {}\n",
        'environments/staging/x.yaml:1:1: CC108 unknown kind "queue" | write the plural: "queues"',
    ),
]


@pytest.mark.parametrize(
    "overlay, problem", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_reported_where_it_is_written(
    tmp_path: Path, overlay: str, problem: str
) -> None:
    assert problem in [said(each) for each in read(tmp_path, overlay).problems]


def test_a_resource_is_changed_in_one_file_of_an_environment(tmp_path: Path) -> None:
    read(tmp_path, "queues:\n  sales: {ring_for: 15s}\n")
    more = tmp_path / "environments" / "staging" / "y.yaml"
    more.write_text("queues:\n  sales: {label: Shop}\n", encoding="utf-8")
    found = load(load_settings(tmp_path).chosen("staging"), ParseCache(None))
    assert [said(each) for each in found.problems] == [
        "environments/staging/y.yaml:2:3: CC106 queue/sales is declared twice | keep one of them"
    ]


def test_what_is_wrong_in_the_base_is_reported_once_and_there(tmp_path: Path) -> None:
    found = read(tmp_path, "queues:\n  sales: {ring_for: 15s}\n", "queues:\n  sales: 5\n")
    assert [said(each) for each in found.problems] == [
        "all.yaml:2:3: CC102 sales must be a mapping, not 5"
    ]


def project(text: str, folder: Path) -> str:
    (folder / "ccstate.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_settings(folder)
    return said(caught.value.problems[0])


TARGET = "{pbx: {adapter: embedded}}"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("version: 1\n", 'ccstate.yaml:1:1: CC104 "targets" is missing | add targets:'),
        (
            f"version: 1\nenvironments: {{a: {{targets: {TARGET}}}}}\ntargets: {TARGET}\n",
            (
                "ccstate.yaml:3:1: CC125 targets stand beside environments"
                " | move them below the environment that they are"
            ),
        ),
        (
            f"version: 1\nenvironments:\n  base: {{targets: {TARGET}}}\n",
            (
                "ccstate.yaml:3:3: CC125 no environment can be called base"
                " | give it another name, and its folder too"
            ),
        ),
        (
            f"version: 1\ndesired_state: environments/a\nenvironments: {{a: {{targets: {TARGET}}}}}\n",
            (
                "ccstate.yaml:2:1: CC125 the desired state lies in the folder of environments,"
                " environments/ | name another folder, such as desired_state"
            ),
        ),
        (
            (
                "version: 1\nenvironments:\n  a:\n    targets:\n      pbx: {adapter: embedded, "
                "connection: {password: letmein}}\n"
            ),
            (
                'ccstate.yaml:5:45: CC116 "password" holds a secret in clear | replace it by '
                "env:PASSWORD, set that variable, and change the secret"
            ),
        ),
    ],
)
def test_a_project_file_with_environments_says_what_is_wrong_with_it(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert project(text, tmp_path) == problem


def test_the_folder_of_an_environment_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "a").symlink_to(tmp_path / "elsewhere")
    text = f"version: 1\nenvironments:\n  a: {{targets: {TARGET}}}\n"
    assert project(text, tmp_path).startswith("ccstate.yaml:3:3: CC006 environments/a is a link")


# Whatever an environment writes of a value, the result says that, and the rest is the base's.

_PLAIN = st.integers(0, 9).map(str)
SKILLS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(1, 9), max_size=4)
CHANGED = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), st.none() | st.integers(1, 9), max_size=4
)


@given(SKILLS, CHANGED)
def test_entries_are_as_the_environment_says_or_as_in_the_base(
    below: dict[str, int], above: dict[str, int | None]
) -> None:
    base = canonical({"users": {"u": {"name": "U", "skills": below}}})
    over = canonical({"users": {"u": {"skills": above, "name": "V"}}})
    document, _, _ = parse(base, "b")
    overlay, _, wrong = parse_overlay(over, "o")
    state = {Address(k, n): Resource(Address(k, n), f, "b") for k, n, f in document.resources}
    merged = merge(state, {"b": document}, {"o": overlay})
    expected: dict[str, int | None] = {**below, **above}
    user = merged.state[Address("user", "u")]
    assert wrong == []
    assert user.fields["skills"] == {k: v for k, v in expected.items() if v is not None}
    missing = {key for key, value in above.items() if value is None and key not in below}
    assert len(merged.findings) == len(missing)
    for key, value in above.items():
        if value is not None:
            assert user.file_at(("skills", key)) == "o"
    for key in below.keys() - above.keys():
        assert user.file_at(("skills", key)) == "b"


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_has_a_field_that_removes_the_resource(kind: str) -> None:
    model = KINDS[kind].model
    assert issubclass(model, Strict)
    assert "remove" not in model.model_fields
