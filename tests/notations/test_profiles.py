r"""The notations of courses and books: their own formulas, as they write them, and what every table must hold.

The LaTeX was written by hand from the sources. Where one of them writes entries `w^l_{jk}` the scripts stand in the
other order here, `w_{jk}^l`, which TeX sets alike.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, dim, index, units
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Bias,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Kronecker,
    Partial,
    PreActivation,
    Product,
    Row,
    Sum,
    Target,
    Transpose,
    Weight,
)
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.notations import Notation, names, notation
from symbackprop.render.latex import latex
from symbackprop.render.plain import plain
from symbackprop.statements import Chain, equal

l, i, j, k = index("l"), index("i"), index("j"), index("k")
COURSES = [name for name in names() if name != "lecture"]
SEPARATE = MLP(bias="separate")
ONE_LAYER = MLP(1, bias="separate")


def z(at):
    return PreActivation(dim(at))


def h(at):
    return Hidden(dim(at))


def W(at):
    return Weight(dim(at))


def b(at):
    return Bias(dim(at))


def d(of: Expr) -> Partial:
    return Partial(LOSS, of)


def slope(of: Expr) -> Elementwise:
    return Elementwise("g", of, 1)


def same(text: str) -> str:
    """Without the blanks that TeX takes no notice of."""
    return re.sub(r"\s+", "", text.replace(r"\left", "").replace(r"\right", ""))


# --- the formulas of each source --------------------------------------------------------------------------------------

BOOKS: dict[str, list[tuple[Chain, str]]] = {
    # chapter 2, (25) and BP1 to BP4; the first layer is the input, so w^l leads to layer l
    "nielsen": [
        (equal(z(l), W(l - 1) @ h(l - 1) + b(l - 1)), r"z^l = w^l a^{l-1} + b^l"),
        (equal(h(l), Elementwise("g", z(l))), r"a^l = \sigma(z^l)"),
        (equal(d(z(l)), Hadamard((W(l).T @ d(z(l + 1)), slope(z(l))))),
         r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)"),
        (equal(d(b(l - 1)), d(z(l))), r"\frac{\partial C}{\partial b^l} = \delta^l"),
        (equal(d(Entry(b(l - 1), j)), Entry(d(z(l)), j)), r"\frac{\partial C}{\partial b_j^l} = \delta_j^l"),
        (equal(d(Entry(W(l - 1), j, k)), Entry(h(l - 1), k) @ Entry(d(z(l)), j)),
         r"\frac{\partial C}{\partial w_{jk}^l} = a_k^{l-1} \delta_j^l"),
        (equal(d(W(l - 1)), d(z(l)) @ h(l - 1).T), r"\frac{\partial C}{\partial w^l} = \delta^l (a^{l-1})^T"),
        (equal(z(L + 1), W(L) @ h(L) + b(L)), r"z^L = w^L a^{L-1} + b^L"),
        (equal(z(1), W(0) @ h(0) + b(0)), r"z^2 = w^2 a^1 + b^2"),
    ],
    # (5.48), (5.49), (5.53), (5.56), with the layers that he writes in section 5.1
    "bishop": [
        (equal(Entry(z(l), j), IndexedSum("i", ONE, units(l - 1), Entry(W(l - 1), j, i) @ Entry(h(l - 1), i))),
         r"a_j^{(l)} = \sum_{i=1}^{M_{l-1}} w_{ji}^{(l)} z_i^{(l-1)}"),
        (equal(Entry(h(l), j), Elementwise("g", Entry(z(l), j))), r"z_j^{(l)} = h(a_j^{(l)})"),
        (equal(d(Entry(W(l - 1), j, i)), Entry(d(z(l)), j) @ Entry(h(l - 1), i)),
         r"\frac{\partial E_n}{\partial w_{ji}^{(l)}} = \delta_j^{(l)} z_i^{(l-1)}"),
        (equal(Entry(d(z(l)), j),
               slope(Entry(z(l), j)) @ IndexedSum("k", ONE, units(l + 1), Entry(W(l), k, j) @ Entry(d(z(l + 1)), k))),
         r"\delta_j^{(l)} = h'(a_j^{(l)}) \sum_{k=1}^{M_{l+1}} w_{kj}^{(l+1)} \delta_k^{(l+1)}"),
        (equal(Entry(b(l - 1), j), Entry(b(l - 1), j)), r"w_{j0}^{(l)} = w_{j0}^{(l)}"),
        (equal(d(z(L + 1)), d(z(L + 1))), r"\frac{\partial E_n}{\partial \mathbf{y}} = "
                                          r"\frac{\partial E_n}{\partial \mathbf{y}}"),
        (equal(z(L + 1), Target()), r"\mathbf{y} = \mathbf{t}"),
    ],
    # algorithms 6.3 and 6.4; g there is the gradient by what it was computed for last
    "goodfellow": [
        (equal(z(l), Sum((b(l - 1), W(l - 1) @ h(l - 1)))),
         r"\mathbf{a}^{(k)} = \mathbf{b}^{(k)} + \mathbf{W}^{(k)} \mathbf{h}^{(k-1)}"),
        (equal(h(l), Elementwise("g", z(l))), r"\mathbf{h}^{(k)} = f(\mathbf{a}^{(k)})"),
        (equal(z(L + 1), Target()), r"\hat{\mathbf{y}} = \mathbf{y}"),
        (equal(d(z(l)), Hadamard((d(h(l)), slope(z(l))))),
         r"\nabla_{\mathbf{a}^{(k)}} J = (\nabla_{\mathbf{h}^{(k)}} J) \odot f'(\mathbf{a}^{(k)})"),
        (equal(d(b(l - 1)), d(z(l))), r"\nabla_{\mathbf{b}^{(k)}} J = \nabla_{\mathbf{a}^{(k)}} J"),
        (equal(d(W(l - 1)), d(z(l)) @ h(l - 1).T),
         r"\nabla_{\mathbf{W}^{(k)}} J = (\nabla_{\mathbf{a}^{(k)}} J) \mathbf{h}^{(k-1)\top}"),
        (equal(d(h(l - 1)), W(l - 1).T @ d(z(l))),
         r"\nabla_{\mathbf{h}^{(k-1)}} J = \mathbf{W}^{(k)\top} \nabla_{\mathbf{a}^{(k)}} J"),
        (equal(d(W(L)), d(z(L + 1)) @ h(L).T),
         r"\nabla_{\mathbf{W}^{(l)}} J = (\nabla_{\hat{\mathbf{y}}} J) \mathbf{h}^{(l-1)\top}"),
    ],
    # course 1, weeks 3 and 4, for one example
    "ng": [
        (equal(z(l), W(l - 1) @ h(l - 1) + b(l - 1)), "Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}"),
        (equal(h(l), Elementwise("g", z(l))), "A^{[l]} = g^{[l]}(Z^{[l]})"),
        (equal(d(z(l)), Hadamard((d(h(l)), slope(z(l))))), "dZ^{[l]} = dA^{[l]} * g'^{[l]}(Z^{[l]})"),
        (equal(d(z(l)), Hadamard((W(l).T @ d(z(l + 1)), slope(z(l))))),
         "dZ^{[l]} = (W^{[l+1]T} dZ^{[l+1]}) * g'^{[l]}(Z^{[l]})"),
        (equal(d(W(l - 1)), d(z(l)) @ h(l - 1).T), "dW^{[l]} = dZ^{[l]} A^{[l-1]T}"),
        (equal(d(b(l - 1)), d(z(l))), "db^{[l]} = dZ^{[l]}"),
        (equal(d(h(l - 1)), W(l - 1).T @ d(z(l))), "dA^{[l-1]} = W^{[l]T} dZ^{[l]}"),
        (equal(d(W(0)), d(z(1)) @ h(0).T), "dW^{[1]} = dZ^{[1]} X^T"),
        (equal(d(z(L + 1)).T, d(z(L + 1)).T), "dZ^{[L]T} = dZ^{[L]T}"),
        (equal(Entry(d(z(l)), i), Entry(z(l), i)), "dz_i^{[l]} = z_i^{[l]}"),
    ],
    # assignments 1 and 2: h = σ(x W_1 + b_1), θ = h W_2 + b_2, δ_1 = ∂J/∂θ and so on, here counted by layers
    "cs224n": [
        (equal(z(1), W(0) @ h(0) + b(0)), r"\mathbf{z}_1 = \mathbf{x} \mathbf{W}_1 + \mathbf{b}_1"),
        (equal(z(L + 1), W(L) @ h(L) + b(L)),
         r"\boldsymbol{\theta} = \mathbf{h}_{L-1} \mathbf{W}_L + \mathbf{b}_L"),
        (equal(h(l), Elementwise("g", z(l))), r"\mathbf{h}_l = \sigma(\mathbf{z}_l)"),
        (equal(d(z(l)), Hadamard((d(h(l)), slope(z(l))))),
         r"\boldsymbol{\delta}_l = \frac{\partial J}{\partial \mathbf{h}_l} \circ \sigma'(\mathbf{z}_l)"),
        (equal(d(z(l)), Hadamard((slope(z(l)), W(l).T @ d(z(l + 1))))),
         r"\boldsymbol{\delta}_l = \sigma'(\mathbf{z}_l) \circ (\boldsymbol{\delta}_{l+1} \mathbf{W}_{l+1}^\top)"),
        (equal(d(W(l - 1)), d(z(l)) @ h(l - 1).T),
         r"\frac{\partial J}{\partial \mathbf{W}_l} = \mathbf{h}_{l-1}^\top \boldsymbol{\delta}_l"),
        (equal(d(b(l - 1)), d(z(l))), r"\frac{\partial J}{\partial \mathbf{b}_l} = \boldsymbol{\delta}_l"),
        (equal(d(h(0)), W(0).T @ d(z(1))),
         r"\frac{\partial J}{\partial \mathbf{x}} = \boldsymbol{\delta}_1 \mathbf{W}_1^\top"),
        (equal(Kronecker(i, k), Entry(d(z(l)), i)), r"\kappa_{i,k} = \delta_{l,i}"),
    ],
    # the case study: dW2 = np.dot(hidden_layer.T, dscores), dhidden = np.dot(dscores, W2.T), db2 = dscores, …
    "cs231n": [
        (equal(z(2), W(1) @ h(1) + b(1)), "s = h_1 W_2 + b_2"),
        (equal(h(1), Elementwise("g", z(1))), "h_1 = f(z_1)"),
        (equal(d(W(1)), d(z(2)) @ h(1).T), "dW_2 = h_1^T ds"),
        (equal(d(b(1)), d(z(2))), "db_2 = ds"),
        (equal(d(h(1)), W(1).T @ d(z(2))), "dh_1 = ds W_2^T"),
        (equal(d(z(1)), Hadamard((d(h(1)), slope(z(1))))), "dz_1 = dh_1 * f'(z_1)"),
        (equal(d(W(0)), d(z(1)) @ h(0).T), "dW_1 = x^T dz_1"),
        (equal(d(h(0)), W(0).T @ d(z(1))), "dx = dz_1 W_1^T"),
    ],
    # section 5.3.3, with the layers that its parameters carry; ⊙ and φ as there
    "d2l": [
        (equal(z(1), W(0) @ h(0) + b(0)), r"\mathbf{z}^{(1)} = \mathbf{W}^{(1)} \mathbf{x} + \mathbf{b}^{(1)}"),
        (equal(h(1), Elementwise("g", z(1))), r"\mathbf{h}^{(1)} = \phi(\mathbf{z}^{(1)})"),
        (equal(z(2), W(1) @ h(1) + b(1)), r"\mathbf{o} = \mathbf{W}^{(2)} \mathbf{h}^{(1)} + \mathbf{b}^{(2)}"),
        (equal(d(W(1)), d(z(2)) @ h(1).T),
         r"\frac{\partial J}{\partial \mathbf{W}^{(2)}} = \frac{\partial J}{\partial \mathbf{o}} \mathbf{h}^{(1)\top}"),
        (equal(d(h(1)), W(1).T @ d(z(2))),
         r"\frac{\partial J}{\partial \mathbf{h}^{(1)}} = \mathbf{W}^{(2)\top} \frac{\partial J}{\partial \mathbf{o}}"),
        (equal(d(z(1)), Hadamard((d(h(1)), slope(z(1))))),
         r"\frac{\partial J}{\partial \mathbf{z}^{(1)}} = \frac{\partial J}{\partial \mathbf{h}^{(1)}}"
         r" \odot \phi'(\mathbf{z}^{(1)})"),
        (equal(d(W(0)), d(z(1)) @ h(0).T),
         r"\frac{\partial J}{\partial \mathbf{W}^{(1)}} = "
         r"\frac{\partial J}{\partial \mathbf{z}^{(1)}} \mathbf{x}^\top"),
        (equal(d(b(0)), d(z(1))),
         r"\frac{\partial J}{\partial \mathbf{b}^{(1)}} = \frac{\partial J}{\partial \mathbf{z}^{(1)}}"),
    ],
    # section 7.4: the backward pass, for any activation a[·]; his k is ours
    "prince": [
        (equal(z(l + 1), Sum((b(l), W(l) @ h(l)))),
         r"\mathbf{f}_k = \boldsymbol{\beta}_k + \boldsymbol{\Omega}_k \mathbf{h}_k"),
        (equal(z(1), Sum((b(0), W(0) @ h(0)))),
         r"\mathbf{f}_0 = \boldsymbol{\beta}_0 + \boldsymbol{\Omega}_0 \mathbf{x}"),
        (equal(h(l), Elementwise("g", z(l))), r"\mathbf{h}_k = a[\mathbf{f}_{k-1}]"),
        (equal(d(z(l)), Hadamard((slope(z(l)), W(l).T @ d(z(l + 1))))),
         r"\frac{\partial \ell_i}{\partial \mathbf{f}_{k-1}} = a'[\mathbf{f}_{k-1}] \odot "
         r"(\boldsymbol{\Omega}_k^T \frac{\partial \ell_i}{\partial \mathbf{f}_k})"),
        (equal(d(b(l)), d(z(l + 1))),
         r"\frac{\partial \ell_i}{\partial \boldsymbol{\beta}_k} = \frac{\partial \ell_i}{\partial \mathbf{f}_k}"),
        (equal(d(W(l)), d(z(l + 1)) @ h(l).T),
         r"\frac{\partial \ell_i}{\partial \boldsymbol{\Omega}_k} = \frac{\partial \ell_i}{\partial \mathbf{f}_k}"
         r" \mathbf{h}_k^T"),
        (equal(d(W(0)), d(z(1)) @ h(0).T),
         r"\frac{\partial \ell_i}{\partial \boldsymbol{\Omega}_0} = \frac{\partial \ell_i}{\partial \mathbf{f}_0}"
         r" \mathbf{x}^T"),
        (equal(z(L + 1), z(L + 1)), r"\mathbf{f}_K = \mathbf{f}_K"),
    ],
}  # fmt: skip
SHALLOW = {"cs231n", "d2l"}
CASES = [(name, says, wanted) for name, lines in BOOKS.items() for says, wanted in lines]


@pytest.mark.parametrize(("name", "says", "wanted"), CASES, ids=[f"{name} {wanted[:50]}" for name, _, wanted in CASES])
def test_a_formula_as_its_source_writes_it(name: str, says: Chain, wanted: str) -> None:
    network = ONE_LAYER if name in SHALLOW else SEPARATE
    assert same(latex(says, name, network)) == same(wanted)


def test_every_course_has_formulas() -> None:
    assert sorted(BOOKS) == sorted(COURSES)


# --- derivations as a course prints them ------------------------------------------------------------------------------

# name of the derivation, style, what the last line or the equations say
PRINTED = {
    "nielsen": ("preactivation", r"\delta^l &= ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)"),
    "ng": ("preactivation", "dZ^{[l]} &= (W^{[l+1]T} dZ^{[l+1]}) * g'^{[l]}(Z^{[l]})"),
    "goodfellow": (
        "preactivation",
        r"\nabla_{\mathbf{a}^{(k)}} J &= "
        r"(\mathbf{W}^{(k+1)\top} \nabla_{\mathbf{a}^{(k+1)}} J) \odot f'(\mathbf{a}^{(k)})",
    ),
    "cs231n": ("preactivation", "dz_l &= (dz_{l+1} W_{l+1}^T) * f'(z_l)"),
    "cs224n": (
        "weight_matrix",
        r"\frac{\partial J}{\partial \mathbf{W}_l} &= \mathbf{h}_{l-1}^\top \boldsymbol{\delta}_l",
    ),
    "bishop": ("bias", r"\frac{\partial E_n}{\partial \mathbf{w}_0^{(l)}} &= \boldsymbol{\delta}^{(l)}"),
    "d2l": (
        "weight_matrix",
        r"\frac{\partial J}{\partial \mathbf{W}^{(l)}} &= "
        r"\frac{\partial J}{\partial \mathbf{z}^{(l)}} \mathbf{h}^{(l-1)\top}",
    ),
    "prince": (
        "weight_matrix",
        r"\frac{\partial \ell_i}{\partial \boldsymbol{\Omega}_k} &= "
        r"\frac{\partial \ell_i}{\partial \mathbf{f}_k} \mathbf{h}_k^T",
    ),
}


@pytest.mark.parametrize("name", COURSES)
def test_a_derivation_in_its_words(name: str) -> None:
    what, wanted = PRINTED[name]
    made = derive(what, SEPARATE, style="hadamard")
    assert same(wanted) in same(made.latex(name))


EQUATIONS = {
    "nielsen": "zˡ = wˡ aˡ⁻¹ + bˡ   for 2 ≤ l ≤ L",
    "bishop": "a⁽ˡ⁾ = W⁽ˡ⁾ z⁽ˡ⁻¹⁾ + w₀⁽ˡ⁾   for 1 ≤ l ≤ L",
    "goodfellow": "a⁽ᵏ⁾ = W⁽ᵏ⁾ h⁽ᵏ⁻¹⁾ + b⁽ᵏ⁾   for 1 ≤ k ≤ l",
    "cs224n": "zₗ = hₗ₋₁ Wₗ + bₗ   for 1 ≤ l ≤ L",
    "cs231n": "zₗ = hₗ₋₁ Wₗ + bₗ   for 1 ≤ l ≤ L",
    "prince": "fₖ = Ωₖ hₖ + βₖ   for 0 ≤ k ≤ K",
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_forward_equations_are_counted_by_the_weights(name: str) -> None:
    assert EQUATIONS[name] in plain(derive("weight_matrix", SEPARATE), name)


def test_a_layer_is_counted_from_one() -> None:
    """Nielsen's input is layer 1: a hidden layer is one of 2 … L-1, and ∏ runs over those."""
    made = derive("weight_matrix", SEPARATE).latex("nielsen")
    assert r"\prod_{k=l}^{L-1}" in made
    shown = plain(derive("preactivation", SEPARATE, style="hadamard"), "nielsen")
    assert "aˡ = σ(zˡ)   for 2 ≤ l ≤ L − 1" in shown
    product = IndexedProduct("k", dim(1), L, Diagonal(slope(z(k))) @ W(k).T)
    assert same(latex(product, "nielsen")).startswith(r"\prod_{k=2}^{L-1}")


# --- what every table must hold ---------------------------------------------------------------------------------------


def variables() -> dict[str, Expr]:
    """What must look different, in one network and one layer."""
    parts = {"z": z(l), "h": h(l), "W": W(l), "b": b(l), "row": Row(W(l), j), "target": Target(), "input": h(0)}
    parts |= {"output": z(L + 1), "loss": LOSS, "entry of W": Entry(W(l), j, k), "entry of z": Entry(z(l), j)}
    parts |= {"entry of h": Entry(h(l), j), "entry of b": Entry(b(l), j), "Kronecker": Kronecker(j, k)}
    parts |= {f"gradient of {name}": d(part) for name, part in parts.items() if name in ("z", "h", "W", "b", "row")}
    parts |= {f"entry of gradient of {name}": Entry(d(part), j) for name, part in (("z", z(l)), ("h", h(l)))}
    return parts | {"transposed z": z(l).T, "next z": z(l + 1), "next W": W(l + 1), "slope": slope(z(l))}


@pytest.mark.parametrize("name", names())
def test_no_two_quantities_look_alike(name: str) -> None:
    printed = {what: latex(e, name, SEPARATE) for what, e in variables().items()}
    assert len(set(printed.values())) == len(printed), printed


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("scheme", ["layer", "rms"])
def test_what_a_normalization_adds_has_letters_of_its_own(name: str, scheme: str) -> None:
    network = MLP(bias="separate", normalization=scheme)
    added = {one.left: one.right for one in network.equations}
    extra = [part for part in added if type(part).__name__ == "Named"]
    normalized = network.normalized(l)
    assert normalized is not None
    extra += [normalized.scale, normalized.shift]
    known = [*variables().values(), *extra]
    assert len({latex(e, name, network) for e in known}) == len(known)


@pytest.mark.parametrize("name", names())
def test_a_function_that_looks_like_the_activation_goes_by_its_name(name: str) -> None:
    activation, sigmoid = (latex(Elementwise(each, z(l)), name, SEPARATE) for each in ("g", "sigmoid"))
    assert activation != sigmoid
    own = MLP(activation="sigmoid", bias="separate")
    assert latex(Elementwise("sigmoid", z(l)), name, own).startswith(r"\sigma")


def table(**more: object) -> Notation:
    """A small table: the lecture's letters, and some otherwise."""
    rows: dict[str, object] = {
        "preactivation": {"letter": "z"},
        "hidden": {"letter": "h"},
        "target": {"letter": "y"},
        "loss": {"letter": "L"},
        "weight": {"letter": "W"},
        "weight_row": {"letter": "w"},
        "bias": {"letter": "b"},
        "width": {"letter": "n"},
        "layer_map": {"letter": "ψ"},
        "activation_jacobian": {"letter": "D"},
    }
    quantity = more.pop("quantity", {})
    assert isinstance(quantity, dict)
    return Notation.from_table("own", {"title": "own", "quantity": {**rows, **quantity}, **more})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"quantity": {"hidden": {"letter": "z"}}}, "letter z would stand for preactivation and for hidden"),
        ({"gradient": {"preactivation": {"letter": "δ"}}}, "letter δ would stand for kronecker and for the gradient"),
        ({"gradient": {"preactivation": {"letter": "δ", "style": "bold"}}}, "letter δ would stand for kronecker"),
        ({"gradient": {"weight": {"letter": "b"}}}, "letter b would stand for bias and for the gradient of weight"),
        ({"named": {"a": {"letter": "h"}}}, "letter h would stand for hidden and for a"),
        ({"added": {"s": {"letter": "W"}}}, "letter W would stand for weight and for s"),
        ({"letters": {"f": "b"}}, "letter b for f already stands for bias"),
        ({"index": {"l": {"letter": "k"}}}, "letter k would stand for the indices l and k: give k a row too"),
        ({"index": {"l": {"letter": "t"}, "k": {"letter": "t"}}}, "letter t would stand for the indices k and l"),
        ({"data": "lines"}, "no data 'lines': write one of columns, rows"),
        ({"bias": "some"}, "no bias 'some'"),
        ({"derivative": "dot"}, "no form of a derivative 'dot'"),
        ({"brackets": "<"}, "no bracket '<'"),
        ({"slopes": "none"}, "no place of slopes 'none'"),
        ({"place": "above"}, "no place 'above'"),
    ],
)  # fmt: skip
def test_a_table_with_a_clash_is_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        table(**more)


def test_a_table_without_a_clash_is_taken() -> None:
    assert table(index={"l": {"letter": "k"}, "k": {"letter": "l"}}).index["l"].letter == "k"
    assert table(quantity={"weight_row": {"letter": "W"}}, row_mark="·").row_mark == "·"


def test_other_letters_of_a_course() -> None:
    ng = notation("ng").with_symbols(Z="U", activation="f")
    assert same(latex(equal(d(z(l)), d(h(l))), ng)) == "dU^{[l]}=dA^{[l]}"
    assert same(latex(Entry(z(l), i), ng)) == "u_i^{[l]}"
    assert same(latex(slope(z(l)), ng)) == "f'^{[l]}(U^{[l]})"
    rows = replace(notation("ng"), data="rows")
    assert same(latex(W(0) @ h(0), rows)) == "XW^{[1]}"


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("what", ["weight_gradient", "layer_weight_gradient", "input", "weight_row"])
def test_every_line_can_be_printed(name: str, what: str) -> None:
    for bias in ("separate", "augmented"):
        for layout in ("denominator", "numerator"):
            made = derive(what, MLP(bias=bias), layout=layout)
            assert isinstance(made, Derivation)
            assert plain(made, name, subproofs=True)


def test_names_that_help_says() -> None:
    from symbackprop.cli import COURSES as said

    assert sorted(said) == sorted(COURSES)


def test_a_transposed_matrix_of_a_transpose() -> None:
    assert latex(Transpose(Transpose(Weight(l - 1))), "goodfellow") == r"(\mathbf{W}^{(k)\top})^\top"
    assert same(latex(Product((Entry(W(0), j, dim(1)), h(0))), "nielsen")) == "w_{j1}^2a^1"
    assert same(latex(Entry(W(0), dim(1), dim(1)), "nielsen")) == "w_{1,1}^2"
    assert same(latex(Entry(W(0), j, k + 1), "nielsen")) == "w_{j,k+1}^2"
