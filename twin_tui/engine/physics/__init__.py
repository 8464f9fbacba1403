"""The equations: pure functions of numbers, each with its units, its source and where it holds."""
