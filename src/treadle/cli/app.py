"""Every command and its options."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn, Optional

import typer

from treadle import __version__
from treadle.errors import TreadleError
from treadle.settings import Secret, Settings, load_settings

app = typer.Typer(
    name="treadle",
    help="An open, self-hosted labelling studio.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user_app = typer.Typer(help="People.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(user_app, name="user")

# typer reads these on Python 3.10, too: no `X | None` in what it evaluates.
Host = Annotated[Optional[str], typer.Option(help="Address to listen on.")]  # noqa: UP045
Port = Annotated[Optional[int], typer.Option(help="Port to listen on; 0 takes any free one.")]  # noqa: UP045
DataDir = Annotated[Optional[Path], typer.Option(help="Folder that holds all data.")]  # noqa: UP045
DatabaseUrl = Annotated[Optional[str], typer.Option(help="postgresql://…; else SQLite.")]  # noqa: UP045
AdminEmail = Annotated[Optional[str], typer.Option(help="First administrator.")]  # noqa: UP045
AdminPassword = Annotated[Optional[str], typer.Option(help="Their password.")]  # noqa: UP045
AdminToken = Annotated[Optional[str], typer.Option(help="Their token, for scripts.")]  # noqa: UP045
WithSamples = Annotated[Optional[bool], typer.Option("--with-samples", help="Add samples at first.")]  # noqa: UP045


def main() -> None:
    """The command ``treadle``."""
    app()


@app.command()
def serve(  # one parameter for each option: the options are the signature
    *,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    admin_email: AdminEmail = None,
    admin_password: AdminPassword = None,
    admin_token: AdminToken = None,
    with_samples: WithSamples = None,
) -> None:
    """Serve the labelling studio: starts and watches all of its parts."""
    from treadle.launch.serve import serve as run

    settings = _load(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=database_url,
        admin_email=admin_email,
        admin_password=_secret(admin_password),
        admin_token=_secret(admin_token),
        with_samples=with_samples,
    )
    try:
        status = run(settings)
    except TreadleError as error:
        _fail(error)
    raise typer.Exit(status)


@app.command()
def web(
    host: Host = None, port: Port = None, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Serve as one of several web processes on one PostgreSQL."""
    from treadle.launch.web import serve_web

    serve_web(_load(host=host, port=port, data_dir=data_dir, database_url=database_url))


@app.command()
def worker(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Run imports, exports and other jobs as one of several workers on one PostgreSQL."""
    from treadle.launch.worker import run_worker

    run_worker(_load(data_dir=data_dir, database_url=database_url))


@app.command()
def settings() -> None:
    """List every setting: its variable, value and meaning."""
    from treadle.cli.settings_table import print_settings

    print_settings(_load())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"treadle {__version__}")


@user_app.command("reset-password")
def reset_password(
    email: str,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for the new password instead of making one.")
    ] = False,
) -> None:
    """Give somebody a new password and end their sessions."""
    from treadle.cli.reset_password import reset

    chosen = typer.prompt("New password", hide_input=True, confirmation_prompt=True) if ask else None
    try:
        password = reset(_load(data_dir=data_dir, database_url=database_url), email, _secret(chosen))
    except TreadleError as error:
        _fail(error)
    typer.echo(
        f"{email} signs in anew with the password: {'(the one you gave)' if ask else password.reveal()}"
    )


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _load(**options: object) -> Settings:
    try:
        return load_settings(os.environ, options)
    except TreadleError as error:
        _fail(error)


def _fail(error: TreadleError) -> NoReturn:
    print(f"treadle: {error.message}", file=sys.stderr)
    raise typer.Exit(1)
