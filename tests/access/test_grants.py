"""Who may do what: the role table, and roles in single projects."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.access.people import add_person, add_project, add_repo, add_workspace, make_member, override
from treadle.access import (
    ORGANIZATION,
    Actor,
    ListGrant,
    ProjectScope,
    RepoScope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)
from treadle.db import Database, Tx
from treadle.db.schema import projects
from treadle.errors import Forbidden, NotFound
from treadle.permissions import Permission, Role

SEE = {"workspace.read", "members.read", "project.read", "task.read", "annotation.read"}
EXPORT, LABEL = {"export", "repo.read", "tracking.read", "learning.read"}, {"annotation.write"}
EDIT = {"project.write", "task.write", "prediction.write", "view.write", "repo.write", "tracking.write"}
MANAGE = {
    "members.manage",
    "project.delete",
    "repo.delete",
    "audit.read",
    "tracking.manage",
    "model.promote",
    "webhook.write",
}
#: The role table, as it is promised to people.
TABLE: dict[Role | None, set[str]] = {
    None: set(),
    Role.VIEWER: SEE | EXPORT,
    Role.ANNOTATOR: SEE | LABEL,
    Role.REVIEWER: SEE | EXPORT | LABEL,
    Role.EDITOR: SEE | EXPORT | LABEL | EDIT,
    Role.MANAGER: SEE | EXPORT | LABEL | EDIT | MANAGE,
    Role.OWNER: SEE | EXPORT | LABEL | EDIT | MANAGE | {"workspace.manage"},
}


def held(tx: Tx, actor: Actor, project_id: int) -> set[str]:
    """What the actor may do in the project, one question each."""
    found = set()
    for permission in Permission:
        try:
            allow(tx, actor, permission, ProjectScope(project_id))
        except (Forbidden, NotFound):
            continue
        found.add(permission.value)
    return found


def listed(tx: Tx, actor: Actor, permission: Permission) -> list[int]:
    """The projects that a list for ``permission`` would show."""
    condition = ListGrant(actor, permission).condition
    return list(tx.execute(select(projects.c.id).where(condition).order_by(projects.c.id)).scalars())


def test_each_role_may_what_the_table_says(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        project_id = add_project(tx, 1)
        for role, expected in TABLE.items():
            person = add_person(tx, f"{role.value if role else 'nobody'}@example.com")
            if role:
                make_member(tx, admin, person, role)
            assert held(tx, person, project_id) == expected, role
            assert held(tx, person, project_id + 1) == set()
        assert held(tx, admin, project_id) == {permission.value for permission in Permission}


def test_a_role_in_a_project_replaces_every_role_in_the_workspace(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        here, there = add_project(tx, 1), add_project(tx, 1)
        for number, in_workspace in enumerate(TABLE):
            person = add_person(tx, f"person{number}@example.com")
            if in_workspace:
                make_member(tx, admin, person, in_workspace)
            for in_project in Role:
                override(tx, admin, person, in_project, here)
                assert held(tx, person, here) == TABLE[in_project]
                assert held(tx, person, there) == TABLE[in_workspace]


def test_a_list_shows_exactly_what_allow_would_open(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        other = add_workspace(tx, admin, "other")
        ids = [add_project(tx, workspace_id) for workspace_id in (1, 1, other)]
        for number, in_workspace in enumerate(TABLE):
            person = add_person(tx, f"person{number}@example.com")
            if in_workspace:
                make_member(tx, admin, person, in_workspace)
            for in_project in (None, *Role):
                if in_project:
                    override(tx, admin, person, in_project, ids[1])
                open_to = {project_id: held(tx, person, project_id) for project_id in ids}
                for permission in (Permission.PROJECT_READ, Permission.EXPORT, Permission.PROJECT_WRITE):
                    expected = [project_id for project_id in ids if permission.value in open_to[project_id]]
                    assert listed(tx, person, permission) == expected


def test_what_one_cannot_see_is_not_there_and_what_one_may_not_do_is_forbidden(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        viewer, stranger = add_person(tx, "viewer@example.com"), add_person(tx, "stranger@example.com")
        make_member(tx, admin, viewer, Role.VIEWER)
        for scope in (WorkspaceScope(1), ProjectScope(add_project(tx, 1)), RepoScope(add_repo(tx, 1))):
            with pytest.raises(NotFound) as hidden:
                allow(tx, stranger, Permission.MEMBERS_READ, scope)
            absent = type(scope)(999)
            with pytest.raises(NotFound) as missing:
                allow(tx, viewer, Permission.MEMBERS_READ, absent)
            assert hidden.value.code == missing.value.code
            with pytest.raises(Forbidden):
                allow(tx, viewer, Permission.MEMBERS_MANAGE, scope)
        with pytest.raises(Forbidden):
            allow(tx, viewer, Permission.ORGANIZATION_ADMIN, ORGANIZATION)


def test_an_organisation_admin_finds_no_workspace_that_is_not_there(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        with pytest.raises(NotFound):
            allow(tx, admin, Permission.WORKSPACE_READ, WorkspaceScope(999))


def test_a_grant_knows_what_the_role_is_good_for(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        person = add_person(tx, "person@example.com")
        make_member(tx, admin, person, Role.ANNOTATOR)
        grant = allow(tx, person, Permission.ANNOTATION_WRITE, ProjectScope(add_project(tx, 1)))
        assert (grant.is_narrow, grant.may_review) == (True, False)
        make_member(tx, admin, person, Role.REVIEWER)
        (grant,) = allow_anywhere(tx, person, Permission.ANNOTATION_WRITE).values()
        assert (grant.is_narrow, grant.may_review) == (False, True)
        assert allow_anywhere(tx, person, Permission.PROJECT_WRITE) == {}
