"""Where the program starts. `--version` is answered before anything heavier than this is imported."""

from __future__ import annotations

import sys

from trunktui import __version__


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if sys.argv[1:2] in (["--version"], ["-V"]):
        print(f"trunktui {__version__}")
        return 0
    from trunktui.cli.main import report_crash, run

    sys.excepthook = report_crash
    return run()


if __name__ == "__main__":
    sys.exit(main())
