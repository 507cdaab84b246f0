"""Straight-line array programs: NumPy expressions, each operation once, worked out in arrays that are reused."""
