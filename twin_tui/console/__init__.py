"""The screen: composition, keys and routing."""
