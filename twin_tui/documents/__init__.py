"""Reading text: YAML, JSON, TOML, CSV, durations, and the files shipped with the package."""
