"""How large a document may be."""

MAX_BYTES = 32_000_000
MAX_YAML_BYTES = 1_000_000
"""Of a YAML file, which takes longer to read; series of many values belong in a CSV file."""
MAX_DEPTH = 60
MAX_VALUES = 500_000
