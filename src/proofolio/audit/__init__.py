"""Reads what a résumé and the READMEs claim, and says of each claim what the work itself shows."""
