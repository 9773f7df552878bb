"""Search over a dossier: words, meaning, evidence, and their fusion."""
