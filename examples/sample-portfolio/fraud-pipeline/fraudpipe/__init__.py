"""Daily batch fraud detection on simulated card transactions."""
