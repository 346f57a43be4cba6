"""Values are changed in files where they stand, and every other byte stays."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.desired.amendment import amended
from ccstate.desired.documents import valid_document
from ccstate.desired.yaml_values import read
from ccstate.errors import InvalidInput
from ccstate.model import Address, Fields

SALES = Address("queue", "sales")
SOURCE = """\
# head
queues:
  # about sales
  sales:
    label: Sales   # the name
    ring_for: 20s
    members:
      - {user: ana}   # she
      - {user: bo}
    overflow:
      after: 3m
      to: voicemail/2001

  # about b
  b: {label: B}   # one line
# end
users:
  ana: {name: A}
"""
FIELDS: dict[str, Any] = {
    "label": "Sales",
    "ring_for": "20s",
    "members": [{"user": "ana"}, {"user": "bo"}],
    "overflow": {"after": "3m", "to": "voicemail/2001"},
}


def change(source: str, wanted: Mapping[Address, Fields | None]) -> str:
    return amended(source.encode(), "a.yaml", wanted, schema="", parsed=valid_document).decode()


@pytest.mark.parametrize(
    "fields, old, new",
    [
        ({**FIELDS, "label": "Shop"}, "label: Sales ", "label: Shop "),
        ({**FIELDS, "label": "yes"}, "label: Sales ", 'label: "yes" '),
        (
            {**FIELDS, "overflow": {"to": "voicemail/2001"}},
            "      after: 3m\n",
            "",
        ),
        (
            {**FIELDS, "overflow": {**FIELDS["overflow"], "full": "hangup"}},
            "      to: voicemail/2001\n",
            "      to: voicemail/2001\n      full: hangup\n",
        ),
        (
            {**FIELDS, "weight": 3},
            "      to: voicemail/2001\n",
            "      to: voicemail/2001\n    weight: 3\n",
        ),
        ({**FIELDS, "ring_for": None}, "ring_for: 20s", "ring_for: null"),
    ],
)
def test_only_what_changes_is_written_anew(fields: Fields, old: str, new: str) -> None:
    assert change(SOURCE, {SALES: fields}) == SOURCE.replace(old, new)
    crlf = SOURCE.replace("\n", "\r\n")
    assert change(crlf, {SALES: fields}) == crlf.replace(
        old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    )


def test_a_resource_goes_with_the_comment_above_it() -> None:
    assert change(SOURCE, {Address("queue", "b"): None}) == SOURCE.replace(
        "  # about b\n  b: {label: B}   # one line\n", ""
    )
    assert change(SOURCE, {Address("user", "ana"): None}) == SOURCE.replace(
        "# end\nusers:\n  ana: {name: A}\n", ""
    )


def test_a_list_with_comments_inside_is_left_to_a_person() -> None:
    with pytest.raises(InvalidInput, match=r"written in a way that cannot be laid out"):
        change(SOURCE, {SALES: {**FIELDS, "members": []}})


def test_several_changes_of_a_file_are_made_at_once() -> None:
    text = change(
        SOURCE,
        {
            Address("queue", "b"): None,
            SALES: {**FIELDS, "label": "Shop"},
            Address("user", "zoe"): {"name": "Zoe"},
            Address("team", "new"): {},
        },
    )
    document: Any = read(text.encode(), "")[0]
    assert list(document["queues"]) == ["sales"]
    assert document["users"] == {"ana": {"name": "A"}, "zoe": {"name": "Zoe"}}
    assert document["teams"] == {"new": {}}
    assert "# she" in text


# Whatever a resource says before and after, and however it is laid out: what is read is what was
# meant, and lines of other resources stay; or nothing is changed.

_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "label": st.sampled_from(["a", "b: c", "# d", "e\nf"]),
        "ring_for": st.sampled_from(["5s", "1m"]),
        "extension": st.sampled_from(["7001", "0800"]),
    },
)
_OVERFLOW = st.dictionaries(
    st.sampled_from(["to", "empty", "full"]), st.sampled_from(["hangup", "number/+61255501234"])
)
_MEMBERS = st.lists(st.sampled_from([{"user": "ana"}, {"team": "b"}]), max_size=2, unique_by=str)
_QUEUES = st.builds(
    lambda plain, overflow, members, some: {
        **plain,
        **({"overflow": overflow} if some[0] else {}),
        **({"members": members} if some[1] else {}),
    },
    _VALUES,
    _OVERFLOW,
    _MEMBERS,
    st.tuples(st.booleans(), st.booleans()),
)


@given(_QUEUES, st.none() | _QUEUES, st.booleans(), st.booleans())
def test_what_is_read_afterwards_is_what_was_meant(
    before: dict[str, Any], after: dict[str, Any] | None, is_flow: bool, is_last: bool
) -> None:
    import yaml

    def dumped(value: Any, *, flow: bool) -> str:
        return yaml.safe_dump(value, default_flow_style=flow, width=1000, sort_keys=False)

    own = dumped({"sales": before}, flow=is_flow).strip()
    own = own[1:-1] if is_flow else own
    other = "other:\n  label: Other  # it stays\n"
    parts = [other, own + "\n"] if is_last else [own + "\n", other]
    body = "".join(f"  {line}\n" for part in parts for line in part.splitlines())
    source = f"queues:\n{body}# end\n"
    if not isinstance(read(source.encode(), "")[0], dict):
        return  # PyYAML wrote it in a way that ccstate does not read
    try:
        text = change(source, {SALES: after})
    except InvalidInput:
        return
    expected: Any = read(source.encode(), "")[0]
    if after is None:
        del expected["queues"]["sales"]
    else:
        expected["queues"]["sales"] = after
    assert read(text.encode(), "")[0] == expected
    assert "  other:\n    label: Other  # it stays\n" in text
    assert text.endswith("# end\n")
