"""A backend that is spoken to for long, and found again where it went away meanwhile."""

from __future__ import annotations

from types import TracebackType

from treadle.access.signing_key import load_signing_key
from treadle.jobs import JobParts
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.client import BackendClient, Told, open_client, told_of


class Reach:
    """One backend, what it is told of its project, and a connection to it.

    A built-in backend that ended is started, and may be elsewhere then: hence `again`.
    """

    def __init__(self, parts: JobParts, backend_id: int) -> None:
        self._parts = parts
        self._backend_id = backend_id
        self.backend, self.told = self._read()
        self._client: BackendClient | None = None

    def __enter__(self) -> Reach:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def client(self) -> BackendClient:
        """Who speaks to it. Raises what `open_client` raises."""
        if self._client is None:
            key = load_signing_key(self._parts.settings.data_dir)
            self._client = open_client(self._parts.settings, key, self.backend)
        return self._client

    def again(self) -> BackendClient:
        """The same, connected anew: to where the backend is now, and with what is to be told now."""
        self.close()
        self.backend, self.told = self._read()
        return self.client

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _read(self) -> tuple[Backend, Told]:
        with self._parts.database.read() as tx:
            backend = backends.get(tx, self._backend_id)
            return backend, told_of(tx, backend, "")
