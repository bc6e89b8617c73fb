"""The three guards below MLflow's handlers: rows, names and bytes of one workspace and no other.

MLflow is imported with this module. A test takes one of them away and sees the attacks succeed.
"""

from __future__ import annotations

from mlflow.entities import Workspace
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.workspace.abstract_store import AbstractStore
from mlflow.utils import workspace_context

from treadle.tracking.child.visiting import current_visitor, current_workspace
from treadle.tracking.names import shown_name

_PLACES = "workspaces"


def limit_rows(workspace: str | None) -> None:
    """Rows: let MLflow's stores add the workspace to each of their queries, in this task and its threads.

    None: the request is for no workspace, and a query fails.
    """
    workspace_context.set_server_request_workspace(workspace)


class Memberships(AbstractStore):  # type: ignore[misc]
    """Names: the workspaces that there are for MLflow are those that the door told us of.

    Its own table of workspaces is never read, so that it cannot tell a name.
    """

    def __init__(self, workspace_uri: str | None = None) -> None:
        """workspace_uri: our scheme; there is but one place to ask."""

    def list_workspaces(self) -> list[Workspace]:
        """Those of the visitor."""
        return list(_named().values())

    def get_workspace(self, workspace_name: str) -> Workspace:
        """The visitor's workspace of that name, or the one that the request is let into."""
        if workspace_name == current_workspace():
            return Workspace(name=workspace_name)
        found = _named().get(workspace_name)
        if found is None:
            # The same words for what is not there and what is not yours.
            text = f"Workspace '{workspace_name}' not found"
            raise MlflowException(text, RESOURCE_DOES_NOT_EXIST)
        return found

    def get_default_workspace(self) -> Workspace:
        """There is none: MLflow takes only this error for saying so."""
        raise NotImplementedError


def _named() -> dict[str, Workspace]:
    visitor = current_visitor()
    named = {}
    for workspace_id, name in visitor.workspaces if visitor else ():
        shown = shown_name(workspace_id, name)
        named[shown] = Workspace(name=shown, description=name)
    return named


def check_place(place: str) -> str:
    """Bytes: the place itself, if it lies in the workspace that the request is let into.

    place: of an artifact, from the root of all of them, without dots or doubled slashes.
    Raises what MLflow's repositories raise where there is nothing.
    """
    workspace = current_workspace()
    if workspace is None or place.split("/")[:2] != [_PLACES, workspace]:
        raise nothing_there()
    return place


def nothing_there() -> MlflowException:
    """The one error for what is not there, and for what is another workspace's."""
    return MlflowException("No such artifact", RESOURCE_DOES_NOT_EXIST)
