"""Models written for ``label_studio_ml``, run as they are: its names, and what its classes promise.

Names, signatures and behaviour are theirs, no code is; where the real packages are installed, they are used.
"""
