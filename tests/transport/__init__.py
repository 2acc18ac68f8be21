"""Tests of how questions reach an SBC."""

import pytest

pytest.register_assert_rewrite("tests.transport.expect")
