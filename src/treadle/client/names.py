"""How a place in a repo is written: ``team/images@master:/folder/a.png``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from treadle.errors import Invalid

HEAD = "master"
_PLACE = re.compile(
    r"(?:(?P<workspace>[^/@:]+)/)?(?P<repo>[A-Za-z0-9_-]{1,63})"
    r"(?:@(?P<ref>[^:/]*)(?:/(?P<below>.*))?)?(?::(?P<path>.*))?",
    re.DOTALL,
)
_COMMIT = re.compile(r"[0-9a-f]{32}")
_GLOB = re.compile(r"[*?\[{]|!\(")


@dataclass(frozen=True)
class Place:
    """A repo, and what in it is meant.

    workspace: "" for the one that the token's person has.  ref: a branch, tag or commit, with ``^`` and
    ``~2`` behind it; "" where none was named.  path: without a slash in front; "" for everything.
    """

    repo: str
    workspace: str = ""
    ref: str = ""
    path: str = ""

    @property
    def repo_name(self) -> str:
        """``images`` or ``team/images``."""
        return f"{self.workspace}/{self.repo}" if self.workspace else self.repo

    @property
    def ref_or_head(self) -> str:
        """The ref, or the branch that is meant when none is named."""
        return self.ref or HEAD

    @property
    def is_commit(self) -> bool:
        """Does the ref name a commit by its whole id?"""
        return is_commit_id(self.ref)

    @property
    def is_glob(self) -> bool:
        """Does the path hold ``*``, ``?``, ``[``, ``{`` or ``!(``?"""
        return _GLOB.search(self.path) is not None

    def at(self, path: str) -> Place:
        """Another path of the same."""
        return replace(self, path=path)

    def __str__(self) -> str:
        whole = f"{self.repo_name}@{self.ref_or_head}"
        return f"{whole}:/{self.path}" if self.path else whole


def parse_place(text: str) -> Place:
    """``[workspace/]repo[@ref][:/path]``; ``@ref/path`` is read as well. Raises Invalid("place")."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise Invalid("place", f"{text!r} names no place in a repo. Write it as team/images@master:/a.png.")
    named = {name: value or "" for name, value in found.groupdict().items()}
    path = named["path"] or named["below"]
    return Place(named["repo"], named["workspace"], named["ref"], path.lstrip("/"))


def is_commit_id(text: str) -> bool:
    """Are these the 32 characters of a commit's id?"""
    return _COMMIT.fullmatch(text) is not None
