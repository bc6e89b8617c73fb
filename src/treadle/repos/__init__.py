"""Versioned data: repos of files with branches, commits and their provenance."""
