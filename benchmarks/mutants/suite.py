"""Which test executes which line, and how long it takes."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

import coverage

from benchmarks.mutants.faults import Fault
from benchmarks.mutants.tree import Watcher, digest, files, fork, join, settle

OTHER_ROOM = 3.0
"""A test from elsewhere goes after one of the room that takes so many times longer."""
OF_PAGES = "tests/docs/test_reference_pages.py"
"""The tests that compare declarations, which run on import, with the pages made from them."""


@dataclass(slots=True)
class Suite:
    """The tests that pass."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    """The tests by path and line of a source."""

    def covering(self, fault: Fault) -> set[str]:
        """Return the tests that execute a line of a fault."""
        lines = self.lines.get(fault.path, {})
        return {test for line in range(fault.line, fault.last_line + 1) for test in lines.get(line, ())}

    def chosen(self, fault: Fault, budget_s: float) -> list[str]:
        """Return the tests to run for a fault: those of its name, then of its room, the fastest first.

        For a line that runs on import: those of its name, its module or else its room, and the pages.
        """
        room = "/".join(["tests", *Path(fault.path).parts[1:-1]])
        found, first = self.covering(fault), [f"{room}/test_{Path(fault.path).stem}"]
        if not found:
            first.append(OF_PAGES)
            found = {test for tests in self.lines.get(fault.path, {}).values() for test in tests}
            found = found or {test for test in self.seconds if test.startswith(room)}
            found |= {test for test in self.seconds if test.startswith(tuple(first))}

        def place(test: str) -> tuple[bool, float, str]:
            far = 1.0 if test.startswith(room) else OTHER_ROOM
            return not test.startswith(tuple(first)), self.seconds[test] * far, test

        spent_s, tests = 0.0, list[str]()
        for test in sorted(found, key=place):
            spent_s += self.seconds[test]
            if tests and spent_s > budget_s:
                break
            tests.append(test)
        return tests

    def add(self, part: dict[str, Any]) -> None:
        """Take what is known of one file of tests."""
        self.seconds.update(part["seconds"])
        for source, lines in part["lines"].items():
            for line, tests in lines.items():
                self.lines[source].setdefault(int(line), []).extend(map(intern, tests))


def learn(root: Path, tree: Path, kept: Path, wanted: list[str]) -> Suite:
    """Run the tests once and return what they execute; where no source has changed, only those that have."""
    known = files(root)
    shared = [path for path in known if path.parts[0] == "tests" and not path.name.startswith("test_")]
    sources = [path for path in known if path.parts[0] == "twin_tui"]
    folder = kept / f"suite-{digest(root, [*sources, *shared])}"
    folder.mkdir(parents=True, exist_ok=True)
    tests = [path for path in known if path.match("test_*.py") and any(map(path.is_relative_to, wanted))]
    parts = {str(path): folder / f"{path.stem}-{digest(root, [path])}.json" for path in tests}
    missing = [path for path, part in parts.items() if not part.exists()]
    if missing:
        print(f"learning what {len(missing)} files of tests execute", flush=True)
        answer = tree.parent / "learnt.json"
        join(fork(_learn, tree, missing, answer), None)
        learnt = json.loads(answer.read_text())
        if not learnt["seconds"]:
            raise SystemExit("not one test passes in a copy of the tree")
        for test in learnt.pop("failed"):
            print(f"  left out, as it does not pass here: {test}")
        for path in missing:
            parts[path].write_text(json.dumps(_part(learnt, f"{path}::")))
    suite = Suite()
    for part in parts.values():
        suite.add(json.loads(part.read_text()))
    return suite


def _learn(tree: Path, tests: list[str], answer: Path) -> None:
    settle(tree)
    traced = coverage.Coverage(data_file=None, source=[str(tree / "twin_tui")], config_file=False)
    watcher = Watcher(traced)
    traced.start()
    watcher.run(tests)
    traced.stop()
    passed = watcher.seconds.keys() - set(watcher.failed)
    data = traced.get_data()
    lines = {}
    for path in data.measured_files():
        by_line = data.contexts_by_lineno(path).items()
        lines[str(Path(path).relative_to(tree))] = {
            line: sorted(passed & set(tests)) for line, tests in by_line
        }
    seconds = {test: round(watcher.seconds[test], 4) for test in sorted(passed)}
    answer.write_text(json.dumps({"seconds": seconds, "lines": lines, "failed": watcher.failed}))
    os._exit(0)


def _part(learnt: dict[str, Any], prefix: str) -> dict[str, Any]:
    def mine(tests: Iterable[str]) -> list[str]:
        return [test for test in tests if test.startswith(prefix)]

    return {
        "seconds": {test: learnt["seconds"][test] for test in mine(learnt["seconds"])},
        "lines": {
            source: {line: found for line, tests in lines.items() if (found := mine(tests))}
            for source, lines in learnt["lines"].items()
        },
    }
