"""The training of `digits.py` and the same in PyTorch, epoch by epoch in turns: the same losses, and the time of both.

    python examples/digits_pytorch.py --epochs 30

PyTorch differentiates by itself, with its own layers, loss and optimizer, from the same weights and over the same
batches, both in double precision. What `digits.py` writes as a bias unit is the bias of a layer here.

Exit: 0 if the mean losses of all epochs are the same to 1e-10, 1 if they are not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from statistics import median

# what is compared gets one thread each; it is read when NumPy is loaded
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import digits
import numpy as np

SAME = 1e-10


def training(X: np.ndarray, Y: np.ndarray, seed: int) -> Iterator[float]:
    """The mean loss of each epoch by PyTorch, without end."""
    import torch

    torch.set_num_threads(1)
    W, rng = digits.start(seed)
    network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10)).double()
    with torch.no_grad():
        for layer, w in zip((network[0], network[2]), W, strict=True):
            # the last column is by the bias unit
            layer.weight.copy_(torch.from_numpy(w[:, :-1]))
            layer.bias.copy_(torch.from_numpy(w[:, -1]))
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=digits.RATE, momentum=digits.MOMENTUM)
    images, numbers = torch.from_numpy(X[:-1].T.copy()), torch.from_numpy(Y.argmax(axis=0))
    while True:
        total = 0.0
        for batch in digits.batches(rng, X.shape[1]):
            columns = torch.from_numpy(batch)
            optimizer.zero_grad()
            loss = loss_of(network(images[columns]), numbers[columns])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        yield total / X.shape[1]


def beside(X: np.ndarray, Y: np.ndarray, epochs: int, seed: int) -> tuple[float, list[float], list[float]]:
    """The largest difference between the losses of an epoch, and the seconds of each epoch of both."""
    ours, theirs = digits.training(X, Y, seed), training(X, Y, seed)
    apart, seconds = 0.0, ([], [])
    for epoch in range(1, epochs + 1):
        begun = time.perf_counter()
        _, mine = next(ours)
        between = time.perf_counter()
        other = next(theirs)
        seconds[0].append(between - begun)
        seconds[1].append(time.perf_counter() - between)
        apart = max(apart, abs(mine - other))
        print(f"epoch {epoch:3d}/{epochs}: training loss {mine:.12f}, by PyTorch {other:.12f}", file=sys.stderr)
    return apart, *seconds


def main(arguments: list[str] | None = None) -> int:
    """Read the options, train both, print how far apart they are and how long they take."""
    parser = argparse.ArgumentParser(description="Train on the digits by derived gradients, and beside it by PyTorch.")
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training images (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the weights and the batches (default 0)")
    options = parser.parse_args(arguments)
    if options.epochs < 1:
        parser.error(f"--epochs {options.epochs} trains nothing: write 1 or more")
    try:
        import torch
    except ImportError:
        sys.exit("digits_pytorch.py trains in PyTorch as well, which is not installed: pip install torch")
    X, Y, _, _ = digits.load(options.seed)
    apart, ours, theirs = beside(X, Y, options.epochs, options.seed)
    ratio = median(other / mine for mine, other in zip(ours, theirs, strict=True))
    print(
        f"PyTorch {torch.__version__}: losses at most {apart:.1e} apart; an epoch takes it {ratio:.2g} times as long: "
        f"{1000 * median(theirs):.1f} ms, ours {1000 * median(ours):.1f} ms, medians of {options.epochs}, one thread"
    )
    return int(not apart <= SAME)


if __name__ == "__main__":
    sys.exit(main())
