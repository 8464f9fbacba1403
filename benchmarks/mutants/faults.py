"""Small faults that a hand could have made in a Python source: where each one is, and what it puts there.

What no test is meant to notice is left out here, in one place: docstrings and annotations, the wording of
messages (texts, and what is in a ``raise``), ``__repr__``, decorators, ``assert``, tolerances, what the
type checker alone reads, what depends on the operating system, and whether a bound belongs to the range of a
physical quantity.
"""

import ast
import re
from dataclasses import dataclass

CONTINUOUS = re.compile(
    r"_(w|wh|var|va|v|a|hz|c|pu|k|ohm|w_m2|w_k)$|^soc|_soc$|^(power|voltage|level|factor)$"
)
"""Names of quantities that are never exactly equal to a bound: < for <= makes no difference to them."""
TOLERANCE = 1e-3
PLATFORM = {"sys.platform", "os.name"}
"""Tests run on one operating system: they do not see what is asked of another."""
UNTESTED_FUNCTIONS = {"__repr__", "__str__"}
UNTESTED_NAMES = {"__slots__", "__all__"}
UNTESTED_KEYWORDS = {"slots", "frozen", "eq", "kw_only", "strict", "metadata", "maxsize"}

ARITHMETIC: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "/",
    ast.Mod: "//",
    ast.Pow: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.BitXor: "&",
    ast.LShift: ">>",
    ast.RShift: "<<",
}
BOUNDARY: dict[type[ast.AST], str] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
OPPOSITE: dict[type[ast.AST], str] = {
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}
UNWRAPPED = ("abs", "round")


@dataclass(slots=True, frozen=True)
class Fault:
    """One fault: the text between two offsets of a file replaced by another."""

    path: str
    line: int
    last_line: int
    start: int
    end: int
    before: str
    after: str

    def plant(self, source: str) -> str:
        """Return the source with the fault in it."""
        return source[: self.start] + self.after + source[self.end :]

    def __str__(self) -> str:
        def short(text: str) -> str:
            text = " ".join(text.split())
            return text if len(text) <= 60 else f"{text[:57]}..."

        return f"{self.path}:{self.line}  {short(self.before)}  ->  {short(self.after)}"


def faults(path: str, source: str) -> list[Fault]:
    """Return every fault that is known for a source, in the order of the text."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda m: (m.start, m.end, m.after))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: str) -> None:
        self.found: list[Fault] = []
        self._path = path
        self._source = source
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        self._starts, self._lines = starts, source.splitlines(keepends=True)

    def _offset(self, line: int, column: int) -> int:
        # the columns of ast count bytes of UTF-8
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._source[start:end]

    def _plant(self, start: int, end: int, after: str) -> None:
        before = self._source[start:end]
        line = self._source.count("\n", 0, start) + 1
        last = line + before.count("\n")
        self.found.append(Fault(self._path, line, last, start, end, before, after))

    def _replace(self, node: ast.expr | ast.stmt, after: str) -> None:
        self._plant(*self._span(node), after)

    def _between(self, left: ast.expr, right: ast.expr, pattern: str, *others: str) -> None:
        """Replace the operator between two operands; brackets around these are no part of them."""
        start, end = self._span(left)[1], self._span(right)[0]
        found = re.search(pattern, self._source[start:end])
        if found is not None:
            for other in others:
                self._plant(start + found.start(), start + found.end(), other)

    def _skip(self, node: ast.AST) -> None:
        """Leave out a node and everything below it."""

    visit_JoinedStr = visit_Assert = visit_Import = visit_ImportFrom = visit_arg = _skip

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in UNTESTED_FUNCTIONS:
            return
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call | ast.Await):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if UNTESTED_NAMES.intersection(names):
            return
        if not names and not isinstance(node.targets[0], ast.Tuple):
            self._replace(node, "pass")
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if _is_text(node.value):
            return
        other = ARITHMETIC.get(type(node.op))
        if other:
            self._between(node.target, node.value, r"\S{1,3}=", f"{other}=")
        self._replace(node, "pass")
        self.visit(node.value)

    def visit_If(self, node: ast.If | ast.While | ast.IfExp) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node.test, ast.Compare) and ast.unparse(node.test.left) in PLATFORM:
            for statement in [*node.body, *node.orelse] if isinstance(node, ast.If) else ():
                self.visit(statement)
            return
        if not isinstance(node.test, ast.Constant):
            for value in ("False",) if isinstance(node, ast.While) else ("True", "False"):
                self._replace(node.test, value)
        self.generic_visit(node)

    visit_While = visit_IfExp = visit_If

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._replace(test, "True")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        continuous = any(CONTINUOUS.search(_last_name(side)) for side in sides)
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            others = [OPPOSITE[type(operator)]]
            if type(operator) in BOUNDARY and not continuous:
                others.append(BOUNDARY[type(operator)])
            self._between(left, right, r"is\s+not|not\s+in|is|in|[<>=!]=|[<>]", *others)
            if isinstance(right, ast.Constant) and isinstance(right.value, str):
                self._replace(right, repr(f"not {right.value}"))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            if len(node.values) == 2:
                self._between(left, right, rf"\b{old}\b", new)
        for part in node.values:
            self._replace(part, "True" if old == "and" else "False")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        other = ARITHMETIC.get(type(node.op))
        if other and not _is_text(node.left) and not _is_text(node.right):
            self._between(node.left, node.right, r"\*\*|//|<<|>>|[-+*/%&|^]", other)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not | ast.Invert):
            self._replace(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        number = node.value
        if isinstance(number, bool):
            self._replace(node, str(not number))
        elif isinstance(number, int):
            self._replace(node, str(number + 1))
        elif isinstance(number, float) and (number == 0.0 or abs(number) > TOLERANCE):
            self._replace(node, repr(number * 1.1 if number else 1.0))

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in UNTESTED_KEYWORDS:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _last_name(node.func)
        if name in CALLS:
            _, end = self._span(node.func)
            self._plant(end - len(name), end, CALLS[name])
        elif name in UNWRAPPED and node.args:
            self._replace(node, f"({self._text(node.args[0])})")
        if name not in ("cast", "TypeVar", "ParamSpec"):
            self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.UnaryOp):
        return _last_name(node.operand)
    if isinstance(node, ast.Call) and _last_name(node.func) in UNWRAPPED and node.args:
        return _last_name(node.args[0])
    return ""
