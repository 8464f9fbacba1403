"""All verbs of the command language, each declared beside its reader."""

from twin_tui.commands.device import DEVICES
from twin_tui.commands.faults import CLEARING, FAULTS
from twin_tui.commands.grid import GRID, WEATHER
from twin_tui.commands.run import RUN
from twin_tui.commands.screen import SCREEN

GROUPS = (GRID, FAULTS, WEATHER, DEVICES, CLEARING, RUN, SCREEN)
VERBS = {verb.name: verb for group in GROUPS for verb in group.verbs}
