"""Which server a command speaks to: a remote one, one on this machine, or the data folder, opened here."""

from __future__ import annotations

import gc
import os
import socket
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from treadle.client.addresses import Address, find_server, parse_address, read_credentials, token_for
from treadle.client.repos import Client, connect_to
from treadle.errors import NotFound, Unsupported
from treadle.local_socket import FILE_NAME, socket_address
from treadle.settings import Settings, variable

_DATABASE = "treadle.sqlite3"


@contextmanager
def open_client(settings: Settings, arguments: Namespace) -> Iterator[Client]:
    """The server that is meant: ``--data-dir`` or ``--url``, else TREADLE_URL or that of ``treadle login``,
    else the data folder of TREADLE_DATA_DIR or of this directory.

    Raises NotFound("server-not-named", "database-not-found"), Unsupported("server-extra").
    """
    if "data_dir" in arguments or (not arguments.url and _is_local(settings)):
        with _open_local(settings, arguments.command.name) as client:
            yield client
        return
    if arguments.url:
        address = parse_address(arguments.url)
        token = token_for(address)
    else:
        address, token = find_server()
    with connect_to(address, token) as client:
        yield client


def _is_local(settings: Settings) -> bool:
    if os.environ.get("TREADLE_URL") or read_credentials(os.environ).default:
        return False
    return variable("data_dir") in os.environ or (settings.data_dir / _DATABASE).exists()


@contextmanager
def _open_local(settings: Settings, verb: str) -> Iterator[Client]:
    path = settings.data_dir.resolve() / FILE_NAME
    if _is_answered(path):
        with connect_to(Address("unix", socket_path=path)) as client:
            yield client
        return
    if not settings.database_url and not (settings.data_dir / _DATABASE).exists():
        text = f"There is no Treadle in {settings.data_dir}. Give --data-dir the folder of your server."
        raise NotFound("database-not-found", text)
    gc.disable()  # the collector would walk what the imports make, which stays for good
    try:
        from treadle.cli.in_process import open_in_process
    except ImportError as error:
        text = f"Opening a data folder needs the server: pip install 'treadle[server]' ({error})."
        raise Unsupported("server-extra", text) from error
    gc.freeze()
    gc.enable()
    with (
        open_in_process(settings, verb) as transport,
        connect_to(Address("unix"), "", transport) as client,
    ):
        yield client


def _is_answered(path: Path) -> bool:
    """Does a server listen there?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        try:
            with socket_address(path) as place:
                asked.connect(place)
        except OSError:
            return False
    return True
