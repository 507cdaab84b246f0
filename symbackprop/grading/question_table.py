"""A question as a table of a TOML file says it, for `grade` and for `check --given`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symbackprop.answers.question import LAYOUTS, PARTIAL, TRANSPOSED, Question
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.given import DATA
from symbackprop.given_file import network_of
from symbackprop.grading.tables import Table
from symbackprop.latex.errors import ReadingError
from symbackprop.network import MLP
from symbackprop.notations import Notation, notation

NETWORK = ("depth", "widths", "activation", "loss", "bias", "normalization", "epsilon", "groups")
EQUATIONS = ("given", "shapes")
# how answers are read and judged, whatever the network
SHARED = ("data", "notation", "symbols", "in_terms_of", "assume", "layout", "transposed", "partial", "tolerance")
KEYS = ("ask", "network", *EQUATIONS, *SHARED)


def question_of(table: Mapping[str, object], where: str) -> Question:
    r"""The question that a table says.

    Args:
        table: `ask`, a `network` or forward equations as `given`, and how answers are read; `id` and `points`.
        where: words for the place of the table, with which every sentence begins.

    Raises:
        SymbackpropError: for a key that is missing or unknown, a value of another kind, or a quantity, a network or an
            equation that cannot be read.
    """
    said = Table(table, where)
    said.only(("id", "points", *KEYS))
    ask = said.needed("ask", r"'\frac{\partial L}{\partial W_1}'")
    points = said.number("points", 0)
    options: dict[str, Any] = {
        "id": said.text("id"),
        "points": 1.0 if points is None else points,
        "symbols": said.names("symbols"),
        "in_terms_of": said.texts("in_terms_of"),
        "assume": said.texts("assume") or [],
        "layout": said.chosen("layout", LAYOUTS) or "denominator",
        "transposed": said.chosen("transposed", TRANSPOSED) or "reject",
        "partial": said.chosen("partial", PARTIAL) or "none",
        "tolerance": said.number("tolerance", 0, above=True),
    }
    said.chosen("data", DATA)
    try:
        network, letters = _network(said)
        return Question(ask, network, notation=letters, **options)
    except ReadingError as error:
        # the excerpt stands on lines of its own
        raise SymbackpropError(f"{where}: {error}") from None
    except SymbackpropError as error:
        raise error if str(error).startswith(where) else SymbackpropError(f"{where}: {error}") from None


def _network(said: Table) -> tuple[Network, Notation | None]:
    """The network, and the letters of answers where the network has none of its own."""
    if "given" in said.values:
        if "network" in said.values:
            raise SymbackpropError(f"{said.where}: it has both a network and given equations: leave one of them out")
        own = ("given", "shapes", "data", "notation", "symbols", "assume")
        return network_of({key: said.values[key] for key in own if key in said.values}, said.where), None
    if "shapes" in said.values:
        raise SymbackpropError(f"{said.where}: shapes are of given equations: write given = '''…''' beside them")
    letters = _letters(said)
    return _mlp(said, letters.bias), letters


def _letters(said: Table) -> Notation:
    letters = notation(said.text("notation") or "lecture")
    data = said.chosen("data", DATA)
    return letters if data is None else letters.with_data(data)


def _mlp(said: Table, bias: str) -> Network:
    """The lecture's network, or what the table `network` says of it."""
    values = said.values.get("network", {})
    if not isinstance(values, dict):
        raise said.wrong("network", "a table", "one such as { depth = 2, activation = 'tanh' }")
    table = Table(values, f"{said.where}, network")
    table.only(NETWORK)
    epsilon = values.get("epsilon")
    return MLP(
        depth=_depth(table),
        widths=_widths(table),
        activation=table.text("activation") or "g",
        loss=table.text("loss") or "generic",
        bias=table.text("bias") or bias,
        normalization=None if values.get("normalization") == "none" else table.text("normalization"),
        epsilon=epsilon if isinstance(epsilon, str) else table.number("epsilon", 0, above=True),
        groups=table.whole("groups"),
    )


def _depth(table: Table) -> int | None:
    return None if table.values.get("depth") == "L" else table.whole("depth")


def _widths(table: Table) -> Sequence[int] | None:
    value = table.values.get("widths")
    is_list = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
    if value is not None and not is_list:
        raise table.wrong("widths", "a list of whole numbers", "one such as [4, 5, 5, 3]")
    return value  # type: ignore[return-value]
