"""Storages that a project reads tasks from and writes annotations to.

Promises: a kind of storage is one file in ``kinds/``; every one of them passes the same conformance suite;
what is wrong with a storage is said before it is used. Refuses: files outside of the folders that a setting
allows, and addresses of this machine and of private networks, unless a setting allows them.
"""

from __future__ import annotations

from treadle.connectors.places import Field, Form, Item, Kind, Place, fields_for, read_form

__all__ = ["Field", "Form", "Item", "Kind", "Place", "fields_for", "read_form"]
