"""Figures: what is quick, what it is compared with, and the lines to reach. Run `python -m benchmarks`."""
