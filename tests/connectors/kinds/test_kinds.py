"""Every kind of storage keeps the same promises."""

from __future__ import annotations

import pytest

from tests.connectors.kinds.grounds import GROUNDS, Ground
from treadle.connectors.kinds import KINDS
from treadle.connectors.places import Direction, fields_for, read_form
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, TreadleError, Unavailable, Unsupported
from treadle.settings import Settings

NAMES = ("b.jpg", "a/2.json", "a/10.jpg", "a-b.jpg", "ü e/\U0001f600 #%41?.jpg", "ab.txt")
HOSTILE = (
    "",
    "../secret",
    "a/../../secret",
    "/etc/passwd",
    "a\0b",
    "a\nb",
    "x" * 1100,
    "a//b",
    ".",
    "\ud800",
)


@pytest.fixture(params=list(GROUNDS))
def ground(request: pytest.FixtureRequest) -> Ground:
    """An empty storage of each kind."""
    return GROUNDS[request.param](request)


def test_every_kind_is_tried() -> None:
    assert [kind.name for kind in KINDS] == list(GROUNDS)


def test_what_is_written_is_listed_in_order_and_read(ground: Ground) -> None:
    keys = {ground.put(name, name.encode()): name.encode() for name in NAMES}
    place = ground.open()
    found = list(place.list())
    assert [item.key for item in found] == sorted(keys)
    assert {item.key: b"".join(place.read(item.key)) for item in found} == keys
    for item in found:
        assert item.size_bytes in (len(keys[item.key]), None)
        assert item.modified_at is None or item.modified_at.tzinfo is not None
    for number, item in enumerate(found):
        assert [each.key for each in place.list(after=item.key)] == sorted(keys)[number + 1 :]
    assert list(place.list()) == found


def test_what_is_changed_has_another_mark_and_what_is_deleted_is_gone(ground: Ground) -> None:
    if not ground.is_written:
        with pytest.raises(Unsupported):
            ground.open().write("a", b"")
        return
    key = ground.put("a.json", b"[1]")
    kept = ground.put("b.json", b"[1]")
    place = ground.open()
    before = {item.key: item.etag for item in place.list()}
    assert before[key]
    assert before[kept]
    place.write(key, b"[2]")
    after = {item.key: item.etag for item in place.list()}
    assert after[key] != before[key]
    assert after[kept] == before[kept]
    place.delete(key)
    place.delete(key)
    assert [item.key for item in place.list()] == [kept]
    with pytest.raises(NotFound) as caught:
        place.read(key)
    assert caught.value.code == "storage-item"


def test_an_item_is_read_as_long_as_it_is_what_it_was(ground: Ground) -> None:
    keys = [ground.put(name, b"[1, 2]") for name in ("a b.json", "b.json")]
    place = ground.open()
    before = place.find(keys[0])
    for item in place.list():
        found = place.find(item.key)
        assert (found.key, found.etag) == (item.key, item.etag)
        for start, end in [(0, None), (1, 3), (2, None), (6, None), (3, 3)]:
            assert b"".join(place.read_item(item, start, end)) == b"[1, 2]"[start:end]
    with pytest.raises(NotFound):
        place.find(f"{keys[0]}.absent")
    if ground.is_written:
        place.write(keys[0], b"[2, 1]")
        with pytest.raises(Conflict) as caught:
            place.read_item(before, 1, 3)
        assert caught.value.code == "storage-item-changed"


def test_a_filter_selects_by_pattern(ground: Ground) -> None:
    keys = [ground.put(name, b"x") for name in ("one.jpg", "two.jpeg", "three.json")]
    assert [item.key for item in ground.open(regex_filter=r".*\.jpe?g$").list()] == keys[:2]
    with pytest.raises(Invalid) as caught:
        ground.open(regex_filter="(")
    assert list(caught.value.fields) == ["regex_filter"]


def test_any_part_is_read(ground: Ground) -> None:
    content = bytes(range(256)) * 2100
    key = ground.put("large", content)
    place = ground.open()
    for start, end in [(0, None), (0, 1), (5, 300_000), (len(content) - 3, len(content) + 9), (4, 4)]:
        assert b"".join(place.read(key, start, end)) == content[start:end]
    assert b"".join(place.read(key, len(content) + 5, None)) == b""


@pytest.mark.parametrize("key", HOSTILE, ids=lambda key: ascii(key)[:20])
def test_no_key_leads_out(ground: Ground, key: str) -> None:
    place = ground.open()
    ground.put("here", b"x")
    with pytest.raises((Invalid, NotFound)):
        b"".join(place.read(key))
    if ground.is_written and ground.kind.name != "redis":
        with pytest.raises(Invalid):
            place.write(key, b"x")
        with pytest.raises(Invalid):
            place.delete(key)


def test_an_address_leads_back_to_its_key(ground: Ground) -> None:
    key = ground.put("ü/a #1?.jpg", b"x")
    place = ground.open()
    assert "://" in place.uri(key)
    if ground.is_written:
        assert place.key_of(place.uri(key)) == key
    for other in ("https://example.com/a.jpg", "file:///etc/passwd", "s3://other/a", "redis://h/a", ""):
        assert place.key_of(other) is None


def test_a_check_of_what_is_right_says_nothing_and_leaves_nothing(ground: Ground) -> None:
    key = ground.put("a.json", b"[]")
    place = ground.open()
    place.check("source")
    if ground.is_written:
        place.check("target")
    assert [item.key for item in place.list()] == [key]


def test_a_check_of_what_is_not_there_says_what_to_mend(ground: Ground) -> None:
    directions: tuple[Direction, ...] = ("source", "target") if ground.is_written else ("source",)
    for direction in directions:
        with pytest.raises((Invalid, Unavailable)) as caught:
            ground.open(**ground.nowhere).check(direction)
        (field,) = ground.nowhere
        assert field in caught.value.fields or ground.kind.name == "http"
        assert str(ground.nowhere[field]) in caught.value.message or field == "db"
    with pytest.raises(TreadleError):
        list(ground.open(**ground.nowhere).list())


def test_a_private_address_is_called_only_where_a_setting_allows_it(ground: Ground) -> None:
    key = ground.put("a", b"x")
    closed = ground.but(Settings())
    for call in (
        lambda: closed.open().check("source"),
        lambda: list(closed.open().list()),
        lambda: closed.open().read(key),
    ):
        with pytest.raises(Forbidden, match=r"TREADLE_(OUTBOUND_ALLOW|LOCAL_FILES_ROOTS)"):
            call()


def test_secrets_stand_apart_and_stay_where_they_are_left_empty(ground: Ground) -> None:
    form = ground.filled()
    secret = {each.name for each in fields_for(ground.kind, "source") if each.secret}
    assert form.secrets.keys() <= secret
    assert not form.options.keys() & secret
    given = {name: value for name, value in ground.form.items() if name not in secret}
    assert read_form(ground.kind, "source", given, before=form) == form
    assert repr(form.secrets) not in repr(form)


def test_what_is_kept_secret_goes_to_no_other_host(ground: Ground) -> None:
    form = ground.filled()
    hosts = {each.name for each in fields_for(ground.kind, "source") if each.names_host}
    # Of Google the host stands in what is secret; of folders and of the web nothing is.
    assert bool(hosts) == (ground.kind.name in ("s3", "azure", "redis"))
    for name in hosts:
        given = {"account_name": "6380", name: "6380"}
        moved = read_form(ground.kind, "source", given, before=form, only_given=True)
        assert moved.secrets.items() <= {"account_name": "6380"}.items()
