"""Labelling: projects, tasks, annotations, drafts, predictions, the queue, views, imports, exports.

Promises: a change is one function in one transaction with one event; counters are true at every
commit; a task is in as many hands as it has places. The modules are the faces: ``projects``,
``tasks``, ``annotations``, ``drafts``, ``predictions``, ``queue``, ``views``, ``imports``,
``exports``; ``config`` reads label configs, ``formats`` writes exports, ``rendering`` is the wire.
"""
