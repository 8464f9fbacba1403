"""Recordings: the site, its seed and every event, with samples of what came of them; and their replay."""

from twin_tui.run.recording.lines import FORMAT, line
from twin_tui.run.recording.reading import Recorded, read, read_recording
from twin_tui.run.recording.recorder import EventHistory, Recorder, RecordingPlan
from twin_tui.run.recording.replaying import Difference, fresh_engine, replay
from twin_tui.run.recording.samples import Sampler, sample

__all__ = [
    "FORMAT",
    "Difference",
    "EventHistory",
    "Recorded",
    "Recorder",
    "RecordingPlan",
    "Sampler",
    "fresh_engine",
    "line",
    "read",
    "read_recording",
    "replay",
    "sample",
]
