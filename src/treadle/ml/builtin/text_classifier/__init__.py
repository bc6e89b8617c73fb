"""Classifies texts by their words and characters."""
