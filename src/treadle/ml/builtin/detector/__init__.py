"""Finds objects by their centres: a small network that learns on a CPU."""
