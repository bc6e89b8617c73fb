"""Treadle beside the programs that it takes over from: the same work in both, and what each makes of it."""
