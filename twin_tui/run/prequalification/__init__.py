"""The prequalification of a Nordic frequency reserve: test signals, rows of requirements, the export."""

from twin_tui.run.prequalification.exam import NOT_JUDGED, Reserve, examine
from twin_tui.run.prequalification.export import write_csv
from twin_tui.run.prequalification.rows import Row

__all__ = ["NOT_JUDGED", "Reserve", "Row", "examine", "write_csv"]
