"""Twin TUI: a digital twin of an energy site that lives in a terminal."""
