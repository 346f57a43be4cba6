"""What a plan is bound to: its folder, the argument, plan.md, ccstate's release, the platform."""

import shutil
from pathlib import Path

import orjson
import pytest

import ccstate
from ccstate.plan_file import read_plan
from tests.fuzz.plan_files import Bench, forged, run_quietly

PLAN = "plan.json"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def digest_of(bench: Bench) -> str:
    return str(orjson.loads(bench.files[PLAN])["digest"])


def refused(bench: Bench, argument: str, code: str) -> str:
    """What is said where an apply is refused before anything is asked of the platform."""
    found, said = run_quietly(bench.folder, "apply", argument)
    assert (found, code in said) == (3, True), said
    assert bench.is_untouched()
    assert not list(bench.folder.glob("plans/*/journal.jsonl"))
    return " ".join(said.split())


def test_an_edited_plan_whose_digest_was_computed_anew_is_not_applied_under_the_old_name(
    bench: Bench,
) -> None:
    content = orjson.loads(bench.files[PLAN])
    content["commit"] = "0000000"
    found, raw = forged(content)
    (bench.plan / PLAN).write_bytes(raw)
    said = refused(bench, bench.plan.name, "CC312")
    assert f"is not {bench.plan.name}" in said
    assert found in said
    # Under its own name it is another plan, and plan.md still tells of the one that was reviewed.
    bench.plan.rename(bench.plan.with_name(found[:12]))
    assert "does not say what plan.json does" in refused(bench, found, "CC313")


def test_an_approval_may_name_the_whole_digest(bench: Bench) -> None:
    whole = digest_of(bench)
    other = whole[:-1] + ("0" if whole[-1] != "0" else "1")
    assert f"is not {other}" in refused(bench, other, "CC312")
    assert whole in (bench.plan / "plan.md").read_text(encoding="utf-8")
    assert run_quietly(bench.folder, "apply", whole)[0] == 0


def test_the_whole_digest_is_printed_where_a_machine_or_a_reviewer_reads_it(bench: Bench) -> None:
    for form in ("json", "markdown"):
        code, said = run_quietly(bench.folder, "plan", "--force", "to be fuzzed", "--format", form)
        assert code == 0
        assert digest_of(bench) in said


@pytest.mark.parametrize("words", ["", "### Nothing to do\n"])
def test_plan_md_is_what_people_reviewed(bench: Bench, words: str) -> None:
    reviewed = bench.files["plan.md"].decode()
    (bench.plan / "plan.md").write_text(words + reviewed[1:], encoding="utf-8")
    assert "what they read is not what would be done" in refused(bench, bench.plan.name, "CC313")


def test_a_plan_without_plan_md_was_not_reviewed(bench: Bench) -> None:
    (bench.plan / "plan.md").unlink()
    assert "plan.md cannot be read: No such file" in refused(bench, bench.plan.name, "CC313")


def test_a_plan_of_another_release_that_words_it_otherwise_names_that_release(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_plan(bench.plan / PLAN).made_by == ccstate.__version__
    (bench.plan / "plan.md").write_text("### As it was worded in those days\n", encoding="utf-8")
    monkeypatch.setattr("ccstate.project.plan_folder.__version__", "9.9.9")
    said = refused(bench, bench.plan.name, "CC313")
    assert f"ccstate {ccstate.__version__} made the plan, and this is ccstate 9.9.9" in said


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("path: demo.db", "path: other.db", "says something else than when the plan was made"),
        (
            "adapter: embedded",
            "adapter: asterisk",
            "made with the adapter embedded; it is asterisk",
        ),
        ("  demo:", "  other:", 'no target is named "demo"'),
        ("embedded, ", "embedded, kinds: [site, user], ", "does not manage extension/2001 and "),
        ("embedded, ", "embedded, sites: [elsewhere], ", "does not manage "),
    ],
)
def test_a_plan_is_bound_to_the_platform_that_it_was_made_with(
    bench: Bench, old: str, new: str, words: str
) -> None:
    shutil.copy(bench.folder / "demo.db", bench.folder / "other.db")
    project = (bench.folder / "ccstate.yaml").read_text()
    assert old in project
    (bench.folder / "ccstate.yaml").write_text(project.replace(old, new))
    assert words in refused(bench, bench.plan.name, "CC311")
    assert (bench.folder / "other.db").read_bytes() == bench.platform


def test_a_plan_stays_bound_where_the_project_is_only_laid_out_anew(bench: Bench) -> None:
    text = "# the same\nversion: 1\ntargets:\n  demo:\n    connection:\n      path: demo.db\n    adapter: embedded\n"
    (bench.folder / "ccstate.yaml").write_text(text)
    assert run_quietly(bench.folder, "apply", bench.plan.name)[0] == 0


def test_a_resume_asks_the_same(bench: Bench) -> None:
    (bench.plan / "plan.md").unlink()
    (bench.plan / "journal.jsonl").write_text("")
    code, said = run_quietly(bench.folder, "apply", bench.plan.name, "--resume")
    assert (code, "CC313" in said) == (3, True), said
