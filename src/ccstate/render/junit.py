"""Problems as JUnit XML, which most build servers show."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from ccstate.errors import Diagnostic, Severity
from ccstate.render.text import safe

NAME = "ccstate"


def diagnostics_junit(problems: Sequence[Diagnostic]) -> str:
    """Write a test case for each problem; errors fail, warnings pass and say their words.

    Without problems there is one case that passes, for some servers take none for a failure.
    """
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    root, suite = suites(NAME, len(problems) or 1, errors)
    for problem in problems:
        _case(suite, problem)
    if not problems:
        case_in(suite, {"classname": NAME, "name": "desired state"})
    return spelled(root)


def suites(
    name: str, tests: int, failures: int, seconds: float = 0
) -> tuple[ET.Element, ET.Element]:
    """Make the root of a report and its one suite, with the number of its tests and its time."""
    counts = {"tests": str(tests), "failures": str(failures), "errors": "0"}
    counts["time"] = f"{seconds:.3f}"
    root = ET.Element("testsuites", {"name": NAME, **counts})
    return root, ET.SubElement(root, "testsuite", {"name": name, **counts, "skipped": "0"})


def case_in(suite: ET.Element, attributes: Mapping[str, str], seconds: float = 0) -> ET.Element:
    """Make one test case of a suite, which took so long: 0 where nothing was run."""
    return ET.SubElement(suite, "testcase", {**attributes, "time": f"{seconds:.3f}"})


def spelled(root: ET.Element) -> str:
    """Serialize the report as text."""
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=False) + "\n"


def _case(suite: ET.Element, problem: Diagnostic) -> None:
    where = {"classname": NAME}
    if problem.span:
        where = {"classname": safe(problem.span.file), "file": safe(problem.span.file)}
        where |= {"line": str(problem.span.line)} if problem.span.line else {}
    name = safe(f"{problem.code} {problem.message}")
    case = case_in(suite, {**where, "name": name})
    hint = f"hint: {problem.hint}" if problem.hint else ""
    words = [str(problem.span or ""), *problem.cause.splitlines(), hint]
    text = "\n".join(safe(line) for line in words if line)
    if problem.severity is Severity.ERROR:
        attributes = {"message": name, "type": problem.code}
        ET.SubElement(case, "failure", attributes).text = text
    else:
        ET.SubElement(case, "system-out").text = f"warning: {name}\n{text}"
