"""The README as a newcomer follows it."""
