"""The prequalification of a Nordic frequency reserve: test signals, rows of requirements, the export."""

from twin_tui.run.prequalification.exam import NOT_JUDGED, Reserve, examine
from twin_tui.run.prequalification.export import write_csv
from twin_tui.run.prequalification.rows import Requirement

__all__ = ["NOT_JUDGED", "Requirement", "Reserve", "examine", "write_csv"]
