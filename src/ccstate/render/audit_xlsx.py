"""The audit of change sets as a workbook: real dates, and texts that are never formulas or links."""

import io
from datetime import datetime

from ccstate.audit import codes
from ccstate.audit.change_sets import Audit
from ccstate.errors import InvalidInput
from ccstate.render.audit import COLUMNS, gaps_counted, sources_words, title
from ccstate.render.text import clip, safe

MOST_CHARACTERS = 32_000
"""Of a text in a cell; Excel takes 32,767. Source: "Excel specifications and limits"."""
_OPTIONS = {
    # `write` is not used, which guesses; and it shall guess nothing either.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}


def audit_xlsx(audit: Audit) -> bytes:
    """Write the change sets as an Excel workbook, a row each; the same bytes for the same audit.

    Raises InvalidInput where XlsxWriter is not installed.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise InvalidInput(codes.XLSXWRITER_MISSING()) from None

    buffer = io.BytesIO()
    with Workbook(buffer, _OPTIONS) as book:
        # The moment of writing would stand there, and the same audit have other bytes each time.
        book.set_properties({"title": "ccstate audit", "created": _naive(audit.until)})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("Change sets")
        for number, column in enumerate(COLUMNS):
            sheet.set_column(number, number, column.width)
            sheet.write_string(0, number, column.title, bold)
            for row, one in enumerate(audit.change_sets, start=1):
                match column.value(one):
                    case datetime() as moment:
                        sheet.write_datetime(row, number, _naive(moment), dated)
                    case int() as count:
                        sheet.write_number(row, number, count, wrapped)
                    case str() as text if text:
                        sheet.write_string(row, number, clip(safe(text), MOST_CHARACTERS), wrapped)
                    case _:
                        pass
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(audit.change_sets), 1), len(COLUMNS) - 1)
        about = book.add_worksheet("About")
        about.set_column(0, 0, 44)
        lines = [title(audit), sources_words(audit), "All times are UTC."]
        for row, text in enumerate(lines):
            about.write_string(row, 0, safe(text), wrapped)
        for row, (gap, count) in enumerate(gaps_counted(audit), start=len(lines) + 1):
            about.write_string(row, 0, gap.value, wrapped)
            about.write_number(row, 1, count, wrapped)
    return buffer.getvalue()


def _naive(moment: datetime) -> datetime:
    """Take the zone away, which a workbook cannot say: the moments are UTC already."""
    return moment.replace(tzinfo=None, microsecond=0)
