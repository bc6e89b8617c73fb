"""Models in the loop: the backends of a project, what they predict, and how they are trained.

Promises: a backend of any age of Label Studio's protocol can be connected; nothing that one does (hang, die,
answer rubbish or for other tasks) is taken for an answer, or changes which version serves; what went wrong
stands in words where it happened. Refuses: to call an address that the settings do not let it, to follow
redirects, and to hand a backend more than its own project.
"""
