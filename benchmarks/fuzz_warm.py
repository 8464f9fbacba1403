"""Imports what the cases of the fuzz use, for the process that its workers are forked from."""

import httpx  # noqa: F401

import benchmarks.fuzz_targets  # noqa: F401
import twin_tui.cli.check
import twin_tui.cli.compare
import twin_tui.cli.plan_replay
import twin_tui.cli.registers
import twin_tui.cli.replay
import twin_tui.cli.run
import twin_tui.cli.schemas
import twin_tui.console.start
import twin_tui.protocols.eos.live
import twin_tui.protocols.rest.app
import twin_tui.protocols.s2.conversation
import twin_tui.run.scenario  # noqa: F401
