"""The platform's proxy holds the port of the pod's own address: 0.0.0.0 is taken, 127.0.0.1 is free."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from treadle.errors import Conflict
from treadle.launch.listening import find_listener, listen


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which something listens on another address of this machine, as the platform's proxy does."""
    with socket.create_server(("127.0.0.2", 0)) as proxy:
        yield proxy.getsockname()[1]


def test_everywhere_is_refused_and_the_loopback_named_that_is_free(port: int) -> None:
    text = rf"held by process {os.getpid()} .*127\.0\.0\.1:{port} is free"
    with pytest.raises(Conflict, match=text):
        listen("0.0.0.0", port, 0)


def test_the_loopback_is_free(port: int) -> None:
    with listen("127.0.0.1", port, 0) as listening:
        assert listening.getsockname() == ("127.0.0.1", port)


def test_a_loopback_port_that_is_taken_names_its_holder_and_not_the_proxy(port: int) -> None:
    assert find_listener("127.0.0.1", port) == ""
    with socket.create_server(("127.0.0.1", port)), pytest.raises(Conflict, match=f"process {os.getpid()}"):
        listen("127.0.0.1", port, 0)


def test_a_listener_of_version_six_is_found() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        assert f"process {os.getpid()}" in find_listener("::1", other.getsockname()[1])
