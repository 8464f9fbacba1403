"""``python -m twin_tui``."""

from twin_tui.cli.main import main

main()
