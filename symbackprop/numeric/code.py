"""Python statements as they are written: lines, names of variables and functions, brackets."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

from symbackprop import expr
from symbackprop.dims import Dim, Symbol, Units, Width
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable
from symbackprop.network import MLP

# names the generated code uses itself, which an index of a formula must not take
RESERVED = frozenset(
    (
        "W",
        "b",
        "x",
        "y",
        "z",
        "h",
        "g",
        "dg",
        "d2g",
        "v",
        "u",
        "t",
        "out",
        "loss",
        "dloss",
        "slope",
        "upstream",
        "np",
        "yhat",
    )
)
# prefixes of the names of derivatives, by order
PREFIXES = ("", "d", "d2")
# in place of an order: the first derivative in terms of h = g(z)
BY_VALUE = -1


class Code:
    """Statements of a function as they are written, and how variables are called in it.

    Args:
        network: whose variables the formulas are about.
        straight: whether every layer has names of its own (`z1`, `W0`), or families are indexed (`z[l]`, `W[l]`).
        batch: whether columns are `n × N`.
    """

    def __init__(self, network: Network, straight: bool = False, batch: bool = False) -> None:
        self.network = network
        self.straight = straight
        self.batch = batch
        self.lines: list[str] = []
        self.functions: set[tuple[str, int]] = set()
        self.helpers: set[str] = set()
        # indices of sums that are worked out on whole columns
        self.spread: frozenset[str] = frozenset()
        # pre-activations z_l of which h_l = ψ(z_l) is at hand, where g'(z) is cheaper from g(z)
        self.by_value: frozenset[Expr] = frozenset()
        self._ends: dict[Variable, str] = {}
        if isinstance(network, MLP):
            self._ends = {network.output: "yhat", network.input: "x"}
        self._indent = 1
        self._names = chain("vut", (f"v{i}" for i in range(1, 10_000)))

    def line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text if text else "")

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """What is written within it stands indented under `header`."""
        self.line(header)
        self._indent += 1
        yield
        self._indent -= 1

    def fresh(self) -> str:
        """A name that nothing has yet."""
        return next(self._names)

    def variable(self, e: Variable) -> str:
        """How a variable is called."""
        if e.index is None:
            return e.name
        if e in self._ends:
            return self._ends[e]
        return f"{e.name}{e.index}" if self.straight else f"{e.name}[{self.dim(e.index)}]"

    def function(self, name: str, order: int) -> str:
        """How a function of one variable, or its derivative, is called."""
        self.functions.add((name, order))
        return function_name(name, order, self.network)

    def slope(self, name: str, at: Expr) -> str | None:
        """The derivative of the activation at `z_l` by its value `h_l`, where the code has that; else None."""
        if not isinstance(at, expr.PreActivation) or at not in self.by_value:
            return None
        assert isinstance(self.network, MLP)
        if name != self.network.activation.name:
            return None
        self.functions.add((name, BY_VALUE))
        return f"slope({self.variable(expr.Hidden(at.index))}{'[:-1]' if self.network.augmented else ''})"

    def helper(self, name: str) -> str:
        """A function that is defined above the generated one: `softmax`, `logsumexp`."""
        self.helpers.add(name)
        return name

    def dim(self, size: Dim) -> str:
        """A dim as an integer expression."""
        text = ""
        for atom, c in size.terms:
            sign = "-" if c < 0 else "+"
            factor = self._atom(atom) if abs(c) == 1 else f"{abs(c)} * {self._atom(atom)}"
            text = f"{text} {sign} {factor}" if text else f"{'-' if c < 0 else ''}{factor}"
        if not text:
            return str(size.constant)
        return f"{text} {'-' if size.constant < 0 else '+'} {abs(size.constant)}" if size.constant else text

    def _atom(self, atom: Symbol | Width | Units) -> str:
        if isinstance(atom, Symbol):
            return index_name(atom.name)
        if isinstance(atom, Units) or atom.layer == self.network.depth + 1:
            return f"len({self.variable(expr.PreActivation(atom.layer))})"
        return f"len({self.variable(expr.Hidden(atom.layer))})"

    def sum_of(self, text: str) -> str:
        """The sum of the entries of a column: of each column, in batch code."""
        return f"np.sum({text}, axis=0)" if self.batch else f"np.sum({text})"


def index_name(name: str) -> str:
    """The Python name of an integer symbol."""
    return f"{name}_" if name in RESERVED or keyword.iskeyword(name) else name


def function_name(name: str, order: int, network: Network) -> str:
    """`g`, `dg`, `d2g` for the activation of an MLP, `dtanh` for another, `dprelu_1_4` with a parameter."""
    is_its_own = isinstance(network, MLP) and name == network.activation.name
    return PREFIXES[order] + ("g" if is_its_own else re.sub(r"\W+", "_", name).rstrip("_"))


def atomic(text: str) -> bool:
    """Whether it is a name, an attribute or an item: cheap to write twice, needs no brackets."""
    return text.isidentifier() or isinstance(parsed(text), ast.Name | ast.Attribute | ast.Subscript | ast.Constant)


def grouped(text: str) -> str:
    """In brackets, unless it binds as tightly as a call."""
    return text if atomic(text) or isinstance(parsed(text), ast.Call) else f"({text})"


@lru_cache(maxsize=1024)
def parsed(text: str) -> ast.expr:
    """The syntax of a Python expression."""
    return ast.parse(text, mode="eval").body
