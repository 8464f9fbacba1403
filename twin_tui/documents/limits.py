"""Size limits of documents."""

MAX_BYTES = 32_000_000
MAX_YAML_BYTES = MAX_TOML_BYTES = 1_000_000
"""For YAML, which is slower to read; long series of values belong in a CSV file."""
MAX_DEPTH = 60
MAX_VALUES = 500_000
