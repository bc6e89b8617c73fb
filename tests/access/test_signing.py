"""The key, and what it signs."""

from __future__ import annotations

import stat
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jwt
import pytest

from treadle.access.signed_tokens import (
    read_access_token,
    read_refresh_token,
    sign_access_token,
    sign_refresh_token,
)
from treadle.access.signing_key import load_signing_key
from treadle.settings import Secret

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
KEY = Secret("k" * 64)


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda: keys.append(load_signing_key(tmp_path / "data").reveal()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys[0]) == 64
    files = list((tmp_path / "data").iterdir())
    assert [file.name for file in files] == ["secret.key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_a_signed_token_says_whose_it_is_until_it_is_over() -> None:
    refresh = sign_refresh_token(7, KEY, NOW)
    assert read_refresh_token(refresh.text, KEY, NOW + timedelta(days=36_000)) == refresh.jti
    access = sign_access_token(7, refresh.jti, KEY, NOW).text
    claims = read_access_token(access, KEY, NOW + timedelta(seconds=299))
    assert claims is not None
    assert (claims.user_id, claims.refresh_jti) == (7, refresh.jti)
    assert read_access_token(access, KEY, NOW + timedelta(seconds=300)) is None


def test_one_kind_does_not_pass_for_the_other() -> None:
    refresh = sign_refresh_token(7, KEY, NOW)
    assert read_access_token(refresh.text, KEY, NOW) is None
    assert read_refresh_token(sign_access_token(7, refresh.jti, KEY, NOW).text, KEY, NOW) is None


def forged(**changes: object) -> dict[str, object]:
    claims: dict[str, object] = {"token_type": "access", "user_id": "7", "refresh_jti": "r", "jti": "j"}
    claims |= {"iat": 0, "exp": 4_000_000_000}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        jwt.encode(forged(), "another key, as long as that one", "HS256"),
        jwt.encode(forged(), "", "none"),
        jwt.encode(forged(), KEY.reveal(), "HS512"),
        jwt.encode(forged(user_id="x"), KEY.reveal(), "HS256"),
        jwt.encode(forged(refresh_jti=None), KEY.reveal(), "HS256"),
        jwt.encode(forged(exp=None), KEY.reveal(), "HS256"),
        jwt.encode(forged(exp="soon"), KEY.reveal(), "HS256"),
    ],
)
def test_what_we_did_not_sign_so_says_nothing(text: str) -> None:
    assert read_access_token(text, KEY, NOW) is None


def test_a_token_without_its_signature_is_recognisable_and_worthless() -> None:
    refresh = sign_refresh_token(7, KEY, NOW)
    assert refresh.text.startswith(f"{refresh.without_signature}.")
    assert read_refresh_token(f"{refresh.without_signature}.", KEY, NOW) is None
