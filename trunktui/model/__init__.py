"""Frozen types that every other package speaks; this package imports nothing of trunktui and does no IO."""
