"""Laws of the house: who may import whom."""

from __future__ import annotations

from importlib import import_module

from tests.laws.source import Import, imports_of, late_names, python_files, room_of
from treadle.web.areas import Areas
from treadle.web.routes import AREAS

#: From the bottom up. A room imports from lower floors only; those of one floor do not see each other,
#: but for the vocabulary, whose words may be made of one another.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "asking",
            "ids",
            "errors",
            "late",
            "permissions",
            "run_lengths",
            "settings",
            "local_socket",
            "streams",
            "surroundings",
            "tether",
            "version_tars",
        }
    ),
    frozenset({"db"}),
    frozenset({"events", "objects"}),
    frozenset({"access", "outbound"}),
    frozenset({"repos", "lineage", "webhooks", "appearance"}),
    frozenset({"jobs"}),
    frozenset({"labeling", "tracking"}),
    frozenset({"learning", "connectors", "samples", "moving"}),
    frozenset({"doctor"}),
    frozenset({"web", "gateways", "backups"}),
    frozenset({"launch"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
#: What other people's programs import: nothing of the server's.
OUTSIDE = frozenset({"ml", "client"})
#: The command line speaks to servers as anybody's program does, and starts those of models.
SPEAKS = {"cli": OUTSIDE}
VOCABULARY = FLOORS[0]

#: What may be imported inside a function, by room: what is slow to import and seldom needed there.
LATE = {
    "cli": {"treadle"},  # a command answers within a quarter of a second
    "samples": {
        "numpy",
        "skimage",
        "sklearn",
        "scipy",
        "pydoc_data",
    },  # an extra; used at the first start only
    "ml": {
        "PIL",
        "numpy",  # the author of a model brings them; a training or a picture needs them
        "torchvision",
        "ultralytics",  # an extra; they read the environment when they are imported
    },
}


def all_imports() -> list[Import]:
    """What is imported, be it at the first call."""
    late = [Import(path, line, name.partition(":")[0], False) for path, line, name in late_names()]
    return [*late, *(found for path in python_files() for found in imports_of(path))]


def test_a_room_imports_from_lower_floors_only() -> None:
    wrong = [str(found) for found in all_imports() if not may_import(room_of(found.path), target_of(found))]
    assert wrong == []


def test_every_room_has_a_floor() -> None:
    known = OUTSIDE.union(*FLOORS, {"__init__"})
    assert {room_of(path) for path in python_files()} <= known


def test_imports_are_absolute() -> None:
    assert [str(found) for found in all_imports() if found.module.startswith(".")] == []


def test_imports_stand_at_the_top_but_for_slow_ones() -> None:
    wrong = [
        str(found)
        for found in all_imports()
        if found.in_function and found.module.split(".")[0] not in LATE.get(room_of(found.path), set())
    ]
    assert wrong == []


def test_what_is_imported_late_is_there() -> None:
    names = [name.split(":") for _path, _line, name in late_names()]
    assert [name for module, name in names if not callable(getattr(import_module(module), name))] == []


def test_every_route_lies_at_a_root_of_its_area_and_is_found_by_it() -> None:
    wrong = [
        route.path
        for area in AREAS
        for route in area.load()
        if area not in set(Areas(AREAS).near(route.path.replace("...", "")))
    ]
    assert wrong == []


def test_every_module_of_routes_is_an_area() -> None:
    files = {f"treadle.web.{path.stem}" for path in python_files() if path.stem.startswith("routes_")}
    assert files == {area.module for area in AREAS}


def test_a_room_below_does_not_see_one_above() -> None:
    assert may_import("labeling", "db")
    assert may_import("labeling", "labeling")
    assert not may_import("db", "labeling")
    assert not may_import("labeling", "tracking")
    assert not may_import("ml", "db")


def target_of(found: Import) -> str | None:
    """The room that is imported; None where it is not ours."""
    parts = found.module.split(".")
    if parts[0] != "treadle":
        return None
    return parts[1] if len(parts) > 1 else "__init__"


def may_import(room: str, target: str | None) -> bool:
    if target in (None, "__init__", "__version__", room) or target in SPEAKS.get(room, ()):
        return True
    if room == "__init__" or target in OUTSIDE:
        return False
    if target in VOCABULARY:
        return True
    if room in OUTSIDE:
        return False
    return floor_of(target) < floor_of(room)


def floor_of(room: str | None) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)
