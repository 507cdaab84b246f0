"""The derivations that can be asked for by name, and those in a user's own file.

A derivation file defines `derive(network, style)`, which gives a `Derivation` or a `Topic`; its docstring is the title.
One that comes with the package has an `ORDER`, its place in the list.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from symbackprop.derivation import Derivation
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.notations import GREEK
from symbackprop.topic import Topic

STYLES = ("jacobian", "hadamard")
LAYOUTS = ("denominator", "numerator")


def folder() -> Path:
    """Where the derivation files are: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "derivations"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "derivations"


@cache
def names() -> tuple[str, ...]:
    """The names, in the order of the lecture."""
    files = [path for path in folder().glob("*.py") if not path.stem.startswith("_")]
    return tuple(path.stem for path in sorted(files, key=lambda path: (_module(path).ORDER, path.stem)))


@cache
def _module(path: Path) -> ModuleType:
    """A file that comes with the package; it does not change while we run."""
    return _loaded(path)


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"symbackprop_derivation_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their own module up there
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def derive(
    what: str, network: Network | None = None, *, style: str | None = None, layout: str = "denominator"
) -> Derivation | Topic:
    r"""The derivation or topic of that name, or of the file at that path, or the gradient that is asked for.

    Args:
        what: a name of `names()`, the path of a file that ends in `.py`, a gradient as
            `\frac{\partial L}{\partial W_1}`, or "all" for those by every variable.
        network: the lecture's network of symbolic depth and widths, if not given; a name is about an `MLP` only.
        style: "jacobian" (`D_l W_lᵀ`) or "hadamard" (`g'(z) ⊙ (W̃ᵀ …)`); the former, if not given, and the latter for
            a network of equations.
        layout: "denominator" (gradients are columns) or "numerator" (rows).

    Raises:
        ReadingError: for a gradient that cannot be read.
        SymbackpropError: for an unknown name, style or layout, or a file that is not a derivation.
    """
    style = style or ("hadamard" if isinstance(network, ForwardNetwork) else "jacobian")
    for option, value, known in (("style", style, STYLES), ("layout", layout, LAYOUTS)):
        if value not in known:
            raise SymbackpropError(f"there is no {option} {value!r}: write one of {', '.join(known)}")
    if not isinstance(what, str):
        raise SymbackpropError(f"{what!r} is no name of a derivation: write one of {', '.join(names())}")
    if what == "all" or not (what.endswith(".py") or what.replace("_", "").isalnum()):
        made = _asked(what, network or MLP(), style)
        return made.oriented() if layout == "numerator" else made
    if network is not None and not isinstance(network, MLP):
        raise SymbackpropError(
            f"the derivation {what} is about an MLP: ask this network for a gradient, as "
            r"\frac{\partial L}{\partial W}, or for all"
        )
    found = _written_by_user(Path(what)) if what.endswith(".py") else _known(what)
    named = _called(found, what, network or MLP(), style)
    title = (found.__doc__ or "").strip().partition("\n")[0] or what
    named = named.called(found.__name__.removeprefix("symbackprop_derivation_"), title)
    return named.oriented() if layout == "numerator" else named


def _asked(what: str, network: Network, style: str) -> Topic:
    """The gradient that LaTeX asks for, or all."""
    from symbackprop.asked import all_gradients, gradient_of

    if what == "all":
        return all_gradients(network, style).called("gradients", "The gradients by every variable")
    from symbackprop.latex.parse import parse

    notation = network.reading if isinstance(network, ForwardNetwork) else "lecture"
    tree = parse(what, notation, network)
    if not isinstance(tree, Partial) or tree.of != LOSS:
        raise SymbackpropError(
            f"{what} is not a gradient of the loss: write one as \\frac{{\\partial L}}{{\\partial W}}, or all"
        )
    wrt = tree.wrt
    return gradient_of(wrt, network, style).called("gradient", f"The gradient by {_in_words(wrt)}")


# what there are small signs below the line for
_LOWERED = str.maketrans("0123456789aehijklmnoprstuvx+-", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋")


def _in_words(e: Expr) -> str:
    """A variable in a title, which has no formulas: `W₁`, `hₜ`, `W_f`."""
    head, _, place = str(e).partition("_")
    head = GREEK.get(head, head)
    if not place:
        return head
    place = place.strip("{}")
    return head + place.translate(_LOWERED) if all(ord(sign) in _LOWERED for sign in place) else f"{head}_{place}"


def _known(name: str) -> ModuleType:
    file = folder() / f"{name}.py"
    # the list is for whoever asks for it: to make it, every derivation is loaded
    if not (name.isidentifier() and file.is_file()):
        raise SymbackpropError(
            f"there is no derivation {name!r}: write one of {', '.join(names())}, or the path of a .py file"
        )
    return _module(file)


def _written_by_user(path: Path) -> ModuleType:
    if not path.is_file():
        raise SymbackpropError(f"there is no file {path}: write the path of a derivation file, or a name from the list")
    try:
        # read anew each time: in a notebook, a file is edited between two calls
        module = _loaded(path.resolve())
    except (Exception, SystemExit) as error:
        raise SymbackpropError(f"the derivation file {path} does not run: {_where(error, path)}{error}") from error
    if not callable(getattr(module, "derive", None)):
        raise SymbackpropError(f"the derivation file {path} has no function derive(network, style): write one")
    return module


def _called(module: ModuleType, what: str, network: MLP, style: str) -> Derivation | Topic:
    try:
        made = module.derive(network, style)
    except SymbackpropError:
        raise
    except (Exception, SystemExit) as error:
        where = _where(error, Path(module.__file__ or what))
        raise SymbackpropError(f"the derivation {what} failed: {where}{error}") from error
    if not isinstance(made, Derivation | Topic):
        raise SymbackpropError(
            f"the derivation {what} returned {type(made).__name__}: derive must return a Derivation or a Topic"
        )
    return made


def _where(error: BaseException, path: Path) -> str:
    """`line 7, NameError: `: the last place of the error that lies in the file."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{'' if line is None else f'line {line}, '}{type(error).__name__}: "
