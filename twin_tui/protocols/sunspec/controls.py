"""The controls of the models: points that act together, with their enable, timers and fallback."""

from collections.abc import Mapping
from dataclasses import field

from twin_tui.engine.signals import value


@value
class PointControl:
    """One control: its function, the point that enables it, and those that it acts by."""

    function: str
    enable: str
    points: tuple[str, ...]
    revert: str
    """The time after which it falls back, s."""
    window: str = ""
    """The time within which it takes effect at random, s."""
    ramp: str = ""
    """The time in which the power moves to the new limit, s."""
    rest: str = ""
    """What is left of the time of reversion, s."""
    fallback: Mapping[str, str] = field(default_factory=dict)
    """Point → the point with its value after reversion; the enable without one falls back to disabled."""

    @property
    def names(self) -> frozenset[str]:
        """The registers whose writes concern the control."""
        return frozenset((self.enable, *self.points, self.revert))


def _immediate(function: str, name: str, enable: str, *points: str, ramp: bool = False) -> PointControl:
    """Return a control of model 123."""
    timers = f"m123_{name}_"
    return PointControl(
        function,
        f"m123_{enable}",
        tuple(f"m123_{point}" for point in points),
        revert=timers + "RvrtTms",
        window=timers + "WinTms",
        ramp=timers + "RmpTms" if ramp else "",
    )


def _der(function: str, name: str, fallback: Mapping[str, str], *points: str) -> PointControl:
    """Return a control of model 704."""
    both = {f"{name}Ena": f"{name}EnaRvrt", **fallback}
    return PointControl(
        function,
        f"m704_{name}Ena",
        tuple(f"m704_{point}" for point in (*fallback, *points)),
        revert=f"m704_{name}RvrtTms",
        rest=f"m704_{name}RvrtRem",
        fallback={f"m704_{point}": f"m704_{other}" for point, other in both.items()},
    )


LIMIT, FACTOR, VAR, POWER, STORAGE, CONNECTION = "limit", "factor", "var", "power", "storage", "connection"

CONTROLS = (
    _immediate(LIMIT, "WMaxLimPct", "WMaxLim_Ena", "WMaxLimPct", ramp=True),
    _immediate(FACTOR, "OutPFSet", "OutPFSet_Ena", "OutPFSet"),
    _immediate(VAR, "VArPct", "VArPct_Ena", "VArWMaxPct", "VArMaxPct", "VArPct_Mod"),
    _immediate(CONNECTION, "Conn", "Conn"),
    PointControl(
        STORAGE,
        "m124_StorCtl_Mod",
        ("m124_InWRte", "m124_OutWRte", "m124_WChaMax"),
        revert="m124_InOutWRte_RvrtTms",
        window="m124_InOutWRte_WinTms",
        ramp="m124_InOutWRte_RmpTms",
    ),
    _der(LIMIT, "WMaxLimPct", {"WMaxLimPct": "WMaxLimPctRvrt"}),
    _der(FACTOR, "PFWInj", {"PFWInj_PF": "PFWInjRvrt_PF", "PFWInj_Ext": "PFWInjRvrt_Ext"}),
    _der(POWER, "WSet", {"WSet": "WSetRvrt", "WSetPct": "WSetPctRvrt"}, "WSetMod"),
    _der(VAR, "VarSet", {"VarSet": "VarSetRvrt", "VarSetPct": "VarSetPctRvrt"}, "VarSetMod"),
)

POWER_SETTINGS = ("m121_WMax", "m702_WMax")
"""The greatest power as a setting: one quantity in two models."""
RAMP_SETTINGS = ("m121_WGra", "m704_WRmp")
"""The ramp as a setting, % of the rating a second."""
