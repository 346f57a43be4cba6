"""The judgement of an estate by every rule: the findings as diagnostics with their places."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import nsmallest
from itertools import chain
from typing import Any, TypeAlias

from ccstate import codes, kinds
from ccstate.desired.findings import Finding, diagnose, did_you_mean, quote
from ccstate.desired.settings import FILE
from ccstate.errors import Diagnostic, Severity, sort_key
from ccstate.kinds import KINDS, Path
from ccstate.model import Address, Edit, Fields, Json, Resource, State, Why, edited
from ccstate.rules import RULES
from ccstate.rules.rule import Comparison, Estate, Rule
from ccstate.rules.silence import CODE, MARK, Silence, silences, unused

MOST = 100
"""Messages of one rule that are shown; the others are counted. Places cost time."""

Content: TypeAlias = Callable[[str], bytes]
Severities: TypeAlias = Mapping[str, Severity | None]
"""Severity by the code of a rule, None where it is switched off; else the rule's own."""


def judge(estate: Estate, severities: Severities, content: Content) -> list[Diagnostic]:
    """Judge the estate by every rule, sorted by place; `content` gives the bytes of a file.

    The estate is what files declare. What they leave out is not known, and nothing is said that
    depends on it.
    """
    running = {
        code: severity
        for code, rule in RULES.items()
        if (severity := severities.get(code, rule.severity)) is not None
    }
    findings = {code: _findings(RULES[code], running[code], estate) for code in running}
    findings = _certain_findings(findings, estate)
    about_comments = _apply_silences(findings, estate, content)
    shown: list[Finding] = []
    rest: dict[str, int] = {}
    for code, found in findings.items():
        shown += nsmallest(MOST, found, key=_order) if len(found) > MOST else found
        rest[code] = max(len(found) - MOST, 0)
    problems = diagnose(shown, content)
    problems += [_count_rest(code, count, problems) for code, count in rest.items() if count]
    if severity := running.get(CODE):
        problems += [replace(problem, severity=severity) for problem in about_comments]
    problems += diagnose(_unknown(severities), content)
    return sorted(problems, key=sort_key)


def new_errors(
    comparison: Comparison, severities: Severities, content: Content
) -> list[Diagnostic]:
    """List the errors that the estate has and did not have before, sorted by place.

    What was wrong already forbids nothing: it is no worse, and `validate` reports it. Objects that
    no file declares take part, and are not judged.
    """
    found = _new(comparison, severities, Severity.ERROR)
    return _as_diagnostics(found, comparison.after, content, Severity.ERROR)


def new_warnings(
    comparison: Comparison, declared: Estate, severities: Severities, content: Content
) -> list[Diagnostic]:
    """List the warnings that the estate has and did not have before, and that no `judge` reports.

    They depend on what `declared`, the desired state, leaves to the platform: the estate knows it.
    """
    findings = _new(comparison, severities, Severity.WARNING)
    known = _reported_places(findings, comparison.after, declared)
    findings = {
        code: [finding for finding in found if finding.path not in known.get(code, ())]
        for code, found in findings.items()
    }
    return _as_diagnostics(findings, comparison.after, content, Severity.WARNING)


def _new(
    comparison: Comparison, severities: Severities, severity: Severity
) -> dict[str, list[Finding]]:
    """List what the rules of a severity find after a change and did not find before it."""
    return {
        code: list(found_newly(rule, severity, comparison))
        for code, rule in RULES.items()
        if severities.get(code, rule.severity) is severity
    }


def found_newly(rule: Rule, severity: Severity, comparison: Comparison) -> list[Finding]:
    """List what a rule finds newly after a change, in the part that it has to judge."""
    part = comparison.part(rule.reach)
    if part is None:
        return []
    before, after = part
    found = _findings(rule, severity, after)
    # Another object may have had the same message before: the whole estate is asked last.
    for estate in (before, comparison.before)[: 1 + (before is not comparison.before)]:
        if found:
            known = {standing.message for standing in rule.check(estate)}
            found = [finding for finding in found if finding.problem.message not in known]
    return found


def _as_diagnostics(
    findings: dict[str, list[Finding]], estate: Estate, content: Content, severity: Severity
) -> list[Diagnostic]:
    """Convert findings to diagnostics: the first of them, without those that comments silence."""
    if any(findings.values()):
        _apply_silences(findings, estate, content)
    new = list(chain.from_iterable(findings.values()))
    shown = nsmallest(MOST, new, key=_order)
    problems = sorted(diagnose(shown, content), key=sort_key)
    if more := len(new) - len(shown):
        problems.append(
            replace(
                problems[-1], message=f"… and {more:,} more {severity}{'s' * (more > 1)}", hint=""
            )
        )
    return problems


def _findings(rule: Rule, severity: Severity, estate: Estate) -> list[Finding]:
    return [
        Finding(
            estate.state[found.address].file_at(found.path),
            (KINDS[found.address.kind].plural, found.address.name, *found.path),
            Diagnostic(rule.code, found.message, None, found.cause, found.hint, severity),
            canonical=True,
        )
        for found in rule.check(estate)
        if estate.state[found.address].file
    ]


def _reported_places(
    findings: dict[str, list[Finding]], estate: Estate, declared: Estate
) -> dict[str, set[Path]]:
    """Return where the rules find something in a desired state, whatever platforms hold."""
    finding_codes = [code for code, found in findings.items() if found]
    if not finding_codes:
        return {}
    declared = Estate(_in_order_of(declared.state, estate.state), declared.today)
    if _is_alike(estate.state, declared.state):
        found = findings  # as where everything is created
    else:
        found = {
            code: _findings(RULES[code], RULES[code].severity, declared) for code in finding_codes
        }
    known = _certain_findings(found, declared)
    return {code: {finding.path for finding in findings} for code, findings in known.items()}


def _in_order_of(declared: State, planned: State) -> State:
    """Sort the lists whose order means nothing, as plans do, so that places in both agree."""
    found = dict(declared)
    for address, resource in declared.items():
        beside = planned[address].fields if address in planned else resource.fields
        fields = kinds.with_sorted_lists(address.kind, resource.fields, beside)
        if fields is not resource.fields:
            found[address] = replace(resource, fields=fields)
    return found


def _is_alike(state: State, other: State) -> bool:
    """Check whether rules find the same in both: all is equal, but for secrets, which none reads."""
    return len(state) == len(other) and all(
        address in other and _is_same(address.kind, resource.fields, other[address].fields)
        for address, resource in state.items()
    )


def _is_same(kind: str, fields: Fields, others: Fields) -> bool:
    if fields == others:
        return True
    # A platform has seals where the desired state has references.
    secrets, there = kinds.secrets(kind, fields), kinds.secrets(kind, others)
    if not secrets or secrets.keys() != there.keys():
        return False
    edits = [Edit(path, None, text, why=Why.YOU) for path, text in there.items()]
    return edited(fields, edits) == others


def _certain_findings(
    findings: dict[str, list[Finding]], estate: Estate
) -> dict[str, list[Finding]]:
    """Select the findings that are so whatever a platform holds where nothing is declared."""
    if not any(findings.values()):
        return findings
    good = Estate(benign(estate.state), estate.today)
    known: dict[str, list[Finding]] = {}
    for code, found in findings.items():
        sure = {f.path for f in _findings(RULES[code], Severity.ERROR, good)} if found else set()
        known[code] = [finding for finding in found if finding.path in sure]
    return known


def _order(finding: Finding) -> tuple[str, tuple[str, ...], str]:
    return finding.file, tuple(map(str, finding.path)), finding.problem.message


def _count_rest(code: str, count: int, problems: list[Diagnostic]) -> Diagnostic:
    """Count the further findings of a code, in the place of the last one that is shown."""
    last = max((problem for problem in problems if problem.code == code), key=sort_key)
    hint = f"mend these first; `ccstate rule {code}` says how to switch the rule off"
    return replace(last, message=f"… and {count:,} more", cause="", hint=hint)


def _apply_silences(
    findings: dict[str, list[Finding]], estate: Estate, content: Content
) -> list[Diagnostic]:
    """Take away what comments silence, and report what is wrong with the comments."""
    files = dict.fromkeys(file for r in estate.state.values() for file in r.files)
    marked = {file: data for file in files if MARK in (data := content(file))}
    here: dict[str, list[Finding]] = {file: [] for file in marked}
    for finding in chain.from_iterable(findings.values()):
        if finding.file in marked:
            here[finding.file].append(finding)
    wrong: list[Diagnostic] = []
    silenced: set[int] = set()
    for file, data in marked.items():
        found, mistakes = silences(data, file, RULES)
        if found:
            silenced.update(map(id, _silenced_findings(here[file], found, data)))
        wrong += mistakes
        wrong += [problem for silence in found for problem in unused(silence, file, findings)]
    for code, group in findings.items() if silenced else ():
        findings[code] = [finding for finding in group if id(finding) not in silenced]
    return wrong


def _silenced_findings(
    findings: list[Finding], found: list[Silence], data: bytes
) -> Iterator[Finding]:
    """Yield the findings in one file that its comments silence.

    A comment speaks of what stands below it too: at a field of the whole field, at the name of a
    resource of all of it.
    """
    above = [
        (replace(finding, path=finding.path[:end]), finding)
        for finding in findings
        for end in range(2, len(finding.path) + 1)
    ]
    lines: dict[int, set[int]] = {}
    for place, (_, finding) in zip(
        diagnose((f for f, _ in above), lambda _: data), above, strict=True
    ):
        lines.setdefault(id(finding), set()).add(place.span.line if place.span else 0)
    speaking: dict[tuple[int, str], list[Silence]] = {}
    for silence in found:
        for code in silence.codes:
            speaking.setdefault((silence.comment.about, code), []).append(silence)
    silenced: set[tuple[int, str]] = set()
    for finding in findings:
        # Every comment that covers it is used: one may stand at the line, one at the resource.
        covering = speaking.keys() & {(line, finding.problem.code) for line in lines[id(finding)]}
        silenced |= covering
        if covering:
            yield finding
    for line_and_code in silenced:
        for silence in speaking[line_and_code]:
            silence.used.add(line_and_code[1])


def _unknown(severities: Severities) -> Iterator[Finding]:
    for code in severities:
        if code not in RULES:
            hint = did_you_mean(code, RULES) or "`ccstate rule` lists the rules"
            yield Finding(
                FILE, ("rules", code), codes.RULE_OF_SETTINGS_UNKNOWN(code=quote(code), hint=hint)
            )


STAND_IN = "ccstate-stand-in"
"""What stands for anything that a platform may hold: an extension that is answered, elsewhere,
and has a mailbox; a schedule that is open. No file declares any of it."""
_PHONE, _MAILBOX = f"extension/{STAND_IN}", f"voicemail/{STAND_IN}"
_Good: TypeAlias = Mapping[str, Json]


def benign(state: State) -> State:
    """Return the state with its undeclared fields as good for callers as they can be.

    A mapping that is declared is judged as a whole, for the author of `overflow: {after: 3m}` has
    thought of it. So are fields whose default is no lack; and where phones stand and
    calls leave, for an ambulance is sent there: what is not written is better reported once too often.
    """
    good: dict[str, _Good] = {
        "queue": {
            "members": [{"extension": STAND_IN}],
            "overflow": {"after": "1m", "to": _PHONE, "empty": _PHONE, "full": _PHONE},
            "ring_for": "1s",
            "retry": "0s",
            "max_waiting": 1,
        },
        "conference_room": {"pin": f"env:{STAND_IN}"},
        "ring_group": {"no_answer": _PHONE},
        "user": {"extension": STAND_IN, "skills": _skills(state.values())},
        "extension": {"voicemail": {}},
        "number": {"closed": _MAILBOX},
    }
    found = {
        address: _filled(resource, good.get(address.kind)) for address, resource in state.items()
    }
    for address, fields in _stand_ins(state, good["user"]):
        found[address] = Resource(address, fields, "")
    return found


def _filled(resource: Resource, good: _Good | None) -> Resource:
    is_number = resource.address.kind == "number"
    if is_number and not {"closed", "holiday"}.isdisjoint(resource.fields):
        good = {**(good or {}), "hours": STAND_IN}
    if good is None or good.keys() <= resource.fields.keys():
        return resource
    return replace(resource, fields={**good, **resource.fields})


def _skills(resources: Iterable[Resource]) -> dict[str, Json]:
    """List every skill that a queue asks for."""
    asked: Any = [r.fields.get("skills") or () for r in resources if r.address.kind == "queue"]
    return {skill: 1 for skills in asked for skill in skills}


def _stand_ins(state: State, user: _Good) -> Iterable[tuple[Address, Fields]]:
    """Make the users who answer; of every team, where the team of a user is not declared."""
    yield Address("extension", STAND_IN), {"voicemail": {}}
    if all("team" in r.fields for (kind, _), r in state.items() if kind == "user"):
        return
    for kind, name in state:
        if kind == "team":
            yield Address("user", f"{STAND_IN}.{name}"), {"name": name, "team": name, **user}
