"""Treadle: label data, version it, train on it, track and serve the models."""

from __future__ import annotations

__version__ = "0.1.0"
