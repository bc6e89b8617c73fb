"""Serves a model of any author over Label Studio's protocol of ML backends.

Promises: the process that answers HTTP never imports the model; `/health` answers while models load, predict
and train; a request is answered or refused, never left to time out; a prediction names the version that made
it; trainings run beside, in processes of their own. Refuses what cannot be kept waiting: 503, Retry-After.
"""

from treadle.ml.serving.options import Options
from treadle.ml.serving.server import serve

__all__ = ["Options", "serve"]
