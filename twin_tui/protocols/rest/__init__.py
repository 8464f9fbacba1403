"""HTTP: status in the form of EOS, telemetry, events."""
