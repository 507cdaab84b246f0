"""Mistakes that explain a wrong answer: one change, or two, that make its value right.

Each file here is a family of mistakes. It has an `ORDER`, what is tried first, and a function `repairs(part, where)`
that yields what could stand in place of a part of the answer had the mistake not been made. Files are found by
themselves; which value is right is decided by exact evaluation, not here.
"""
