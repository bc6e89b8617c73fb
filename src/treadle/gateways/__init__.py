"""Doors for programs that speak another protocol than ours.

Promises: what is asked through them is checked as it is for everybody: a person, a role, a grant.
Refuses: nothing of theirs is known elsewhere; the rooms below do not see that they exist.
"""
