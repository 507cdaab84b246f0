"""How each node of SymPy is taken over into the tree; `symbackprop.from_sympy` is what others call."""
