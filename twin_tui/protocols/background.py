"""Tasks and callbacks of connectors that nobody waits for: what fails in one is reported all the same."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any
from weakref import WeakSet

from twin_tui.engine.agenda import ON_FAILURE


class _Task(asyncio.Task[Any]):
    """A task that knows the context in which it began, as those of Python 3.12 do."""

    def __init__(
        self,
        work: Coroutine[Any, Any, Any],
        *,
        loop: asyncio.AbstractEventLoop,
        context: Context | None = None,
        **options: Any,
    ) -> None:
        self._begun_in = copy_context() if context is None else context
        super().__init__(work, loop=loop, context=self._begun_in, **options)

    def get_context(self) -> Context:
        return self._begun_in


class Background:
    """Follows the tasks that the connectors of one twin begin; a loop with a task factory keeps its own."""

    def __init__(self) -> None:
        self._begun: WeakSet[_Task] = WeakSet()

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow the tasks that begin from now on."""
        if loop.get_task_factory() is None:
            loop.set_task_factory(self._begin)

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow no more tasks."""
        if loop.get_task_factory() == self._begin:
            loop.set_task_factory(None)

    def report_unheard(self) -> None:
        """Report the failures of tasks that somebody keeps and nobody has asked."""
        for task in list(self._begun):
            # what asyncio prints at the end of such a task, which may be long after the run
            if getattr(task, "_log_traceback", False):
                self.report({"task": task, "exception": task.exception()})

    def report(self, failed: dict[str, Any]) -> bool:
        """Report what asyncio says of a task or callback, if a connector began it; return whether it did."""
        thing = failed.get("task") or failed.get("future") or failed.get("handle")
        known = getattr(thing, "get_context", None)
        context = getattr(thing, "_context", None) if known is None else known()  # a callback of Python 3.11
        report = context.get(ON_FAILURE) if isinstance(context, Context) else ON_FAILURE.get()
        error = failed.get("exception")
        if error is None or report is None:
            return False
        report("background task", error)
        return True

    def _begin(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        task = _Task(work, loop=loop, **options)
        if task.get_context().get(ON_FAILURE) is not None:
            self._begun.add(task)
        return task
