"""Where a network computes."""

from __future__ import annotations

import torch

from treadle.errors import Invalid


def device_of(*wanted: str) -> str:
    """The first that is named, else a GPU where there is one. Raises Invalid("device")."""
    name = next((one.strip() for one in wanted if one.strip()), "")
    if not name:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    name = f"cuda:{name}" if name.isdigit() else name
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).split("\n", 1)[0][:200]
        raise Invalid(
            "device", f"The device {name!r} cannot be used: {why}. Leave it empty, or give cpu."
        ) from error
    return name
