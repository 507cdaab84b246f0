"""Nodes never rewrite themselves; paths, substitution and equality are those of trees."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from symbackprop.dataset import Family
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, dim, index
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Columns,
    Entry,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Named,
    Negative,
    Norm,
    Partial,
    PreActivation,
    Product,
    Row,
    Sum,
    Target,
    Transpose,
    Weight,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.substitution import free_symbols, put, replace_at, rewritten, substitute
from symbackprop.tree import at_path, children, subterms

l, m, j, k = (index(name) for name in "lmjk")
A, B, C = (Named(name) for name in "ABC")


def test_nodes_do_not_rewrite_themselves():
    assert A.T.T == Transpose(Transpose(A)) != A
    assert Transpose(Product((A, B))) == (A @ B).T
    assert Sum((A, Negative(A))) == A - A
    assert B + A == Sum((B, A)) != A + B
    assert Product((A, A)) == A @ A
    negative = -A
    assert -negative == Negative(Negative(A))
    assert number(1) @ A == Product((number(1), A))


def test_products_and_sums_are_flat():
    assert A @ B @ C == A @ (B @ C) == Product((A, B, C)) == A * B * C
    assert (A + B) + C == A + (B + C) == Sum((A, B, C))
    assert Product((Sum((A, B)), C)) == (A + B) @ C


def test_equal_trees_are_equal_and_hash_alike():
    one, two = Partial(LOSS, Row(Weight(l), j).T), Partial(LOSS, Row(Weight(l), j).T)
    assert one == two
    assert hash(one) == hash(two)
    assert one != Partial(LOSS, Row(Weight(l), k).T)
    assert Hidden(l) != PreActivation(l)
    assert Hidden(1) == Hidden(dim(1))
    assert Named("h", l) != Hidden(l)
    assert A != "A"
    assert len({A, Named("A"), B}) == 2


def test_nodes_do_not_change():
    with pytest.raises(FrozenInstanceError):
        A.name = "B"


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (Weight(l).T @ Partial(LOSS, PreActivation(l + 1)), "W_lᵀ ∂L/∂z_{l+1}"),
        ((A + B).T, "(A + B)ᵀ"),
        (A @ (B + C), "A (B + C)"),
        (-(A @ B), "-(A B)"),
        (Row(Weight(0), j).T, "W_0[j,:]ᵀ"),
        (Entry(A, j, k), "A[j,k]"),
        (ActivationJacobian("g", PreActivation(L)), "D_L"),
        (ActivationJacobian("g", PreActivation(l + 1)), "D_{l+1}"),
        (IndexedSum("k", ONE, L, Hidden(k)), "Σ_{k=1}^{L} h_k"),
        (Target(), "y"),
        (Columns(A, ONE, j), "A[:,1…j]"),
        (OverUnit("sup", B, Norm(A @ B)), "sup_{‖B‖_2=1} ‖A B‖_2"),
        (Extreme("max", "k", ONE, j, Entry(B, k)), "max_{k} B[k]"),
        (SpectralSum("k", A, SingularValueAt(A, k)), "Σ_k σ_{k,k}(A)"),
    ],
)
def test_it_is_written_shortly(e, text):
    assert str(e) == text


TREE = A @ (B + C.T) @ Partial(LOSS, Hidden(l))


def test_paths():
    found = dict(subterms(TREE))
    assert found[()] == TREE
    assert found[1, 1, 0] == C
    assert len(found) == 9
    for path, inner in found.items():
        assert at_path(TREE, path) == inner
        assert replace_at(TREE, path, inner) == TREE
    assert children(TREE)[0] == A
    assert [path for path, _ in subterms(A @ B)] == [(), (0,), (1,)]


def test_a_product_put_into_a_product_stays_flat():
    assert replace_at(A @ B @ C, (1,), B @ B) == Product((A, B, B, C))
    assert replace_at(A + B, (0,), B + C) == Sum((B, C, B))
    assert replace_at((A @ B).T, (0,), C @ A @ B) == Transpose(Product((C, A, B)))


def test_every_part_that_grows_is_replaced_where_it_stands() -> None:
    # the first product that comes in moves what is right of it
    grown = rewritten(Product((A, B, A)), lambda part: B @ C if part == A else None)
    assert grown == Product((B, C, B, B, C))
    assert rewritten(Sum((A, B, A)), lambda part: B + C if part == A else None) == Sum((B, C, B, B, C))
    # a part after what stands in it, as it is by then
    turned = rewritten(
        (A @ B).T, lambda part: B if part == A else part.operand if isinstance(part, Transpose) else None
    )
    assert turned == Product((B, B))
    assert rewritten(A @ B, lambda part: None) == A @ B


BODY = ActivationJacobian("g", PreActivation(k)) @ Weight(k).T


def test_free_symbols():
    assert free_symbols(IndexedProduct("k", l, L, BODY)) == {"l", "L"}
    # a bound may have the name of the index: it is another one
    assert free_symbols(IndexedProduct("k", ONE, k - 1, BODY)) == {"k"}
    assert free_symbols(BODY) == {"k"}
    assert free_symbols(Row(Weight(l), j)) == {"l", "j"}


def test_substitution():
    assert substitute(BODY, {"k": dim(2)}) == ActivationJacobian("g", PreActivation(2)) @ Weight(2).T
    whole = IndexedProduct("k", l, L, BODY)
    assert substitute(whole, {"k": dim(2)}) == whole
    assert substitute(whole, {"l": m, "L": l}) == IndexedProduct("k", m, l, BODY)
    assert substitute(whole, {"x": m}) is whole
    bound = IndexedProduct("k", ONE, k - 1, BODY)
    assert substitute(bound, {"k": dim(4)}) == IndexedProduct("k", ONE, dim(3), BODY)


def test_substitution_captures_nothing():
    """`Σ_k A_{k,m}` with `m` replaced by `k` is not `Σ_k A_{k,k}`."""
    e = IndexedSum("k", ONE, L, Entry(A, k, m))
    made = substitute(e, {"m": k})
    assert isinstance(made, IndexedSum)
    assert made.index != "k"
    assert made.body == Entry(A, index(made.index), k)
    nested = IndexedSum("l", ONE, L, IndexedSum("k", ONE, L, Entry(A, k, m) @ Entry(B, l, m)))
    moved = substitute(nested, {"m": k + l})
    assert free_symbols(moved) == {"k", "l", "L"}
    assert free_symbols(substitute(moved, {"k": ONE, "l": ONE})) == {"L"}


BINDERS = {
    "sum": IndexedSum("k", ONE, L, Entry(A, k, m)),
    "product": IndexedProduct("k", ONE, L, Entry(A, k, m)),
    "maximum": Extreme("max", "k", ONE, L, Entry(A, k, m)),
    "sum over singular values": SpectralSum("k", Weight(L), SingularValueAt(Weight(m), k)),
    "family": Family("k", ONE, L, Named("W", k + m)),
}


@pytest.mark.parametrize("name", BINDERS)
def test_every_binder_binds_its_index(name):
    e = BINDERS[name]
    assert free_symbols(e) == {"m", "L"}
    assert substitute(e, {"k": dim(3)}) is e
    moved = substitute(e, {"m": k})
    assert moved.index != "k"
    assert free_symbols(moved) == {"k", "L"}
    # back again, up to the name of the index that is bound
    assert substitute(substitute(moved, {"k": m}), {"m": dim(2)}) == substitute(moved, {"k": dim(2)})


def test_an_index_is_bound_in_the_last_operand_alone():
    """`Σ_k σ_{k,k}(W_k)` over the singular values of another `W_k`: that `k` is not the one that is bound."""
    e = SpectralSum("k", Weight(k), SingularValueAt(Weight(k), k))
    assert free_symbols(e) == {"k"}
    assert substitute(e, {"k": dim(2)}) == SpectralSum("k", Weight(2), SingularValueAt(Weight(k), k))
    same = Weight(k)
    assert free_symbols(SpectralSum("k", same, same)) == {"k"}


def test_another_expression_in_place_of_a_variable():
    assert put(A @ Hidden(l), Hidden(l), B) == A @ B
    assert put(Hidden(m), Hidden(l), B) == Hidden(m)
    # h_k under Σ_k is not the h_k outside
    under = IndexedSum("k", ONE, L, Hidden(k))
    assert put(under + Hidden(k), Hidden(k), B) == under + B
    assert put(under, A, B) is under
    sup = OverUnit("sup", B, Norm(A @ B))
    assert put(sup + B, B, C) == sup + C
    assert put(sup, A, C) == OverUnit("sup", B, Norm(C @ B))
