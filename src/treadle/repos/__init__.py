"""Versioned data: repos of files with branches, commits and their provenance.

Promises: what a put answered survives a crash; a commit is there whole or not at all, and never changes;
what is read is what was put, or an error says what is damaged; costs grow with the change, not with the repo.
Refuses: a path that could mean something else, a file and a folder of one name, a branch that moved
under somebody who named its head.

`engine.RepoEngine` is the face of files and commits; `catalogue`, `branches`, `tags`, `commits` and `refs`
are verbs on rows, in the caller's transaction; `merging`, `history`, `checking` and `collecting` work
with an engine; `values` is what they all take and give.
"""
