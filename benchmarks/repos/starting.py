"""``python -m benchmarks.repos.starting VERB FOLDER …``: `ours`, begun as our own commands begin."""

from __future__ import annotations

import gc
import sys
from importlib import import_module


def main(arguments: list[str]) -> None:
    """The collector would walk what the imports make, which stays for good."""
    gc.disable()
    ours = import_module("benchmarks.repos.ours")
    gc.freeze()
    gc.enable()
    ours.main(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
