"""What declarations say of their fields: the text under each, and its unit; for pages and schemas."""

import ast
import inspect
import re
import sys
import textwrap
from typing import Any

_PAIRS = (
    "kw_per_s=kW/s w_per_s=W/s percent_per_s=%/s pu_per_s=1/s a_per_s=A/s j_per_k=J/K w_per_k=W/K per_k=1/K "
    "per_hour=1/h kwh=kWh wh=Wh kva=kVA va=VA kvarh=kvarh varh=varh kvar=kvar var=var kw=kW w=W "
    "percentage=% percent=% deg=° m2=m² "
    "mva=MVA ohm=Ω "
    "rpm=1/min hz=Hz pu=1 share=1 fraction=1 eff=1 efficiency=1 ratio=1 s=s h=h v=V a=A c=°C k=K l=l"
)
_UNITS = dict(pair.split("=") for pair in _PAIRS.split())


def unit_of(key: str) -> str:
    """Return the unit that a key ends with: kWh of capacity_kwh, "" where it says none."""
    return next((unit for suffix, unit in _UNITS.items() if key.endswith(f"_{suffix}")), "")


def field_texts(cls: type[Any]) -> dict[str, str]:
    """Return the text under each field of a class and of those it is made from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if not each.__module__.startswith("twin_tui"):
            continue
        try:
            source = textwrap.dedent(inspect.getsource(each))
        except (OSError, TypeError):
            continue
        tree = ast.parse(source).body[0]
        assert isinstance(tree, ast.ClassDef)
        for field, text in zip(tree.body, tree.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[field.target.id] = plain_text(str(text.value.value), each)
    return found


def plain_text(text: str, cls: type[Any]) -> str:
    """Return a docstring as one line, with the constants that it names put in."""
    scope = vars(sys.modules[cls.__module__])
    text = re.sub(r"``([A-Z_]{3,}_K)``", lambda found: f"{scope[found[1]]:g} K", text)
    return " ".join(text.replace("``", "`").split())
