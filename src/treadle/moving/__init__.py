"""People and all their work out of a running Label Studio, by its API.

Promises: what it names keeps its author and its times; run twice it brings nothing twice, and one that was
cut off goes on; a project's tasks show once all are in. Refuses: to change what is here already. What did
not come along is counted, with a reason.
"""
