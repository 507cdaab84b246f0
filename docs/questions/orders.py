"""From the left or from the right: what the order of a product of Jacobians costs."""

from symbackprop.expr import Expr, Named
from symbackprop.network import MLP
from symbackprop.numeric.cost import LEFT, RIGHT, multiplications
from symbackprop.quantities import Quantities
from symbackprop.topic import Numbers, Prose, Topic

SPACE = Quantities({"A": ("p", "q"), "B": ("q", "r"), "C": ("r", "s"), "v": ("s",), "V": ("s", "k")})
A, B, C, v, V = (Named(name) for name in "ABCvV")
ORDERS = (("from the right", RIGHT), ("from the left", LEFT))


def derive(network: MLP, style: str) -> Topic:
    """p q + q r + r s multiplications from the vector on, p q r + p r s + p s from the other end."""
    columns = ("product", "order", "multiplications", "all sizes n")
    return Topic(
        (
            Prose(("In denominator layout the gradient of a scalar loss is a product of Jacobians with a vector ", v,
                   " at its right end, the gradient by the output. From the right every product is one of a matrix "
                   "with a vector, which is reverse mode; from the left they are products of matrices, which is "
                   "forward mode.",)),
            Numbers("What three layers cost", columns, rows),
            Prose(("So for a scalar loss reverse mode wins by a factor of the width. With as many outputs as units, "
                   "as with ", V, ", it does not.")),
        ),
        SPACE,
    )  # fmt: skip


def rows() -> tuple[tuple[str, ...], ...]:
    products: tuple[Expr, ...] = (A @ B @ C @ v, A @ B @ C @ V)
    return tuple(row(product, name, order) for product in products for name, order in ORDERS)


def row(product: Expr, name: str, order: str) -> tuple[str, ...]:
    own = multiplications(product, SPACE, order)
    degrees = [len(sizes) for sizes, _ in own.terms]
    alike = {degree: sum(count for sizes, count in own.terms if len(sizes) == degree) for degree in degrees}
    powers = " + ".join(f"{count if count > 1 else ''} n{'²³'[degree - 2]}".strip() for degree, count in alike.items())
    return str(product), name, str(own), powers
