"""Laws of the house: what is declared is used, and what is used is declared."""

from __future__ import annotations

import re
import sys

from tests.laws.source import ROOT, imports_of, python_files

#: The module that a package brings, where the names differ.
MODULES = {
    "argon2-cffi": "argon2",
    "google-re2": "re2",
    "mlflow-skinny": "mlflow",
    "pillow": "PIL",
    "pyjwt": "jwt",
    "python-multipart": "python_multipart",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}
#: Declared and not imported: another package needs it, or its files are read.
NOT_IMPORTED = {
    "aiohttp": "MLflow's server needs it",
    "alembic": "MLflow's server needs it",
    "flask": "MLflow's server needs it",
    "flask-cors": "MLflow's server needs it",
    "graphene": "MLflow's server needs it",
    "pandas": "MLflow's server needs it",
    "pyarrow": "an import of Parquet loads it by name, when one comes",
}
#: All but ``dev``, ``redis`` and ``mlflow-ui``.
EXTRAS = ("server", "postgres", "parquet", "tracking", "ml", "learn", "detector", "yolo", "samples")
#: Imported and not declared: scikit-image does not work without them.
BROUGHT_ALONG = {"numpy", "scipy"}


def test_every_package_that_is_imported_is_declared() -> None:
    declared = {MODULES.get(name, name) for name in declared_packages()}
    assert third_party_modules() - declared - BROUGHT_ALONG == set()


def test_every_package_that_is_declared_is_imported() -> None:
    imported = third_party_modules()
    unused = {name for name in declared_packages() if MODULES.get(name, name) not in imported}
    assert unused == set(NOT_IMPORTED)


def third_party_modules() -> set[str]:
    names = {found.module.split(".")[0] for path in python_files() for found in imports_of(path)}
    return names - set(sys.stdlib_module_names) - {"treadle"}


def declared_packages() -> set[str]:
    """The packages of the base and of the extras that a server has: all but ``dev``."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    # tomllib came with Python 3.11, and this runs on 3.10.
    lists = re.findall(r"^(\w+) = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    wanted = [body for name, body in lists if name in ("dependencies", *EXTRAS)]
    assert len(wanted) == 1 + len(EXTRAS)
    return {name for body in wanted for name in re.findall(r'"([A-Za-z0-9-]+)', body)}
