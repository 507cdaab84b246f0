"""What holds for all tests: one thread for linear algebra, as the tests themselves run in several processes."""

from __future__ import annotations

import os

# read when NumPy is loaded, which is after this
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
