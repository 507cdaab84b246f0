"""Reading LaTeX: tokens, then the surface of a formula, then what it means in a notation and a network."""
