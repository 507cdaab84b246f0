"""Train a 64-32-10 tanh network on the digits that scikit-learn ships, by gradients that symbackprop derived.

    python examples/digits.py --epochs 30 -o loss.png

The network has softmax cross-entropy as its loss and a bias unit in the input and in the hidden layer. Its gradients
are compiled once from the derived lines of backpropagation; the rest is mini-batch gradient descent with momentum.
`digits_pytorch.py` trains the same beside it in PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import symbackprop as sb

BATCH, RATE, MOMENTUM, HELD_OUT = 32, 0.1, 0.9, 360


def load(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test images (65 × N, the last row the bias unit 1) and targets (10 × N, one 1 in each column)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        sys.exit("digits.py reads the digits from scikit-learn, which is not installed: pip install scikit-learn")
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images = digits.data[order].T / 16
    X = np.concatenate([images, np.ones((1, images.shape[1]))])
    Y = np.eye(10)[:, digits.target[order]]
    return X[:, HELD_OUT:], Y[:, HELD_OUT:], X[:, :HELD_OUT], Y[:, :HELD_OUT]


def accuracy(W: list[np.ndarray], X: np.ndarray, Y: np.ndarray) -> float:
    """Share of the columns of X whose largest output is the right one."""
    hidden = np.tanh(W[0] @ X)
    outputs = W[1] @ np.concatenate([hidden, np.ones((1, X.shape[1]))])
    return float(np.mean(outputs.argmax(axis=0) == Y.argmax(axis=0)))


def start(seed: int) -> tuple[list[np.ndarray], np.random.Generator]:
    """The first weights, and what draws the batches."""
    rng = np.random.default_rng(seed)
    # Xavier: variance 2 / (units in + units out)
    return [rng.normal(0, np.sqrt(2 / (65 + 32)), (32, 65)), rng.normal(0, np.sqrt(2 / (33 + 10)), (10, 33))], rng


def batches(rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """The columns of each batch of an epoch, in an order that is drawn."""
    order = rng.permutation(count)
    return (order[first : first + BATCH] for first in range(0, count, BATCH))


def training(X: np.ndarray, Y: np.ndarray, seed: int) -> Iterator[tuple[list[np.ndarray], float]]:
    """The weights and the mean loss of each epoch, without end."""
    mlp = sb.MLP(widths=[65, 33, 10], activation="tanh", loss="softmax_cross_entropy")  # bias units counted
    gradients = mlp.gradients(reduction="mean")
    W, rng = start(seed)
    speed = [np.zeros_like(w) for w in W]
    grads = [np.empty_like(w) for w in W]
    while True:
        total = 0.0
        for batch in batches(rng, X.shape[1]):
            loss, _ = gradients(W, X[:, batch], Y[:, batch], out=grads)
            total += float(loss) * len(batch)
            for w, v, grad in zip(W, speed, grads, strict=True):
                v *= MOMENTUM
                v -= RATE * grad
                w += v
        yield W, total / X.shape[1]


def train(X: np.ndarray, Y: np.ndarray, epochs: int, seed: int) -> tuple[list[np.ndarray], list[float]]:
    """The weights, and the mean loss of each epoch; progress goes to standard error."""
    curve: list[float] = []
    trained = training(X, Y, seed)
    for epoch in range(1, epochs + 1):
        W, loss = next(trained)
        curve.append(loss)
        print(f"epoch {epoch:3d}/{epochs}: training loss {loss:.4f}", file=sys.stderr)
    return W, curve


def draw(curve: list[float], file: Path) -> None:
    """The loss curve as a picture; the suffix chooses the format."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        sys.exit("digits.py draws with matplotlib, which is not installed: pip install symbackprop[plots]")
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    axes.semilogy(range(1, len(curve) + 1), curve, color="#1f5fa8", linewidth=2, marker="o", markersize=4)
    axes.set_title("64-32-10 tanh network on the digits, gradients by symbackprop", fontsize=13)
    axes.set_xlabel("epoch", fontsize=12)
    axes.set_ylabel("training loss: mean cross-entropy / nats", fontsize=12)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.tick_params(labelsize=11)
    axes.grid(True, which="both", alpha=0.25)
    part = file.with_name(f".part-{file.name}")
    figure.savefig(part, dpi=150)
    part.replace(file)


def main(arguments: list[str] | None = None) -> int:
    """Read the options, train, print the test accuracy."""
    parser = argparse.ArgumentParser(description="Train on scikit-learn's digits by derived gradients.")
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training images (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the batches (default 0)")
    parser.add_argument("-o", "--output", type=Path, default=Path("digits_loss.png"), help="picture of the loss curve")
    options = parser.parse_args(arguments)
    if options.epochs < 1:
        parser.error(f"--epochs {options.epochs} trains nothing: write 1 or more")
    if options.output.suffix not in (".png", ".svg", ".pdf"):
        parser.error(f"a picture cannot be written to {options.output}: write -o with a name in .png, .svg or .pdf")
    if not options.output.resolve().parent.is_dir():
        parser.error(f"there is no folder {options.output.resolve().parent}: write -o with a folder that exists")
    X, Y, X_test, Y_test = load(options.seed)
    W, curve = train(X, Y, options.epochs, options.seed)
    draw(curve, options.output)
    print(
        f"test accuracy: {accuracy(W, X_test, Y_test):.2%} of {X_test.shape[1]} images; loss curve in {options.output}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
