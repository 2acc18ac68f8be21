"""Runs every measurement: `make bench`. Figures are printed, never asserted."""

from __future__ import annotations

import importlib
import pkgutil

import tests.bench


def main() -> int:
    for module in sorted(pkgutil.iter_modules(tests.bench.__path__), key=lambda found: found.name):
        if not module.name.startswith("_"):
            importlib.import_module(f"tests.bench.{module.name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
