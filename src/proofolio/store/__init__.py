"""Keeps what was compiled: the dossier, one SQLite file a portfolio."""
