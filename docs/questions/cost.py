"""What a forward and a backward pass cost."""

from symbackprop.given import Network
from symbackprop.network import MLP
from symbackprop.numeric.cost import Cost, backward_pass, forward_pass, total
from symbackprop.topic import Numbers, Prose, Topic

NETWORK = Network(
    r"Z = X W_1 + b_1",
    r"H = \operatorname{ReLU}(Z)",
    r"S = H W_2 + b_2",
    r"J = \ell(S, Y)",
    shapes={"X": "N x D", "W_1": "D x H", "b_1": "1 x H", "W_2": "H x K", "b_2": "1 x K", "Y": "N x K"},
    data="rows",
)


def derive(network: MLP, style: str) -> Topic:
    """Forward N D H + N H K multiplications, backward twice as many and N H."""
    columns = ("line", "multiplications", "numbers kept")
    return Topic(
        (
            Numbers("Forward", columns, lambda: rows(forward_pass(NETWORK)[:-1])),
            Numbers("Backward, from the gradient by S", columns, lambda: rows(backward_pass(NETWORK))),
            Prose(("Each matrix is multiplied once forward and twice backward: once for the gradient by the weights, "
                   "and once for the gradient by what comes in. So the backward pass takes twice as long as the "
                   "forward pass. What the forward pass computes is kept until the backward pass has used it.",)),
        ),
        NETWORK,
    )  # fmt: skip


def rows(lines: tuple[Cost, ...]) -> tuple[tuple[str, ...], ...]:
    made = [(f"{line.left} = {line.right}", str(line.multiplications), str(line.kept)) for line in lines]
    return (*made, ("all", str(total(x.multiplications for x in lines)), str(total(x.kept for x in lines))))
