"""Which reader of the tree lacks which node: none, but for what has no such reading."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest

from symbackprop.expr import Expr
from symbackprop.tree import node

# every reader that has no answer for a node it does not know: the module that completes its cases, its name there
READERS = {
    "shape": ("symbackprop.shapes", "shape"),
    "entries": ("symbackprop.entries", "entries"),
    "layout": ("symbackprop.render.layout", "layout"),
    "speech": ("symbackprop.render.speech", "speak"),
    "prime field": ("symbackprop.judges.forward", "push"),
    "floats": ("symbackprop.judges.steps", "value"),
    "explicit SymPy": ("symbackprop.explicit", "explicit"),
    "NumPy": ("symbackprop.numeric.action", "emit"),
    "form of NumPy values": ("symbackprop.numeric.action", "form"),
}
LACKING = {
    "entries": {
        # a singular value is a root of a polynomial in the entries, not a sum of products of them, and neither is the
        # largest of several numbers
        *("SingularValue", "SingularValueAt", "SpectralSum", "OverUnit", "Extreme"),
        # a distribution and a family have no entries; those of moments and predictions are no sums of products of the
        # entries of what they are made of
        *("Gaussian", "Expectation", "Variance", "Family", "Prediction"),
    },
    # a family is many values
    "form of NumPy values": {"Family"},
}


def kinds(base: type[Expr]) -> Iterator[type[Expr]]:
    """The nodes of the package below a base, without the bases themselves and without what only printers make."""
    for kind in base.__subclasses__():
        ours = kind.__module__.startswith("symbackprop.") and not kind.__module__.startswith("symbackprop.render.")
        if ours and "_fields" in vars(kind) and not kind.__name__.startswith("_"):
            yield kind
        yield from kinds(kind)


def lacking(reader: str) -> set[str]:
    """Names of the nodes for which a reader has nothing but its complaint."""
    module, name = READERS[reader]
    read = getattr(import_module(module), name)
    return {kind.__name__ for kind in kinds(Expr) if read.dispatch(kind) is read.dispatch(object)}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_knows_every_node(reader: str) -> None:
    assert lacking(reader) == LACKING.get(reader, set())


def test_a_node_that_no_reader_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    @node
    class Trace(Expr):
        operand: Expr

    monkeypatch.setattr(Trace, "__module__", "symbackprop.expr")
    assert all("Trace" in lacking(reader) for reader in READERS)
    # the class is held by its base until it is collected: from here on it is none of the package's
    monkeypatch.undo()
    assert not any("Trace" in lacking(reader) for reader in READERS)
