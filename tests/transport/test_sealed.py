"""The process that holds keys: it leaves no core, and no other process may look into it."""

from __future__ import annotations

import subprocess
import sys

_LOOK = """
import ctypes, resource
from trunktui.transport.sealed import seal
seal()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_a_sealed_process_leaves_no_core_and_cannot_be_traced() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0) 0\n"
