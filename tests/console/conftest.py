"""Consoles are waited for as in tests/widgets."""

from tests.widgets.conftest import consoles_are_waited_for_by_their_loop

__all__ = ["consoles_are_waited_for_by_their_loop"]
