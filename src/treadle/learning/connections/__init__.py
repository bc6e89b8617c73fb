"""Backends that a project is connected to: at an address, or built in; how they are spoken to."""
