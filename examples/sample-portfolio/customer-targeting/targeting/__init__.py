"""Repeat-purchase targeting on the CDNOW purchase log."""
