"""The nouns and the errors that every stage shares."""
