"""The web face of a portfolio."""
