"""Tests of trunktui.config."""
