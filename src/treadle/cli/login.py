"""Signing in to a server: its address and a token are kept for the other commands."""

from __future__ import annotations

import getpass
from argparse import Namespace

from treadle.client.addresses import keep_credentials, parse_address
from treadle.client.repos import connect_to


def login(arguments: Namespace) -> int:
    """Ask for a token where none was given, try it, and keep it; the exit status.

    Raises Unauthenticated for one that the server does not know, Unavailable("server-unreachable").
    """
    address = parse_address(arguments.url)
    if not arguments.token:
        print(f"Make a token on {address}/account and paste it here.")
    token = arguments.token or getpass.getpass("Token: ").strip()
    with connect_to(address, token) as client:
        person = client.who_am_i()
    path = keep_credentials(address, token)
    print(f"Signed in to {address} as {person.email}; kept in {path}.")
    return 0
