"""How random quantities and training sets are written and spoken: distributions, moments, families, predictions."""

from __future__ import annotations

from symbackprop import chance, dataset
from symbackprop.equations import Network
from symbackprop.notations import Notation
from symbackprop.render import words
from symbackprop.render.boxes import Box, Row, Scripts, Symbol, Words
from symbackprop.render.counting import is_layer_in, value_of
from symbackprop.render.look import Level, Look, applied, called, fenced, indexed, inside, layout, level
from symbackprop.render.operators import counted
from symbackprop.render.spoken import letter
from symbackprop.render.words import bounds_words, function_words, of, speak, stands

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
    row = look.notation.added.get("prediction") or look.of_name(e.name)
    name = indexed(row, None, (), look)
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


# --- speech ----------------------------------------------------------------------------------------------------------

stands(words.Level.PREFIX, chance.Gaussian, chance.Expectation, chance.Variance, dataset.Family, dataset.Prediction)


@speak.register
def _(e: chance.Gaussian, network: Network | None = None, notation: Notation | None = None) -> str:
    mean, covariance = of(e.mean, network, notation), of(e.covariance, network, notation)
    return f"the normal distribution with mean {mean}, and covariance {covariance}"


@speak.register
def _(e: chance.Expectation, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the expectation of {of(e.operand, network, notation)}"


@speak.register
def _(e: chance.Variance, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the variance of {of(e.operand, network, notation)}"


@speak.register
def _(e: dataset.Family, network: Network | None = None, notation: Notation | None = None) -> str:
    bounds = bounds_words(e.index, e.lower, e.upper, e.member, network, notation)
    return f"all {speak(e.member, network, notation)} {bounds}"


@speak.register
def _(e: dataset.Prediction, network: Network | None = None, notation: Notation | None = None) -> str:
    row = None if notation is None else notation.added.get("prediction")
    name = function_words(e.name, 0, network, notation) if row is None else letter(row)
    parameters = of(e.parameters, network, notation)
    return f"{name} of {of(e.input, network, notation)}, with parameters {parameters}"
