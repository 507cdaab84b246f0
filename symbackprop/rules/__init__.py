"""Rules: each rewrites an expression and names itself. The kernel proves what they do; two judges never import them."""
