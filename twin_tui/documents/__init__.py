"""Reading text: YAML, JSON, CSV, durations, and the files that come with the package."""
