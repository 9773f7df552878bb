"""Measured runs behind the figures in the documents. Each writes its own folder under results/."""
