"""The colours of the console: one role a meaning, the same in every widget, in four themes of our own."""

from collections.abc import Mapping

from textual.theme import Theme

KINDS = ("pv", "battery", "grid", "ev", "heat-pump", "chp", "load")
"""The roles of what a device is to the site: name, bar, sparkline and line of a kind have its colour."""
FLOW_ROLES = {
    "PV": "pv",
    "Battery": "battery",
    "Grid": "grid",
    "EV": "ev",
    "Heat pump": "heat-pump",
    "CHP": "chp",
    "Load": "load",
}
"""The roles of the flow groups that ship; another group has that of what its devices do with energy."""
GROUP_ROLES = {"PRODUCER": "pv", "STORAGE": "battery", "CONSUMER": "load"}

DARK: Mapping[str, str] = {
    "label": "#8b95a7",
    "axis": "#5b6780",
    "rule": "#2e3746",
    "focus": "#7aa2f7",
    "chosen": "#222c3c",
    "fresh": "#ffb454",
    "alarm": "#f7768e",
    "pv": "#f2c14e",
    "battery": "#56c596",
    "grid": "#9d8df1",
    "ev": "#5cc8e8",
    "heat-pump": "#f08a5d",
    "chp": "#e07aa4",
    "load": "#b8c0cc",
}
LIGHT: Mapping[str, str] = {
    "label": "#566073",
    "axis": "#79839a",
    "rule": "#c3cad6",
    "focus": "#2552b0",
    "chosen": "#dde5f4",
    "fresh": "#8f4b00",
    "alarm": "#b3173d",
    "pv": "#7a5a00",
    "battery": "#12693f",
    "grid": "#5b45b8",
    "ev": "#0a6480",
    "heat-pump": "#a03f12",
    "chp": "#9c2a63",
    "load": "#4b5565",
}
CONTRAST: Mapping[str, str] = {
    "label": "#d0d0d0",
    "axis": "#a8a8a8",
    "rule": "#808080",
    "focus": "#8ab8ff",
    "chosen": "#003060",
    "fresh": "#ffd000",
    "alarm": "#ff8095",
    "pv": "#ffe14d",
    "battery": "#6dffb0",
    "grid": "#c9b8ff",
    "ev": "#7fe7ff",
    "heat-pump": "#ffab80",
    "chp": "#ffa0cc",
    "load": "#f0f0f0",
}
SIXTEEN: Mapping[str, str] = {
    "label": "ansi_white",
    "axis": "ansi_white",
    "rule": "ansi_white",
    "focus": "ansi_bright_white",
    "chosen": "ansi_black",
    "fresh": "ansi_bright_white",
    "alarm": "ansi_bright_red",
    "pv": "ansi_bright_yellow",
    "battery": "ansi_bright_green",
    "grid": "ansi_bright_magenta",
    "ev": "ansi_bright_cyan",
    "heat-pump": "ansi_cyan",
    "chp": "ansi_green",
    "load": "ansi_white",
}
"""The colours of a terminal that has sixteen: red is alarm alone, bright white what a client wrote.

Yellow and magenta are left out: the console of Linux draws them too dark to read.
"""


def _theme(
    name: str, roles: Mapping[str, str], text: str, ground: str, bar: str, *, dark: bool = True
) -> Theme:
    ansi = ground.startswith("ansi_")
    own = {"ansi-background": ground, "ansi-foreground": text} if ansi else {}
    return Theme(
        name=name,
        primary=roles["focus"],
        secondary=roles["label"],
        accent=roles["focus"],
        warning=text,
        error=roles["alarm"],
        success=roles["battery"],
        foreground=text,
        background=ground,
        surface=bar,
        panel=bar,
        dark=dark,
        variables={**variables(roles), **own},
        ansi=ansi,
    )


def variables(roles: Mapping[str, str]) -> dict[str, str]:
    """Return the names under which style sheets know the colours."""
    return {f"role-{role}": colour for role, colour in roles.items()}


THEMES = {
    theme.name: theme
    for theme in (
        _theme("twin-dark", DARK, "#d7dde8", "#11151c", "#1a212c"),
        _theme("twin-light", LIGHT, "#1c2430", "#fbfcfe", "#eceff5", dark=False),
        _theme("twin-contrast", CONTRAST, "#ffffff", "#000000", "#101010"),
        _theme("twin-16", SIXTEEN, "ansi_bright_white", "ansi_black", "ansi_black"),
    )
}


def choose(wanted: str, color_system: str | None) -> str:
    """Return the theme of that name; "auto" is the dark one, or that of sixteen colours where no more are."""
    if wanted != "auto":
        return wanted
    return "twin-16" if color_system in ("standard", "windows") else "twin-dark"


def role_of(group: str, role: str = "") -> str:
    """Return the role of colour of a flow group whose devices have this role in the site's energy."""
    return FLOW_ROLES.get(group) or GROUP_ROLES.get(role, "load")
