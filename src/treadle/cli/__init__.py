"""The verbs from a terminal.

A command answers within a quarter of a second, so this room breaks a rule of the house: a command
imports what it runs when it is run. The list of commands is the tuple in `treadle.cli.app`.
"""

from __future__ import annotations

from treadle.cli.app import main

__all__ = ["main"]
