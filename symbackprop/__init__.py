"""symbackprop: backpropagation written out, proved and checked.

>>> import symbackprop as sb
>>> d = sb.derive("weight_gradient")
>>> len(d.steps), d.steps[0].rule.name
(9, 'row of the weights')

Names are imported where they are first used: `import symbackprop` alone loads neither SymPy nor NumPy.
"""

from __future__ import annotations

import sys

# importing typing would be a tenth of the time that --help takes
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from symbackprop.activations import function as function
    from symbackprop.answers.check import check as check
    from symbackprop.derivation import Derivation as Derivation
    from symbackprop.errors import SymbackpropError as SymbackpropError
    from symbackprop.from_sympy import from_sympy as from_sympy
    from symbackprop.given import Network as Network
    from symbackprop.latex.parse import parse as parse
    from symbackprop.library import derive as derive
    from symbackprop.network import MLP as MLP
    from symbackprop.numeric.bounds import BoundLadder as BoundLadder
    from symbackprop.numeric.compile import lambdify as lambdify
    from symbackprop.render.latex import latex as latex
    from symbackprop.symbolic import to_sympy as to_sympy
    from symbackprop.topic import Topic as Topic
    from symbackprop.verify import verify as verify
else:
    ModuleType = type(sys)

__version__ = "0.1.0"

_HOMES = {
    "BoundLadder": "symbackprop.numeric.bounds",
    "check": "symbackprop.answers.check",
    "Derivation": "symbackprop.derivation",
    "SymbackpropError": "symbackprop.errors",
    "derive": "symbackprop.library",
    "function": "symbackprop.activations",
    "from_sympy": "symbackprop.from_sympy",
    "MLP": "symbackprop.network",
    "Network": "symbackprop.given",
    "parse": "symbackprop.latex.parse",
    "lambdify": "symbackprop.numeric.compile",
    "latex": "symbackprop.render.latex",
    "to_sympy": "symbackprop.symbolic",
    "Topic": "symbackprop.topic",
    "verify": "symbackprop.verify",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"symbackprop has no {name}: it has {', '.join(__all__)}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package: importing its module `verify` or `latex` does not put the module in the function's place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
