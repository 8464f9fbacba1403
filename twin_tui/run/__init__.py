"""One run: pacing, recording, replay, scenarios and their verdicts."""
