"""The desired state as it results: the same state again, each line with a place where it is written."""

import re
from pathlib import Path

from ccstate.desired import ParseCache, load, load_settings
from ccstate.desired.documents import valid_document
from ccstate.desired.resolved import resolved_lines
from ccstate.render.resolved import Resolved, resolved_yaml
from ccstate.render.text import PLAIN

ROOT = Path(__file__).parent.parent.parent


def test_what_results_is_a_document_of_the_same_state_and_names_where_each_line_is_written() -> (
    None
):
    desired = load(load_settings(ROOT), ParseCache(None))
    lines = resolved_lines(desired, desired.state, lambda file: (ROOT / file).read_bytes())
    text = resolved_yaml(Resolved("", {}, lines, ()), 80, PLAIN)
    read = {(k, n): f for k, n, f in valid_document(text.encode(), "resolved.yaml").resources}
    assert read == {tuple(a): r.fields for a, r in desired.state.items()}
    files = {
        file: (ROOT / file).read_text(encoding="utf-8").splitlines()
        for file in {line.origin.file for line in lines if line.origin}
    }
    fields = [line for line in lines if line.origin and line.path]
    assert len(fields) > 1000
    for line in fields:
        assert line.origin
        written = files[line.origin.file][line.origin.line - 1]
        key = line.path[-1]
        if isinstance(key, str):
            assert re.search(rf"(?<![\w.-]){re.escape(key)}[\"']?:", written), line
