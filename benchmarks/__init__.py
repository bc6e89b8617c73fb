"""Figures of speed and memory, measured on a real server. They inform; no test depends on one."""
