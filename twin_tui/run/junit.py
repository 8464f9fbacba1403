"""JUnit files, valid by the junit-10 schema that CI servers check with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from twin_tui.engine.formats import clean


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; times are simulated seconds."""

    name: str
    time_s: float
    problem: Literal["", "failure", "error"] = ""
    kind: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one run."""

    name: str
    time_s: float
    cases: Sequence[Case]
    output: Sequence[str] = ()
    """Lines for the reader, such as the command that repeats the run."""


def junit(suites: Iterable[Suite]) -> str:
    """Return a JUnit file, of one suite or of several in ``testsuites``.

    Equal names are numbered; characters that XML forbids are blanks.
    """
    root = Element("testsuites")
    names: set[str] = set()
    for suite in suites:
        _add(root, suite, _unique(suite.name, names))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(each.get(count, "0")) for each in root)))
    top = root[0] if len(root) == 1 else root
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _add(root: Element, run: Suite, name: str) -> None:
    suite = SubElement(root, "testsuite", name=name)
    for count, problems in (
        ("tests", ("", "failure", "error")),
        ("failures", ("failure",)),
        ("errors", ("error",)),
        ("skipped", ()),
    ):
        suite.set(count, str(sum(case.problem in problems for case in run.cases)))
    suite.set("time", f"{run.time_s:.3f}")
    names: set[str] = set()
    for each in run.cases:
        case = SubElement(suite, "testcase", classname=name, name=_unique(each.name, names))
        case.set("time", f"{each.time_s:.3f}")
        if each.problem:
            SubElement(case, each.problem, type=clean(each.kind), message=clean(each.message))
    if run.output:
        SubElement(suite, "system-out").text = "\n".join(map(clean, run.output))


def _unique(name: str, names: set[str]) -> str:
    plain = clean(name)
    found, number = plain, 1
    while found in names:
        number += 1
        found = f"{plain} ({number})"
    names.add(found)
    return found
