"""How random quantities and training sets are written: distributions, moments, families of parameters, predictions."""

from __future__ import annotations

from symbackprop import chance, dataset
from symbackprop.render.boxes import Box, Row, Scripts, Symbol, Words
from symbackprop.render.look import (
    Level,
    Look,
    applied,
    called,
    fenced,
    indexed,
    inside,
    is_layer_in,
    layout,
    level,
    value_of,
)
from symbackprop.render.operators import counted

NORMAL = Symbol("𝒩")
EXPECTATION, VARIANCE = Symbol("E", operator=True), Symbol("Var", operator=True)


@layout.register
def _(e: chance.Gaussian, look: Look) -> Box:
    return applied(NORMAL, Row((inside(e.mean, look), Words(", "), inside(e.covariance, look))))


@layout.register
def _(e: chance.Expectation, look: Look) -> Box:
    return Row((EXPECTATION, fenced("[", inside(e.operand, look), "]")))


@layout.register
def _(e: chance.Variance, look: Look) -> Box:
    return Row((VARIANCE, fenced("[", inside(e.operand, look), "]")))


@layout.register
def _(e: dataset.Family, look: Look) -> Box:
    members = fenced("{", inside(e.member, look.within(e.index, e.lower, e.upper)), "}")
    is_layer = is_layer_in(e.index, (e.member,), look)
    return Scripts(members, counted(e.index, e.lower, is_layer, look), value_of(e.index, e.upper, is_layer, look))


@layout.register
def _(e: dataset.Prediction, look: Look) -> Box:
    name = indexed(look.of_name(e.name), None, (), look)
    return called(name, Row((inside(e.input, look), Words("; "), inside(e.parameters, look))), look)


@level.register(chance.Gaussian)
@level.register(dataset.Prediction)
def _(e: chance.Gaussian | dataset.Prediction, look: Look) -> Level:
    return Level.FACTOR


@level.register(chance.Expectation)
@level.register(chance.Variance)
@level.register(dataset.Family)
def _(e: chance.Expectation | chance.Variance | dataset.Family, look: Look) -> Level:
    return Level.BASE
