"""Evals on real public data: one module per eval, each a function from a file to a frozen result."""
