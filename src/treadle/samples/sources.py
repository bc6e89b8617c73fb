"""Where the sample data comes from: files inside installed packages, with their licences."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from treadle.errors import Unsupported


@dataclass(frozen=True)
class Source:
    """Where a piece of sample data is from, and on what terms."""

    name: str
    credit: str
    licence: str


def package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it.

    Raises Unsupported("samples-not-installed").
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Unsupported(
            "samples-not-installed",
            f"The sample projects need the package {package!r}, which is not installed. "
            "Install Treadle with its extra [samples], or start without --with-samples.",
        )
    return Path(spec.submodule_search_locations[0])


def scikit_image_picture(name: str) -> Path:
    """A picture that lies in the wheel of scikit-image."""
    return package_folder("skimage") / "data" / name


def scikit_learn_picture(name: str) -> Path:
    """A picture that lies in the wheel of scikit-learn."""
    return package_folder("sklearn") / "datasets" / "images" / name
