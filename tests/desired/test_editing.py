import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.desired.documents import parse
from ccstate.desired.formatting import format_document
from ccstate.desired.insertion import with_resources
from ccstate.errors import InvalidInput
from ccstate.model import Address, Fields


def check(before: str, after: str) -> None:
    """The first becomes the second, which stays as it is."""
    assert format_document(before.encode(), "a.yaml").decode() == after
    assert format_document(after.encode(), "a.yaml").decode() == after


def refused(data: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        format_document(data.encode(), "a.yaml")
    return [problem.code for problem in caught.value.problems]


QUEUE = """\
queues:
  sales:
    label: Sales
    hours: weekdays
"""


def test_kinds_and_fields_come_in_the_order_in_which_they_are_declared() -> None:
    check(
        """\
queues:
  sales:
    service_level: {within: 20s, percent: 80}
    strategy: longest_idle
    label: Sales
sites:
  sydney:
    timezone: Australia/Sydney
""",
        """\
sites:
  sydney:
    timezone: Australia/Sydney

queues:
  sales:
    label: Sales
    strategy: longest_idle
    service_level: {percent: 80, within: 20s}
""",
    )


def test_resources_stay_in_the_order_of_their_author() -> None:
    text = "teams:\n  zebra:\n    label: Z\n  alpha:\n    label: A\n"
    check(text, text)


def test_a_node_of_a_tree_begins_with_its_type() -> None:
    check(
        """\
ivrs:
  main:
    nodes:
      hello: {then: bye, prompt: hi, type: play}
      bye:
        label: Bye  # said quickly
        type: hangup
    start: hello
""",
        """\
ivrs:
  main:
    start: hello
    nodes:
      hello: {type: play, prompt: hi, then: bye}
      bye:
        type: hangup
        label: Bye  # said quickly
""",
    )


def test_comments_move_with_what_they_belong_to() -> None:
    check(
        """\
# yaml-language-server: $schema=../schema/document.json
# All queues.

# Sold here
queues:  # by team
    # The first one
    sales:
        # How fast
        ring_for: 20s # seconds
        # - who
        members:
        # best first
        - user: priya.n # since May
          # on trial
          penalty: 5
        # - user: sam.t
        - {team: backup} # overflow
        label: Sales
        # hours: weekdays

    # The second one
    support:
        label: Support
# about sites
sites:
  sydney: {timezone: Australia/Sydney}

# The end
""",
        """\
# yaml-language-server: $schema=../schema/document.json
# All queues.

# about sites
sites:
  sydney: {timezone: Australia/Sydney}

# Sold here
queues:  # by team
  # The first one
  sales:
    label: Sales
    # How fast
    ring_for: 20s  # seconds
    # - who
    members:
      # best first
      - user: priya.n  # since May
        # on trial
        penalty: 5
      # - user: sam.t
      - {team: backup}  # overflow
    # hours: weekdays

  # The second one
  support:
    label: Support

# The end
""",
    )


def test_a_comment_over_several_lines_stays_one() -> None:
    check(
        """\
queues:
  sales:
    ring_for: 20s   # not longer:
                    # people hang up
    label: Sales
""",
        """\
queues:
  sales:
    label: Sales
    ring_for: 20s   # not longer:
                    # people hang up
""",
    )


def test_a_comment_at_the_end_of_a_list_stays_in_the_list() -> None:
    text = """\
queues:
  sales:
    members:
      - {user: priya.n}
      # - {user: sam.t}
    overflow: {after: 3m, to: hangup}
"""
    check(text, text)


def test_comments_about_an_entry_go_above_its_dash() -> None:
    check(
        """\
queues:
  sales:
    members:
      - # the best
        # of all
        penalty: 5  # a little
        # her
        user: priya.n
""",
        """\
queues:
  sales:
    members:
      # the best
      # her
      - user: priya.n
        # of all
        penalty: 5  # a little
""",
    )


def test_comments_inside_brackets_stay() -> None:
    text = """\
queues:
  sales:
    members: [
      {user: priya.n}, # best
      # {user: sam.t},
      {team: "back#up"},
    ]  # all
"""
    with pytest.raises(InvalidInput):
        format_document(text.encode(), "a.yaml")  # "back#up" names no team
    check(text.replace("back#up", "backup"), text.replace("back#up", "backup"))


def test_brackets_that_do_not_fit_are_opened() -> None:
    label = "x" * 80
    check(
        f"""\
schedules:
  s:
    timezone: UTC
    weekly: {{mon: [09:00-17:00]}}
    holidays:
      - {{date: "2026-12-25", name: {label}}}  # sad
""",
        f"""\
schedules:
  s:
    timezone: UTC
    weekly: {{mon: [09:00-17:00]}}
    holidays:
      # sad
      - name: {label}
        date: "2026-12-25"
""",
    )


def test_brackets_over_several_lines_stay_as_they_were_broken() -> None:
    check(
        """\
sites:
    sydney:
        timezone: Australia/Sydney
        areas:
            lobby: {desks: [
                a-1, a-2,

                a-3,
            ]}
""",
        """\
sites:
  sydney:
    timezone: Australia/Sydney
    areas:
      lobby: {desks: [
        a-1, a-2,

        a-3,
      ]}
""",
    )


def test_a_document_in_brackets_is_opened() -> None:
    check(
        '# all\n{"queues": {"sales": {"ring_for": "20s",\n "label": "Sales"}}} # end\n',
        '# all\n# end\n"queues": {"sales": {"label": "Sales", "ring_for": 20s}}\n'.replace(
            "20s", '"20s"'
        ),
    )


def test_durations_are_spelled_in_the_shortest_way() -> None:
    check(
        "queues:\n  a:\n    ring_for: '60s'  # one\n    overflow: {after: 180s, to: hangup}\n",
        "queues:\n  a:\n    ring_for: 1m  # one\n    overflow: {after: 3m, to: hangup}\n",
    )


def test_texts_keep_their_words_and_line_breaks() -> None:
    check(
        """\
prompts:
    hello:
        languages:
            en-AU:
                # spoken
                text: >-   # slowly
                     Welcome to Brolga.

                     Please hold.
            # later
            vi: {text: "Chào mừng
                quý vị"}
            zh:
                text: one
                  two
""",
        """\
prompts:
  hello:
    languages:
      en-AU:
        # spoken
        text: >-   # slowly
          Welcome to Brolga.

          Please hold.
      # later
      vi: {text: "Chào mừng
        quý vị"}
      zh:
        text: one
          two
""",
    )


def test_blank_lines_that_belong_to_a_text_are_neither_lost_nor_added() -> None:
    check(
        """\
prompts:
  p:
    languages:
      en:
        text: |+
            Welcome.

sites:
  sydney: {timezone: Australia/Sydney}
""",
        """\
sites:
  sydney: {timezone: Australia/Sydney}

prompts:
  p:
    languages:
      en:
        text: |+
          Welcome.

""",
    )
    check(KEPT, KEPT)


KEPT = """\
prompts:
  p:
    languages:
      en:
        text: |+
          Welcome.
queues: {}
"""


def test_quotes_stay() -> None:
    text = "extensions:\n  \"2001\":\n    label: 'Sam: desk'\n    site: sydney\n"
    check(text, text)


def test_line_ends_trailing_spaces_and_blank_lines_are_tidied() -> None:
    check(
        "\ufeff\n\nqueues:\r\n\r\n  a:  \r\n    label: A \r\n\r\n\r\n  b:\r\n    label: B # b  \r\n"
        "teams: \r\n  t: {label: T}\r\n\r\n\r\n",
        "teams:\n  t: {label: T}\n\nqueues:\n  a:\n    label: A\n\n  b:\n    label: B  # b\n",
    )


def test_a_document_of_comments_stays() -> None:
    check("# nothing yet\n\n# really\n\n\n", "# nothing yet\n\n# really\n")
    check("", "")
    check("---\n# nothing\n", "# nothing\n")


def test_the_mark_of_a_beginning_goes() -> None:
    check(f"# a\n--- # b\n{QUEUE}", f"# a\n# b\n{QUEUE}")


def test_what_is_released_comes_last() -> None:
    check(f"release: [queue/old]\n{QUEUE}", f"{QUEUE}\nrelease: [queue/old]\n")


@pytest.mark.parametrize(
    "text",
    [
        "queues: [",
        "colours: {}\n",
        "queues:\n  a: {ring_for: 3}\n",
        "queues: {a: {}}\nqueues: {}\n",
    ],
)
def test_a_file_with_problems_is_refused(text: str) -> None:
    assert refused(text)


def test_an_unusual_file_is_refused_rather_than_harmed() -> None:
    assert refused("? queues\n: sales: {label: Sales}\n") == ["CC009"]


# Documents with comments everywhere: no comment is lost, no value changes, twice is once.

PARTS: dict[str, dict[str, Any]] = {
    "queues": {
        "sales": {
            "label": "Sales # one",
            "ring_for": "20s",
            "service_level": {"percent": 80, "within": "20s"},
            "members": [{"user": "priya.n", "penalty": 5}, {"team": "backup"}],
            "overflow": {"after": "3m", "to": "hangup", "empty": "voicemail/2001"},
        },
        "support": {"label": "Support", "members": [], "protect": True},
    },
    "ivrs": {
        "main": {
            "label": "Main",
            "start": "menu",
            "nodes": {
                "menu": {
                    "type": "menu",
                    "prompt": "p",
                    "choices": {"1": "queue/sales", "#": "end"},
                },
                "end": {"type": "hangup", "label": "Ends"},
            },
        },
    },
    "prompts": {
        "p": {"languages": {"en-AU": {"text": "Press 1.  Or # to end"}, "vi": {"text": "Chào"}}},
    },
    "sites": {
        "sydney": {
            "timezone": "Australia/Sydney",
            "areas": {"lobby": {"label": "Lobby", "desks": ["a-1", "a-2"]}},
        },
    },
}


class Author:
    """Writes a document by chance: order, indentation, style, and comments in odd places."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments: list[str] = []
        self.lines: list[str] = []
        self.most = 9  # columns of a comment

    def chance(self, one_in: int) -> bool:
        return self.random.randint(1, one_in) == 1

    def comment(self) -> str:
        self.comments.append(f"# c{len(self.comments)}")
        return self.comments[-1]

    def note(self) -> str:
        return f" {self.comment()}" if self.chance(6) else ""

    def between(self) -> None:
        while self.chance(6):
            self.lines.append("")
        while self.chance(4):
            self.lines.append(" " * self.random.randint(0, self.most) + self.comment())
            if self.chance(5):
                self.lines.append("")
        self.most = 9

    def scalar(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def mapping(self, value: dict[str, Any], column: int, *, dash: str = "") -> None:
        names = self.random.sample(list(value), len(value))
        for place, name in enumerate(names):
            if place or not dash:
                self.between()
            margin = dash if dash and not place else " " * column
            self.entry(f'{margin}"{name}":', value[name], column)

    def entry(self, head: str, value: Any, column: int) -> None:
        deeper = column + self.random.choice([2, 4])
        if value and isinstance(value, dict | list) and not self.chance(4):
            self.lines.append(head + self.note())
            if isinstance(value, dict):
                self.mapping(value, deeper)
            else:
                self.list(value, self.random.choice([column, deeper]))
        elif isinstance(value, str) and " " in value and self.chance(2):
            self.lines += [f"{head} |-{self.note()}", f"{' ' * deeper}{value}"]
            self.most = min(9, deeper - 1)  # deeper, it would be part of the text
        elif isinstance(value, dict | list) and self.chance(2):
            opening, *rest = json.dumps(value, indent=self.random.randint(1, 3)).split("\n")
            self.lines.append(f"{head} {opening}")
            for line in rest:
                if self.chance(5):
                    self.lines.append(self.comment().rjust(column + 9))
                self.lines.append(f"{' ' * deeper}{line}")
            self.lines[-1] += self.note()
        else:
            self.lines.append(f"{head} {self.scalar(value)}{self.note()}")

    def list(self, value: list[Any], column: int) -> None:
        for item in value:
            self.between()
            if isinstance(item, dict) and not self.chance(3):
                self.mapping(item, column + 2, dash=f"{' ' * column}- ")
            else:
                self.lines.append(f"{' ' * column}- {self.scalar(item)}{self.note()}")


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    plurals = draw(st.sets(st.sampled_from(sorted(PARTS)), min_size=1))
    author = Author(draw(st.randoms(use_true_random=True)))
    author.between()
    author.mapping({plural: PARTS[plural] for plural in sorted(plurals)}, 0)
    author.between()
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    return ending.join(author.lines) + draw(st.sampled_from(["", ending])), author.comments


def comments_in(text: str) -> list[str]:
    return sorted(re.findall(r"# c[0-9]+", text))


@given(documents())
def test_formatting_loses_no_comment_and_no_value(made: tuple[str, list[str]]) -> None:
    text, comments = made
    before, problems, findings = parse(text.encode(), "a.yaml")
    assert not problems
    assert not findings
    once = format_document(text.encode(), "a.yaml")
    after, _, _ = parse(once, "a.yaml")
    assert sorted(map(repr, after.resources)) == sorted(map(repr, before.resources))
    assert comments_in(once.decode()) == sorted(comments)
    assert format_document(once, "a.yaml") == once


@given(documents())
def test_adding_a_resource_touches_nothing_else(made: tuple[str, list[str]]) -> None:
    data = made[0].encode()
    try:
        after = with_resources(data, "a.yaml", {Address("queue", "new"): {"label": "New"}})
    except InvalidInput as refusal:
        assert [problem.code for problem in refusal.problems] == ["CC009"]  # noqa: PT017 - or else it worked
        return
    assert removed_from(after, data) is not None
    assert format_document(after, "a.yaml")


def removed_from(after: bytes, before: bytes) -> bytes | None:
    """The one stretch by which a file has grown; None where other bytes differ."""
    same = next((i for i, (a, b) in enumerate(zip(after, before, strict=False)) if a != b), None)
    start = len(before) if same is None else same
    grown = len(after) - len(before)
    for place in range(start, -1, -1):
        if after[:place] + after[place + grown :] == before:
            return after[place : place + grown]
    return None


def added(before: str, address: Address, fields: Fields) -> str:
    """What is added to a file; the rest is as it was."""
    after = with_resources(before.encode(), "a.yaml", {address: fields}, "../schema/document.json")
    found = removed_from(after, before.encode())
    assert found is not None
    return found.decode()


NEW = Address("queue", "new")


def test_a_new_file_names_its_schema() -> None:
    assert added("", NEW, {"ring_for": "20s", "label": "New"}) == (
        "# yaml-language-server: $schema=../schema/document.json\n"
        "queues:\n"
        "  new:\n"
        "    label: New\n"
        "    ring_for: 20s\n"
    )


def test_a_resource_is_added_at_the_end_of_its_kind() -> None:
    before = (
        f"{QUEUE}    # hours: old\n  # that was all\n\n# Sites\nsites:\n  s: {{timezone: UTC}}\n"
    )
    after = with_resources(before.encode(), "a.yaml", {NEW: {"label": "New"}}).decode()
    assert after == before.replace("# that was all\n", "# that was all\n  new:\n    label: New\n")


def test_a_resource_of_another_kind_is_added_at_the_end_of_the_file() -> None:
    assert added(QUEUE, Address("team", "t"), {}) == "\nteams:\n  t: {}\n"
    assert added(QUEUE.rstrip("\n"), Address("team", "t"), {}) == "\n\nteams:\n  t: {}\n"


@pytest.mark.parametrize(
    "before",
    [
        "queues: {}\n",
        "queues:\n",
        "queues:  # none\nsites: {}\n",
        "queues: {a: {label: A}, }\n",
        "queues: {\n  a: {label: A} # first\n}\n",
        '{"sites": {}}\n',
        "queues:\r\n    a:\r\n        label: A\r\n",
        "\ufeffqueues:\n  a: {label: A}",
        "# nothing\n",
        "  queues:\n   a:\n     label: A\n",
        "prompts:\n  p:\n    languages:\n      en: {text: a}\nqueues:\n  a:\n    label: |-\n      A\n\n",
    ],
)
def test_a_resource_is_added_however_the_file_is_written(before: str) -> None:
    text = added(before, NEW, {"label": "New", "members": [{"user": "a"}]})
    assert "New" in text
    assert ("\r\n" in text) == ("\r\n" in before)


def test_text_is_quoted_where_it_needs_it() -> None:
    fields: Fields = {
        "label": 'No: "yes" # é ✓',
        "extension": "2001",
        "music": "on",
        "members": [{"user": "priya.n", "penalty": 5}, {"user": "off"}],
        "overflow": {"to": "number/+61255501234"},
        "skills": ["null", "en-au"],
        "announcements": {"position": True},
    }
    assert added("", NEW, fields).splitlines()[2:] == [
        "  new:",
        '    label: "No: \\"yes\\" # é ✓"',
        '    extension: "2001"',
        '    skills: ["null", en-au]',
        "    members:",
        "      - {user: priya.n, penalty: 5}",
        '      - {user: "off"}',
        "    announcements:",
        "      position: true",
        '    music: "on"',
        "    overflow:",
        "      to: number/+61255501234",
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@given(TEXTS, st.sampled_from(["", "queues: {}\n", QUEUE]))
def test_every_text_is_read_as_it_was_given(label: str, before: str) -> None:
    after = with_resources(before.encode(), "a.yaml", {NEW: {"label": label}})
    document, problems, findings = parse(after, "a.yaml")
    assert not problems
    assert not findings
    assert document.resources[-1] == ("queue", "new", {"label": label})


def test_what_is_added_is_in_the_canonical_layout() -> None:
    fields: Fields = {"ring_for": "20s", "label": "New", "members": [{"user": "a"}]}
    after = with_resources(QUEUE.encode(), "a.yaml", {NEW: fields})
    assert format_document(after, "a.yaml") == after


def test_what_is_declared_already_is_not_added() -> None:
    with pytest.raises(InvalidInput, match="declared here already"):
        with_resources(QUEUE.encode(), "a.yaml", {Address("queue", "sales"): {}})
