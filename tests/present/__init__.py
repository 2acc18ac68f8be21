"""Tests of trunktui.present."""
