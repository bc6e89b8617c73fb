"""Versions: which one serves, how it is kept so, and what MLflow is told of it."""
