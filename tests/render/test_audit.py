"""An audit in all its forms: what people read, and that whatever people wrote stays text in each."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ccstate import schemas
from ccstate.audit import codes
from ccstate.audit.chain import Checked
from ccstate.audit.change_sets import Audit, ChangeSet, Gap, State, Touched
from ccstate.authority import Approval, Request
from ccstate.errors import Span
from ccstate.render.audit import (
    COLUMNS,
    audit_csv,
    audit_json,
    audit_markdown,
    audit_text,
    check_json,
    check_text,
)
from ccstate.render.audit_xlsx import audit_xlsx
from ccstate.render.text import cell, columns
from tests.render.test_markdown import TROUBLE, assert_inert, tokens

Golden = Callable[[str, str], None]


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
WHOLE = ChangeSet(
    at=at(22),
    request=Request("CHG-2041", "Dana Wu", "callers of the campaign reach sales"),
    commit="4f2a9c81d07be35a6c9d1e0f8b7a65c4d3e2f1a0",
    author="Priya Nair <priya.nair@brolga-energy.example>",
    subject="Merge pull request #12 from priya/campaign",
    change="https://git.example.org/centre/pulls/12",
    objects=(
        Touched("update", "queue/sales"),
        Touched("create", "team/campaign"),
        Touched("update", "ivr/main"),
        Touched("create", "prompt/a"),
        Touched("create", "prompt/b"),
    ),
    methods=("api, asterisk on sydney",),
    plan="9be0f4e0a1c2",
    approvals=(
        Approval("lee", "2026-11-22T09:10:00+00:00", "review"),
        Approval("kim", "2026-11-22T20:15:00+11:00", "review"),
    ),
    applied_by="ann",
    host="ci-7",
    run="https://git.example.org/centre/runs/77",
    started=at(22, 10),
    finished=at(22, 10),
    state=State.CONFIRMED,
    confirmed=5,
    planned=5,
)
FAILED = replace(
    WHOLE,
    at=at(23),
    request=Request("CHG-2042"),
    subject="Longer ring at support",
    objects=(Touched("update", "queue/support"),),
    plan="77aa00bb11cc",
    state=State.NOT_CONFIRMED,
    confirmed=0,
    planned=1,
    reason="ring_for is 15s on sydney, though 20s was written",
    corrective=("plan 0badcafe0123 corrects it: confirmed",),
)
AROUND = ChangeSet(
    at=at(25),
    commit="0b1c2d3e4f5061728394a5b6c7d8e9f001122334",
    author="Sam T <sam@example.com>",
    subject="quick fix",
    objects=(Touched("update", "number/+61255501234"),),
    methods=("api, asterisk on sydney",),
    plan="c0ffee123456",
    applied_by="sam",
    host="laptop",
    started=at(25),
    finished=at(25),
    state=State.CONFIRMED,
    confirmed=1,
    planned=1,
    gaps=(Gap.NO_REQUEST, Gap.NO_REVIEW),
)
BY_HAND = replace(
    AROUND,
    at=at(26),
    subject="",
    author="",
    plan="ba5eba11ba5e",
    by_hand=("queue/sales ring_for",),
    gaps=(Gap.NO_REQUEST, Gap.NO_REVIEW, Gap.BY_HAND),
)
NEVER = ChangeSet(
    at=at(27),
    request=Request("CHG-2050", emergency="line is down"),
    commit="5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f",
    author="Priya Nair <priya.nair@brolga-energy.example>",
    subject="Hours of the new year",
    objects=(Touched("update", "schedule/weekdays"),),
    gaps=(Gap.NEVER_APPLIED, Gap.EMERGENCY),
)
MONTH = Audit(at(1, 0), DECEMBER, [WHOLE, FAILED, AROUND, BY_HAND, NEVER], ["plans/"])
NOTHING = Audit(at(1, 0), DECEMBER, [], is_cut_off=True)


def test_an_audit_reads_well_in_every_form(golden: Golden) -> None:
    golden("audit/month.txt", audit_text(MONTH))
    golden("audit/month.md", audit_markdown(MONTH))
    golden("audit/month.csv", audit_csv(MONTH))
    golden("audit/month.json", audit_json(MONTH))
    golden("audit/nothing.txt", audit_text(NOTHING))
    golden("audit/nothing.md", audit_markdown(NOTHING))
    Draft202012Validator(schemas.schema("report/audit")).validate(orjson.loads(audit_json(MONTH)))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(columns, audit_text(MONTH, width).splitlines())) <= width


FOUND = Checked(
    3,
    ["plans/", "origin/ccstate-record"],
    [
        codes.RECORD_CHANGED(
            Span("plans/3f0c1d77a2be/receipt.md"),
            file="receipt.md",
            plan_id="3f0c1d77a2be",
            cause="Its SHA-256 is not the one that the record holds.",
            path="plans/3f0c1d77a2be/receipt.md",
        )
    ],
)


def test_a_check_says_what_is_wrong_or_that_nothing_is(golden: Golden) -> None:
    golden("audit/check-changed.txt", check_text(FOUND))
    golden("audit/check-whole.txt", check_text(replace(FOUND, problems=[])))
    form = Draft202012Validator(schemas.schema("report/audit-check"))
    form.validate(orjson.loads(check_json(FOUND)))


FORMULAS = [
    '=HYPERLINK("https://example.com","click")',
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "\uff1d1+1",
    'x",=1+1',
    "x\r\n=1+1",
    "https://example.com",
    "mailto:a@example.com",
    "internal:Sheet2!A1",
    "{=SUM(A1)}",
    "0123",
    "1e5",
    "::error::x",
    "a | b \\| c",
    "\x1b[31mred",
    "\ud800",
]
HOSTILE = TROUBLE | st.sampled_from(FORMULAS)


def hostile(one: str, two: str, three: str) -> Audit:
    found = replace(
        WHOLE,
        request=Request(one, two, three, one, two),
        author=three,
        subject=one,
        change=two,
        objects=(Touched(three, one),),
        methods=(two,),
        approvals=(Approval(three, one, two),),
        applied_by=one,
        host=two,
        run=three,
        state=State.NOT_CONFIRMED,
        reason=one,
        by_hand=(two,),
        corrects=three,
        corrective=(one,),
    )
    return Audit(at(1), at(30), [found], [one])


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_comes_alive_in_markdown_and_no_cell_is_left(
    one: str, two: str, three: str
) -> None:
    text = audit_markdown(hostile(one, two, three))
    assert_inert(text)
    found = list(tokens(text))
    assert sum(1 for token in found if token.type == "table_open") == 1
    # A head and one row: in each as many cells as the table has columns.
    assert sum(1 for token in found if token.type == "td_open") == 9


@given(HOSTILE)
def test_a_cell_of_a_table_holds_its_text_whole(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {cell(text)} | end |\n"
    row = [token for token in tokens(table) if token.type == "inline"][2:]
    assert len(row) == 2
    assert [child.type for child in row[0].children or ()] == ["code_inline"]
    assert row[1].content == "end"


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_cell_of_a_csv_is_a_formula(one: str, two: str, three: str) -> None:
    text = audit_csv(hostile(one, two, three))
    head, row = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert len(head) == len(row) == len(COLUMNS)
    for value in row:
        assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", value), value
        assert value.isprintable(), value
    assert text.count("\r\n") == 2


SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def worksheet(content: bytes) -> tuple[dict[str, ET.Element], list[str]]:
    """The cells of the first worksheet by their places, and the shared strings."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = book.namelist()
        assert not [n for n in names if "external" in n.lower() or "sheet1.xml.rels" in n]
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - we wrote it
        shared = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - as above
    assert sheet.find(f".//{SHEET}f") is None
    assert sheet.find(f".//{SHEET}hyperlink") is None
    strings = ["".join(t.text or "" for t in one.iter(f"{SHEET}t")) for one in shared]
    return {cell.attrib["r"]: cell for cell in sheet.iter(f"{SHEET}c")}, strings


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(one: str, two: str, three: str) -> None:
    cells, strings = worksheet(audit_xlsx(hostile(one, two, three)))
    texts = [strings[int(c.findtext(f"{SHEET}v") or "")] for c in cells.values() if is_text(c)]
    assert all(text.isprintable() for text in texts)


def is_text(cell: ET.Element) -> bool:
    return cell.attrib.get("t") == "s"


def test_a_workbook_has_real_dates_numbers_and_texts() -> None:
    content = audit_xlsx(MONTH)
    cells, strings = worksheet(content)
    # 2026-11-22 09:00 as Excel counts: days since 1899-12-30.
    assert float(cells["A2"].findtext(f"{SHEET}v") or "") == pytest.approx(46348.375)
    assert "t" not in cells["A2"].attrib
    assert is_text(cells["B2"])
    assert strings[int(cells["B2"].findtext(f"{SHEET}v") or "")] == "CHG-2041"
    confirmed = [column.title for column in COLUMNS].index("Confirmed")
    assert cells[f"{chr(ord('A') + confirmed)}2"].findtext(f"{SHEET}v") == "5"
    assert audit_xlsx(MONTH) == content


def test_nothing_moves_the_cursor_of_a_terminal() -> None:
    for text in FORMULAS:
        assert "\x1b" not in audit_text(hostile(text, text, text))
        assert orjson.loads(audit_json(hostile(text, text, text)))
