"""Whole copies of an installation, made while it serves, and brought back elsewhere.

Promises: a backup is the database of one moment with the objects that it names; it has its name once it is
whole and on disk, so half of one is never taken for a whole one; what is restored is what was written down,
by checksum, and half a restore is never served. Refuses: a restore over anything that is there already, of
a newer Treadle's data, and into the other kind of database.
"""
