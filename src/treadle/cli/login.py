"""Signing in to a server: its address and a token are kept for the other commands."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace

from treadle.client.addresses import Address, keep_credentials, parse_address
from treadle.client.repos import connect_to
from treadle.errors import Invalid


def login(arguments: Namespace) -> int:
    """Ask for a token where none was given, try it, and keep it; the exit status.

    Raises Invalid("token-needed"), Unauthenticated for one that the server does not know,
    Unavailable("server-unreachable").
    """
    address = parse_address(arguments.url)
    token = arguments.token or _ask_for_token(address)
    with connect_to(address, token) as client:
        person = client.who_am_i()
    path = keep_credentials(address, token)
    print(f"Signed in to {address} as {person.email}; kept in {path}.")
    return 0


def _ask_for_token(address: Address) -> str:
    """The token from the terminal, unseen, or else the first line of the standard input."""
    if sys.stdin.isatty():
        print(f"Make a token on {address}/account (New token) and paste it here.")
        token = getpass.getpass("Token: ").strip()
    else:
        token = sys.stdin.readline().strip()
    if not token:
        text = (
            f"No token was given. Make one on {address}/account, then: treadle login {address} --token TEXT"
        )
        raise Invalid("token-needed", text)
    return token
