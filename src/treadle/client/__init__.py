"""A server's repos and its administration from Python: what the command line does, and a file system of
fsspec.

    from treadle.client import connect

    images = connect("https://treadle.example.org", token).repo("team/images")
    for entry in images.list("master", "cats/"):
        ...

Promises: it needs nothing of the server's and imports in milliseconds; uploads and downloads are streams;
what is safe to ask twice is asked again when the server is away for a moment; errors are those of
`treadle.errors`, with the server's own code and words. The file system is `treadle.client.filesystem`,
which fsspec finds by the name ``treadle``.
"""

from __future__ import annotations

from treadle.client.admin import Admin, AuditFilter
from treadle.client.connection import Connection
from treadle.client.names import Place, parse_place
from treadle.client.repos import Client, RemoteRepo, connect
from treadle.client.targets import Target
from treadle.client.values import Branch, Change, Commit, Entry, File, Folder, Put, Repo, Tag

__all__ = [
    "Admin",
    "AuditFilter",
    "Branch",
    "Change",
    "Client",
    "Commit",
    "Connection",
    "Entry",
    "File",
    "Folder",
    "Place",
    "Put",
    "RemoteRepo",
    "Repo",
    "Tag",
    "Target",
    "connect",
    "parse_place",
]
