"""How a part begins: tied to its parent before anything slow is imported."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType

from treadle.tether import end_with_parent

#: The module of each part; its ``main`` gets the settings' environment and the further arguments.
PARTS = {
    "web": "treadle.launch.web",
    "worker": "treadle.launch.worker",
    "samples": "treadle.launch.samples",
}


def main() -> None:
    """``python -m treadle.launch.part NAME TETHER …``."""
    name, tether, *arguments = sys.argv[1:]
    end_with_parent(int(tether))
    # By name, since the imports of a part take longer than its parent may be gone.
    module = _import_quickly(PARTS[name])
    module.main([int(argument) for argument in arguments])


def _import_quickly(name: str) -> ModuleType:
    # The collector would walk what the imports make, which stays for good: a tenth of a second of the start.
    gc.disable()
    module = import_module(name)
    gc.freeze()
    gc.enable()
    return module


if __name__ == "__main__":
    main()
