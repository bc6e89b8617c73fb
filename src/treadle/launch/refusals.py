"""How a part says that it will not start."""

from __future__ import annotations

import sys
from typing import NoReturn

from treadle.errors import TreadleError

#: The exit status of a part that will not do better when it is started again.
EXIT_REFUSED = 78


def refuse(error: TreadleError) -> NoReturn:
    """End this process with the error's sentence."""
    print(f"treadle: {error.message}", file=sys.stderr, flush=True)
    raise SystemExit(EXIT_REFUSED)
