"""YOLO by ultralytics: boxes, turned boxes, outlines, poses and classes.

Ultralytics is under AGPL-3.0, code and weights: it is installed by who wants it, runs in a process of its
own, and nothing else of Treadle imports it.
"""
