"""A device type is loaded when a site first names it, by its kind or by an alias."""

import subprocess
import sys

import pytest

from twin_tui.engine.devices import registry

ALIASES = [(alias, kind) for kind in registry.kinds() for alias in registry[kind].aliases]
LOADED = """
import sys
from twin_tui.engine.devices import registry
registry["{name}"]
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("twin_tui.engine.devices.")))
"""


def loaded_by(name: str) -> list[str]:
    command = [sys.executable, "-c", LOADED.format(name=name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(("alias", "kind"), [each for each in ALIASES if each[0] in ("bess", "energy_meter")])
def test_an_alias_loads_no_other_type_than_its_kind_does(alias: str, kind: str) -> None:
    found = loaded_by(alias)
    assert found == loaded_by(kind)
    assert not {"battery", "meter", "pv", "chp"} - {kind} & {*found}


def test_every_alias_of_a_shipped_type_is_known_before_the_type_is_loaded() -> None:
    named = {
        alias: kind for alias, kind in ALIASES if registry[kind].params.__module__.startswith("twin_tui.")
    }
    known = {alias: registry._kinds.get(alias) for alias in named}
    assert known == named != {}
