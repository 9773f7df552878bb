"""Rehearses an interview: personas put their scenarios to a portfolio, and a rubric marks the answers by evidence."""
