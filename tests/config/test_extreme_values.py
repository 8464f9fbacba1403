"""Extreme values of every key of every device: refused with a message, or calculated with."""

from typing import Any

import pytest

from twin_tui import Twin, TwinError
from twin_tui.config.assets import asset_model
from twin_tui.documents.model import known_keys
from twin_tui.engine.device import registry

EXTREMES = (None, 5e-324, 1e-15, -1e15, 1e15, 10**400, {})
REQUIRED: dict[str, dict[str, Any]] = {
    "appliance": {"consumption_wh": 900, "duration": 3600, "profile": [2, 1]}
}
OTHERS = {"type", "name", "asset_id", "device_id", "protocols", "port"}


@pytest.mark.parametrize("kind", registry.kinds())
def test_an_extreme_value_of_any_key_is_refused_or_calculated_with(kind: str) -> None:
    beside = [{"type": "battery"}] if kind == "meter" else []
    messages = []
    accepted = 0
    for key in sorted(set(known_keys(asset_model(registry[kind]))) - OTHERS):
        for value in EXTREMES:
            asset = {"type": kind, **REQUIRED.get(kind, {}), key: value}
            try:
                twin = Twin.from_dict({"assets": [asset, *beside], "step": 1})
            except TwinError as error:
                messages.append(str(error))
                continue
            twin.advance(3)
            twin.snapshot()
            accepted += 1
    assert accepted
    assert messages
    assert all(line.startswith("site: ") for text in messages for line in text.splitlines())


def test_a_key_without_a_value_is_refused_where_the_model_needs_one() -> None:
    for kind, key, message in (
        ("pv", "peak_kw", r"assets\[0\]: peak_w has no value; remove its key"),
        ("load", "base_kw", "base_w has no value"),
        ("battery", "ambient_temp_c", "initial_cell_c has no value"),
    ):
        with pytest.raises(TwinError, match=message):
            Twin.from_dict({"assets": [{"type": kind, key: None}]})


def test_a_number_too_small_to_divide_by_is_refused() -> None:
    message = r"assets\[0\].rated_rpm: expected a number, 0 or at least 1e-15, found 5e-324"
    with pytest.raises(TwinError, match=message):
        Twin.from_dict({"assets": [{"type": "chp", "rated_rpm": 5e-324}]})
