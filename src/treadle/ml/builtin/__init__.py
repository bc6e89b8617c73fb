"""Model backends that come with Treadle, a folder each: ``model.py``, and ``about.json``, which says what it
is, what it needs, which controls of a label config it fits, and its parameters.

Promised of each: it learns from finished work by label name, runs without a network, keeps no pickle of
its own making, and tells how many pictures it could not read. `treadle ml serve` serves any of them by
its file.
"""
