"""Makes what `launch.py` needs to serve, and ends: the first task of `.project-metadata.yaml`.

A kernel runs it too, with the repository as its folder; see `launch.py`.
"""

import os
import runpy

os.environ["TREADLE_LAUNCH"] = "prepare"
try:
    runpy.run_path("launch.py", run_name="__main__")
finally:
    del os.environ["TREADLE_LAUNCH"]  # the kernel may go on
