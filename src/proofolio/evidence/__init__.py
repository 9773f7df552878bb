"""From documents to typed facts: rules, technologies, metrics, redaction."""
