"""Serves a model of any author over Label Studio's protocol of ML backends: `server.serve`.

Promises: the process that answers HTTP never imports the model; `/health` answers while models load, predict
and train; a request is answered or refused, never left to time out; a prediction names the version that made
it; trainings run beside, in processes of their own. Refuses what cannot be kept waiting: 503, Retry-After.

Nothing is imported here: model and training processes load what they need of this folder, and no server.
"""
