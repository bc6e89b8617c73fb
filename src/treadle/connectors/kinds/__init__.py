"""Every kind of storage that is no repo, one file each."""

from __future__ import annotations

from treadle.connectors.places import Kind

KINDS: tuple[Kind, ...] = ()
