"""fsspec's own suite, run against repos."""

from __future__ import annotations

import pytest
from fsspec.tests import abstract

from treadle.client.filesystem import TreadleFileSystem


class Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]
    @pytest.fixture
    def fs(self, fs: TreadleFileSystem) -> TreadleFileSystem:
        return fs

    @pytest.fixture
    def fs_path(self, root: str) -> str:
        return root

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False


@pytest.mark.long
class TestCopy(Fixtures, abstract.AbstractCopyTests):  # type: ignore[misc]
    pass


@pytest.mark.long
class TestGet(Fixtures, abstract.AbstractGetTests):  # type: ignore[misc]
    pass


@pytest.mark.long
class TestPut(Fixtures, abstract.AbstractPutTests):  # type: ignore[misc]
    pass


class TestOpen(Fixtures, abstract.AbstractOpenTests):  # type: ignore[misc]
    pass


class TestPipe(Fixtures, abstract.AbstractPipeTests):  # type: ignore[misc]
    pass
