"""Where a change of a repo goes."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.client.names import HEAD, is_commit_id


@dataclass(frozen=True)
class Target:
    """Where a change goes: into a commit of its own on ``branch``, or with ``is_staged`` into the branch's
    shared open commit, or into the open commit ``commit``."""

    branch: str = ""
    commit: str = ""
    is_staged: bool = False
    message: str = ""

    @classmethod
    def of(cls, ref: str, *, message: str = "", is_staged: bool = False) -> Target:
        """The target that a ref stands for: an open commit by its id, else a branch."""
        if is_commit_id(ref):
            return cls(commit=ref)
        return cls(branch=ref or HEAD, is_staged=is_staged, message=message)

    @property
    def fields(self) -> dict[str, str | int]:
        """What is sent of it, as a query or in a body."""
        if self.commit:
            return {"commit": self.commit}
        if self.is_staged:
            return {"branch": self.branch, "stage": 1}
        return {"branch": self.branch, "message": self.message}
