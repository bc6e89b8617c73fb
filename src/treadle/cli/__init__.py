"""The verbs from a terminal.

A command answers within a quarter of a second, so this room breaks a rule of the house: each command
imports what it runs when it is run, and nothing else does. The list of commands is `treadle.cli.app`.
"""

from __future__ import annotations

from treadle.cli.app import main

__all__ = ["main"]
