"""Every command knows who set it as it is now, and since when: a client, a mode, S2, a file, a watchdog."""

from dataclasses import replace
from typing import Any

import pytest

from twin_tui import CommandError, Twin
from twin_tui.engine.snapshot import Author

EMS = "127.0.0.1:42022"
SETPOINT = "active_power_setpoint_w"


def site(**more: Any) -> Twin:
    battery = {
        "type": "battery",
        "name": "b",
        "capacity_kwh": 20,
        "max_charge_kw": 10,
        "max_discharge_kw": 10,
    }
    return Twin.from_dict({"grid_code": "none", "assets": [battery], **more})


def authors(twin: Twin) -> dict[str, Author]:
    """Return the authors, their times without what the last bit of a step adds."""
    found = twin.snapshot().device("b").authors
    return {name: replace(author, since_s=round(author.since_s, 6)) for name, author in found.items()}


def test_nobody_has_set_what_is_as_at_the_start() -> None:
    assert authors(site()) == {}


def test_a_write_names_its_client_its_time_and_its_value() -> None:
    twin = site()
    twin.advance(10.0)
    twin["b"].write(origin=EMS, start_stop="Power On", active_power_setpoint_w=5_000)
    twin.advance(3.0)
    assert authors(twin)[SETPOINT] == Author(EMS, 10.1, 5_000.0)
    assert authors(twin)["start_stop"].who == EMS
    twin["b"].write(active_power_setpoint_w=1_000)
    twin.step_once()
    assert authors(twin)[SETPOINT].who == "python"
    assert authors(twin)["start_stop"].who == EMS


def test_an_event_of_the_site_file_is_its_author() -> None:
    twin = site(events=[{"at": "5s", "do": "write b active_power_setpoint_w 2kW"}])
    twin.advance(6.0)
    assert authors(twin)[SETPOINT] == Author("site file", 5.1, 2_000.0)


def test_a_mode_is_the_author_of_the_setpoint_that_it_moves_until_a_write_ends_it() -> None:
    twin = site()
    twin["b"].write(origin=EMS, start_stop="Power On", active_power_setpoint_w=5_000)
    twin.advance(60.0)
    twin["b"].select_mode("FORCED_DISCHARGE", 0.3)
    twin.advance(30.0)
    assert authors(twin)[SETPOINT] == Author("mode FORCED_DISCHARGE", 60.1, 3_000.0)
    device = twin.engine.devices["b"]
    assert device.writer(SETPOINT, 0.1) == Author(EMS, 0.1, 5_000.0), "the last write stays known"
    twin["b"].select_mode("")
    twin.step_once()
    assert authors(twin)[SETPOINT] == Author(EMS, 0.1, 5_000.0)


def test_a_forced_value_is_that_of_the_one_who_forced_it_even_under_a_mode() -> None:
    twin = site()
    twin["b"].write(start_stop="Power On")
    twin["b"].select_mode("FORCED_DISCHARGE", 0.3)
    twin.advance(1.0)
    twin["b"].force(SETPOINT, 4_000)
    twin.advance(1.0)
    assert authors(twin)[SETPOINT] == Author("python", 1.1, 4_000.0)


def test_what_is_refused_has_no_author() -> None:
    twin = site()
    for wrong in ({"start_stop": 99}, {"soc_upper_limit_1": 7.0}):
        with pytest.raises(CommandError, match="takes"):
            twin["b"].write(origin=EMS, **wrong)
    assert authors(twin) == {}
