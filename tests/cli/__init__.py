"""Tests of trunktui.cli."""
