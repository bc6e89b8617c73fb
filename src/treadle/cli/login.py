"""Signing in to a server: its address and a token are kept for the other commands, and for notebooks."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace

from treadle.cli.notebooks import keep_for_notebooks, notebook_path
from treadle.client.addresses import Address, keep_credentials, parse_address
from treadle.client.repos import connect_to
from treadle.errors import Invalid

_YES = ("y", "yes")


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
    if address.socket_path is None:
        _tell_notebooks(address, person.email, token)
    return 0


def _tell_notebooks(address: Address, email: str, token: str) -> None:
    if keep_for_notebooks(email, token, _may_replace):
        print(f"MLflow's client finds name and token in {notebook_path()}. Tell it where to go:")
    else:
        print(f"{notebook_path()} was left as it is. For MLflow's client, set MLFLOW_TRACKING_TOKEN, and:")
    print(f"  export MLFLOW_TRACKING_URI={address}")


def _may_replace(name: str) -> bool:
    """Asked on a terminal; a script replaces nothing of somebody's."""
    if not sys.stdin.isatty():
        return False
    return input(f"{notebook_path()} holds the credentials of {name}. Replace them? [y/N] ").lower() in _YES


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
