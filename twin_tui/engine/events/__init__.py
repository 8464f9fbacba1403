"""Everything that changes a run: each event is one class with its data, its check and what it does."""

from twin_tui.engine.events.commands import Pin, Unpin, Write
from twin_tui.engine.events.faults import END_OF_DURATION, ClearFault, ClearLinkFault, Fault, LinkFault
from twin_tui.engine.events.modes import Instruct, ReportStatus, Revoke, SelectControl, SelectMode
from twin_tui.engine.events.registry import EVENT_TYPES, check_types, event, from_dict, to_dict
from twin_tui.engine.events.site import ClearDisturbance, ClearEverything, Disturb, Mark, TimeGap
from twin_tui.engine.running import PYTHON, Event
from twin_tui.engine.signals import Scalar

__all__ = [
    "END_OF_DURATION",
    "EVENT_TYPES",
    "PYTHON",
    "ClearDisturbance",
    "ClearEverything",
    "ClearFault",
    "ClearLinkFault",
    "Disturb",
    "Event",
    "Fault",
    "Instruct",
    "LinkFault",
    "Mark",
    "Pin",
    "ReportStatus",
    "Revoke",
    "Scalar",
    "SelectControl",
    "SelectMode",
    "TimeGap",
    "Unpin",
    "Write",
    "check_types",
    "event",
    "from_dict",
    "to_dict",
]
