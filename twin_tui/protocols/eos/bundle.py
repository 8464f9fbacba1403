"""A site from the input of an EOS optimisation: hourly load and PV, battery, electric vehicle, inverter."""

from pathlib import Path
from typing import Any

from twin_tui.documents.loader import read_document
from twin_tui.errors import ConfigError

STEP_S = 1.0


def read_bundle(path: Path) -> dict[str, Any]:
    """Return the site for a file with the input of an optimisation; raise ConfigError."""
    data = read_document(path)
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected an object with keys like load_wh and battery")
    for key in ("start", "interval_s", "load_wh", "pv_wh", "battery", "inverter"):
        if key not in data:
            raise ConfigError(f"{path}: missing key {key}")
    return site_of_bundle(data, path.stem)


def site_of_bundle(bundle: dict[str, Any], name: str = "eos") -> dict[str, Any]:
    """Return the site as content of a site file; the energy of an interval becomes a constant power."""
    interval_s = bundle["interval_s"]

    def series(energies_wh: list[float]) -> dict[str, Any]:
        watts = [energy * 3600.0 / interval_s for energy in energies_wh]
        return {"start": 0, "step": interval_s, "values": watts, "holds": True}

    def device(kind: str, data: dict[str, Any]) -> dict[str, Any]:
        keys = {key: value for key, value in data.items() if value is not None and key != "hours"}
        return {"type": kind, **keys}

    inverter = bundle["inverter"]
    pv = {
        "type": "pv",
        "device_id": "pv",
        "max_power_w": inverter.get("max_power_w", inverter.get("max_power_wh")),
        "dc_to_ac_efficiency": inverter.get("dc_to_ac_efficiency", 1.0),
        "series": series(bundle["pv_wh"]),
    }
    battery = {**device("battery", bundle["battery"]), "started": True}
    assets = [
        {"type": "load", "device_id": "load", "series": series(bundle["load_wh"])},
        pv,
        battery,
        {"type": "meter", "device_id": "meter"},
    ]
    if bundle.get("electric_vehicle") is not None:
        assets.append({**device("ev_charger", bundle["electric_vehicle"]), "plugged_in": True})
    if bundle.get("home_appliance") is not None:
        assets.append(device("appliance", bundle["home_appliance"]))
    return {"name": name, "start": bundle["start"], "step": STEP_S, "real_time": False, "assets": assets}
