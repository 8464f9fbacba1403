"""Writes the keys of docs/console.md from their declarations: `python -m docs.make_console`."""

from pathlib import Path

from twin_tui.console.help_text import key_rows
from twin_tui.console.keys import GROUPS, Keys
from twin_tui.widgets.keys import key_text

PAGE = Path(__file__).parent / "console.md"
BEGIN = "<!-- keys: written by `python -m docs.make_console`; edit twin_tui/console/keys.py -->\n"
END = "<!-- end of keys -->\n"


def page() -> str:
    """Return the page with the keys as they are declared."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def table() -> str:
    """Return one table of keys under each heading of the help."""
    keys = Keys({})
    lines = []
    for title in GROUPS:
        lines += [f"\n**{title}**\n", "| key | does | name |", "|---|---|---|"]
        for names, what in key_rows(title, keys):
            pressed = " ".join(f"`{key_text(key)}`" for name in names for key in keys.pressed[name])
            named = (
                " ".join(f"`{name}`" for name in names) if len(names) < 9 else f"`{names[0]}` … `{names[-1]}`"
            )
            lines.append(f"| {pressed} | {what} | {named} |")
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
