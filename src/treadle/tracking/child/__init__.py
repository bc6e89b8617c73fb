"""What runs in the tracking process: our own reads of MLflow's tables, and MLflow itself, mounted unchanged.

Promises: nothing of MLflow is imported before a request needs it. Three guards stand below MLflow's handlers,
whatever a handler forgets: `guards.limit_rows`, `guards.Memberships` and `guards.check_place`.
"""
