"""The values of a telemetry as a row, without the object: an ``observe`` function compiled for recordings.

Making a telemetry of forty values from keywords and reading them again costs as much as computing them. So
the last statement of ``observe``, ``return Telemetry(**several(), name=value, …)``, is compiled into a tuple
of the same expressions, in the order of the names. A function of any other form is called as it is.
"""

import ast
import inspect
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any

Row = Sequence[Any]
_SEVERAL = "_several"


def row_of(observe: Callable[..., Any], names: Collection[str]) -> Callable[..., Row]:
    """Return a function with the arguments of ``observe`` that returns the values of these names."""
    compiled = _compiled(observe, tuple(names)) if isinstance(observe, FunctionType) else None
    if compiled is not None:
        return compiled
    get = getter(names)
    return lambda *given: get(observe(*given))


def getter(names: Collection[str]) -> Callable[[Any], Row]:
    """Return a function that reads the attributes of these names."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda seen: tuple(getattr(seen, name) for name in names)


@lru_cache(maxsize=64)  # 5 ms for each type of device
def _compiled(observe: FunctionType, names: tuple[str, ...]) -> Callable[..., Row] | None:
    code = observe.__code__
    if observe.__kwdefaults__:
        return None
    try:
        tree = ast.parse(inspect.getsource(observe))
        ast.increment_lineno(tree, code.co_firstlineno - 1)
        if _function(tree, code) != code:  # another text: its file was changed since it was imported
            return None
    except (OSError, SyntaxError, TypeError):
        return None
    function = tree.body[0]
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    if not isinstance(function, ast.FunctionDef) or function.body[-1:] != returns:
        return None
    values = _values(returns[0].value, observe, names)
    if values is None:
        return None
    several, row = values
    function.body[-1:] = [ast.Assign([ast.Name(_SEVERAL, ast.Store())], several), ast.Return(row)]
    made = _function(ast.fix_missing_locations(tree), code)
    return None if made is None else FunctionType(made, observe.__globals__, argdefs=observe.__defaults__)


def _values(
    made: ast.expr | None, observe: FunctionType, names: Collection[str]
) -> tuple[ast.expr, ast.Tuple] | None:
    """Return what gives several values by name, and the row, of an expression that makes a telemetry."""
    if not isinstance(made, ast.Call) or made.args or not isinstance(made.func, ast.Name):
        return None
    telemetry = observe.__globals__.get(made.func.id)
    if not isinstance(telemetry, type) or hasattr(telemetry, "__post_init__"):
        return None
    defaults = telemetry.__init__.__defaults__  # type: ignore[misc]
    if defaults or not set(names) <= set(getattr(telemetry, "__match_args__", ())):
        return None
    single = {each.arg: each.value for each in made.keywords if each.arg}
    several = [each.value for each in made.keywords if not each.arg]
    if not several and not set(names) <= set(single):
        return None
    row = [
        single.get(name) or ast.Subscript(ast.Name(_SEVERAL, ast.Load()), ast.Constant(name), ast.Load())
        for name in names
    ]
    merged = several[0] if len(several) == 1 else ast.Dict([None] * len(several), several)
    return merged, ast.Tuple(row, ast.Load())


def _function(tree: ast.Module, like: CodeType) -> CodeType | None:
    module = compile(tree, like.co_filename, "exec", dont_inherit=True)
    return next((each for each in module.co_consts if isinstance(each, CodeType)), None)
