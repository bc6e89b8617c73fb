"""Trainings: the work that is learnt from, what is looked at first, and following them to their end."""
