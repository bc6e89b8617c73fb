"""Secrets at rest."""

from __future__ import annotations

import pytest

from treadle.access.sealing import seal, unseal
from treadle.errors import Unavailable
from treadle.settings import Secret

_KEY = Secret("ab" * 32)


def test_what_was_sealed_is_read_again_and_never_prints() -> None:
    sealed = seal(_KEY, "geheim, ä")
    assert sealed.startswith("v1.")
    assert "geheim" not in sealed
    assert sealed != seal(_KEY, "geheim, ä")
    assert unseal(_KEY, sealed).reveal() == "geheim, ä"
    assert str(unseal(_KEY, sealed)) == "***"


def test_another_key_a_changed_text_and_another_version_say_so() -> None:
    sealed = seal(_KEY, "geheim")
    swapped = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    for key, text in ((Secret("cd" * 32), sealed), (_KEY, swapped), (_KEY, "v2" + sealed[2:]), (_KEY, "")):
        with pytest.raises(Unavailable, match=r"secret\.key"):
            unseal(key, text)
