"""``twin-tui check``: sites with the files they name, maps, grid codes and scenarios, without a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from twin_tui.cli.options import OUTSIDE
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.config.site import load_site
from twin_tui.documents.files import present
from twin_tui.documents.loader import read_document
from twin_tui.documents.shipped import KINDS, find_shipped, hides_shipped, shipped_names
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.formats import clean, quantity
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.signals import value
from twin_tui.errors import MOST_ERRORS, ConfigError, TwinError, did_you_mean, file_name
from twin_tui.protocols.links import SiteLinks
from twin_tui.protocols.maps.parse import load_map
from twin_tui.protocols.registry import connectors
from twin_tui.protocols.vocabulary import site_view
from twin_tui.run.scenario import Scenario
from twin_tui.run.verdicts import Judge


@value
class Finding:
    """One error or warning about a file."""

    file: str
    text: str
    fault: bool = True
    """Whether it is an error, not a warning."""


def package_warnings() -> list[str]:
    """Return why device types and connectors of other packages are not available."""
    registry.kinds()  # searches for device types
    return [broken.text for broken in (*connectors.broken, *registry.broken)]


@value
class Checked:
    """What a check of a file found, and the grid codes in it."""

    findings: list[Finding]
    codes: tuple[GridCode | None, ...] = ()

    def recalled(self) -> list[str]:
        """Return for each grid code which of its numbers nobody has read in a source."""
        known = {code.name: code.recalled for code in self.codes if code is not None and code.recalled}
        return [
            f"grid code {name}: recalled, not read in a source: {', '.join(r)}" for name, r in known.items()
        ]


def check_file(name: str | Path, *, allow_outside: bool = False) -> tuple[str, list[Finding]]:
    """Return the kind of a file ("site", "register map", "grid code", "scenario") and its findings."""
    kind, checked = _checked(name, allow_outside)
    return kind, checked.findings


def _checked(name: str | Path, allow_outside: bool) -> tuple[str, Checked]:
    kind = "file"
    try:
        path = _find(name)
        kind, check = _check_for(read_document(path))
        if check is None:
            wanted = "assets (site), registers (register map), stages (grid code) or steps (scenario)"
            raise ConfigError(f"{file_name(name)}: no {wanted}")
        return kind, check(path, allow_outside)
    except TwinError as error:
        return kind, Checked(_faults(str(name), error))


def _find(name: str | Path) -> Path:
    path = Path(name)
    if present(path) and not any(hides_shipped(kind, path) for kind in KINDS):
        return path
    for folder in KINDS:
        found = find_shipped(folder, str(name))
        if found is not None:
            return found
    known = {name for folder in KINDS for name in shipped_names(folder)}
    raise ConfigError(f"{file_name(name)}: no such file{did_you_mean(path.stem, known)}")


def _check_for(data: Any) -> tuple[str, Any]:
    if isinstance(data, dict):
        for key, kind, check in (
            ("assets", "site", _check_site),
            ("registers", "register map", _check_map),
            ("stages", "grid code", _check_grid_code),
            ("steps", "scenario", _check_scenario),
        ):
            if key in data:
                return kind, check
    return "file", None


def _check_site(path: Path, allow_outside: bool) -> Checked:
    site = load_site(path, allow_outside=allow_outside)
    engine = Engine(site.plan)
    found: list[Finding] = []
    for endpoints, links in ((), site.links), *(((endpoint,), {}) for endpoint in site.endpoints):
        try:
            texts = list(saturated(engine, SiteLinks(engine, endpoints, links)))
        except TwinError as error:
            found += [item for item in _faults(str(path), error) if item not in found]
        else:
            found += [Finding(str(path), text, fault=False) for text in texts]
    for device in site.plan.devices:
        delivers = getattr(device.params, "max_discharge_power_w", 1.0) > 0.0
        if getattr(device.params, "grid_code", device) is None and delivers:
            text = f"{device.name} has no grid code: it delivers at any frequency and voltage but 0 V"
            found.append(Finding(str(path), text, fault=False))
    return Checked(found, tuple(getattr(device.params, "grid_code", None) for device in site.plan.devices))


def saturated(engine: Engine, links: SiteLinks) -> Iterator[str]:
    """Yield the registers that cannot hold what the devices are at the start, such as their ratings."""
    for registers in dict.fromkeys(each for name in engine.devices for each in links.registers(name)):
        for cell in registers.cells:
            register, signal = cell.reader, cell.reader.signal
            if signal is None or signal.type is not float or signal.command:
                continue
            found = getattr(cell.device.telemetry(engine.surroundings), signal.name)
            most = register.most_in_place_of(found) if isinstance(found, float) else None
            if most is not None:
                said, real = quantity(most, signal.unit), quantity(found, signal.unit)
                text = f"register {register.name} saturates at {said}"
                yield f"{text}; the value of {cell.device.name} is {real}"


def _check_scenario(path: Path, allow_outside: bool) -> Checked:
    scenario = Scenario.load(path)
    if scenario.site is not None:
        engine = Engine(load_site(scenario.site, allow_outside=allow_outside).plan)
        Judge(scenario, engine, site_view(engine.plan))
    return Checked([])


def _check_map(path: Path, _: bool) -> Checked:
    return Checked([Finding(str(path), text, fault=False) for text in load_map(path).warnings])


def _check_grid_code(path: Path, _: bool) -> Checked:
    return Checked([], (load_grid_code(str(path.absolute())),))


def _faults(file: str, error: TwinError) -> list[Finding]:
    return [Finding(file, line) for line in str(error).splitlines()]


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@OUTSIDE
def command(files: tuple[str, ...], allow_outside: bool) -> None:
    """Check FILEs without running them: sites with the files they name, register maps, grid codes, scenarios.

    Exit code 2 when one of them has an error.
    """
    faults = 0
    for text in package_warnings():
        click.echo(f"warning: {clean(text)}")
    for name in files:
        kind, checked = _checked(name, allow_outside)
        faults += sum(finding.fault for finding in checked.findings)
        for finding in checked.findings:
            click.echo(("" if finding.fault else "warning: ") + clean(finding.text), err=finding.fault)
        if not any(finding.fault for finding in checked.findings):
            click.echo(f"{clean(name)}: {kind}, valid")
            for line in checked.recalled():
                click.echo(f"note: {clean(line)}")
    if faults:
        where = "the file" if len(files) == 1 else f"{len(files)} files"
        number = f"more than {MOST_ERRORS}" if faults > MOST_ERRORS else str(faults)
        raise ConfigError(f"{number} {'error' if faults == 1 else 'errors'} in {where}")
