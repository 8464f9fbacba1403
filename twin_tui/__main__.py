"""``python -m twin_tui``."""

from twin_tui.cli import main

main()
