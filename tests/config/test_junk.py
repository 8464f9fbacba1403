"""Any data gives a site or a ConfigError."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin_tui.config import Site, load_site
from twin_tui.config.assets import asset_model
from twin_tui.config.top import SiteFile
from twin_tui.engine.device import registry
from twin_tui.engine.events import EVENT_TYPES
from twin_tui.errors import ConfigError
from twin_tui.protocols.registry import connectors

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["modbus_tcp", "s2", "ws://x", "12:00", "1m", "g99", "nordic", "2026-06-20", "x.csv", "max"]
    )
)
JUNK = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | SCALAR, inner, max_size=3)
    ),
    max_leaves=6,
)


def keyed(names: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with valid keys and arbitrary values."""
    return st.dictionaries(st.sampled_from(sorted(names)), JUNK, max_size=4)


PROTOCOL = st.builds(
    lambda kind, data: {"port": 5020, "register_map": {"registers": []}, **data, "kind": kind},
    st.sampled_from(sorted(connectors.entries())),
    keyed({key for c in connectors for key in (c.entry.model_fields if c.entry else ())}),
)


@st.composite
def assets(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(registry.kinds()))
    data = draw(keyed(set(asset_model(registry[kind]).model_fields) - {"type", "protocols"}))
    return {**data, "type": kind, "protocols": draw(st.lists(PROTOCOL, max_size=2))}


EVENT = st.builds(
    lambda name, at, data: {"event": name, "at": at, **data},
    st.sampled_from(sorted(EVENT_TYPES)),
    st.integers(0, 9) | JUNK,
    keyed(
        {"device", "values", "signal", "value", "disturbance", "fault", "duration_s", "rule", "mode", "note"}
    ),
)


def outcome(data: Any) -> str:
    lines: list[str] = []
    try:
        site = load_site(data)
    except ConfigError as error:
        lines = str(error).splitlines()
    else:
        assert isinstance(site, Site)
    assert all(line.startswith("site: ") for line in lines)
    return "refused" if lines else "accepted"


@given(
    st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(SiteFile.model_fields)), JUNK, max_size=6)
)
def test_junk_at_the_top_is_refused_with_a_message(data: dict[str, Any]) -> None:
    assert outcome(data) in ("accepted", "refused")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(assets(), max_size=3), st.lists(EVENT, max_size=2))
def test_junk_in_assets_and_events_is_refused_with_a_message(
    listed: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    assert outcome({"assets": listed, "events": events}) in ("accepted", "refused")


@given(
    keyed({"grid", "weather", "external_models", "links", "grid_code", "start", "timezone", "step", "seed"})
)
def test_junk_around_good_assets_is_refused_with_a_message(top: dict[str, Any]) -> None:
    assert outcome({"assets": [{"type": "battery"}], **top}) in ("accepted", "refused")


def test_a_valid_site_is_accepted() -> None:
    assert outcome({"assets": [{"type": "battery"}]}) == "accepted"
