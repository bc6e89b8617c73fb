"""A tracking process that cannot start."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.exit("critical: there is no paper left")
