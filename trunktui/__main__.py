"""Where the program starts. `--version` is answered before anything heavier than this is imported."""

from __future__ import annotations

import os
import sys

from trunktui import __version__


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if sys.argv[1:2] in (["--version"], ["-V"]):
        print(f"trunktui {__version__}")
        return 0
    _complete_streams()
    from trunktui.cli.main import report_crash, run

    sys.excepthook = report_crash
    return run()


def _complete_streams() -> None:
    """Put /dev/null where a standard stream is closed: the first socket opened would take its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


if __name__ == "__main__":
    sys.exit(main())
