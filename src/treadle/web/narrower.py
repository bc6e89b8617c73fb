"""Permissions that are asked for below a workspace, and that there are none of."""

from __future__ import annotations

from treadle.errors import Unsupported


def check_is_workspace_wide(experiment: object, model: object) -> None:
    """Raises Unsupported("permission-below-workspace") where one experiment or one model is named."""
    for what, named in (("experiment", experiment), ("registered model", model)):
        if named is not None:
            raise Unsupported(
                "permission-below-workspace",
                f"A role or a token holds for a whole workspace, not for one {what} ({str(named)[:100]}). "
                f"Put the {what} into a workspace of its own, and give the role there.",
            )
