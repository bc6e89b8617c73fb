"""The graph of what came from what as one person may see it: what is kept as edges, and what rows tell.

commit → task is kept by a sync, annotation → commit by a commit of labels; task → annotation is told by the
annotation's row, and commit → commit by the provenance of commits. For models see `model_nodes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import literal_column, select

from treadle.access import Actor, Grant, ProjectScope, RepoScope, Scope, allow
from treadle.connectors import model_nodes
from treadle.connectors.model_nodes import PREDICTION, TRAINING, VERSION
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_commits, repo_provenance, repos
from treadle.db.schema import projects, tasks, users
from treadle.db.storage_tables import storage_items
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.labeling.visibility import handed_to, is_visible
from treadle.lineage import Direction, Edge, Graph, Node, edges_of, walk
from treadle.lineage.walking import Way
from treadle.permissions import Permission
from treadle.repos import commits

COMMIT, TASK, ANNOTATION = "commit", "task", "annotation"
KINDS = (COMMIT, TASK, ANNOTATION, PREDICTION, VERSION, TRAINING)
_MOST_ID = 2**62
#: How many more edges of one node are looked at while those before lead to what is not to be seen.
_PAGES = (1_000,) * 20
#: Where to go on: a node, the way, and the node at whose edge the look ended.
Cuts = dict[tuple[Node, Way], Node]

_t, _a, _c, _i = tasks.c, schema.annotations.c, repo_commits.c, storage_items.c
_TASKS = Prepared(
    select(_t.id, _t.inner_id, _t.project_id, _t.created_at, projects.c.title)
    .join(projects, projects.c.id == _t.project_id)
    .where(one_of(_t.id, "ids"), is_visible())
)
_FILES = Prepared(
    select(_i.task_id, _i.key).where(
        one_of(_i.task_id, "ids"), _i.state.not_in([literal_column("'shown'"), literal_column("'written'")])
    )
)
_ANNOTATIONS = Prepared(
    select(_a.id, _a.task_id, _a.project_id, _a.completed_by, _a.created_at, _a.result_count, users.c.email)
    .select_from(schema.annotations.outerjoin(users, users.c.id == _a.completed_by))
    .where(one_of(_a.id, "ids"))
)


@dataclass(frozen=True)
class Told:
    """What a node is, for people. href: its page, below the mount point."""

    node: Node
    title: str
    detail: str
    at: datetime | None
    href: str


@dataclass(frozen=True)
class _Seen:
    """A node that the person may see, with what is told of it."""

    told: Told
    project_id: int | None = None
    task_id: int | None = None


@dataclass
class Tracer:
    """Walks the graph for one person, in one transaction; asks for every permission once.

    begin: behind which edge to look at a node; those that rows tell are not told again.
    cuts: the nodes with so much that is not to be seen that not all of their edges were looked at.
    """

    tx: Tx
    actor: Actor
    begin: Cuts = field(default_factory=dict)
    cuts: Cuts = field(default_factory=dict)
    _seen: dict[Node, _Seen | None] = field(default_factory=dict)
    _grants: dict[tuple[Permission, Scope], Grant | None] = field(default_factory=dict)

    def trace(self, text: str, *, direction: Direction, depth: int, limit: int) -> tuple[Graph, list[Told]]:
        """The graph around ``commit:ID``, ``task:ID`` or another of KINDS, and what its nodes are.

        Raises Invalid("node"), NotFound("node-not-found") for what is not there or not to be seen.
        """
        start = read_node(text)
        if start not in self.shown([start]):
            raise NotFound("node-not-found", f"There is nothing called {text!r} that you can see.")
        graph = walk(start, self.neighbours, self.shown, direction=direction, depth=depth, limit=limit)
        return graph, [seen.told for node in graph.nodes if (seen := self._seen[node])]

    def shown(self, nodes: Sequence[Node]) -> frozenset[Node]:
        """Those that the person may see."""
        unknown: dict[str, list[Node]] = defaultdict(list)
        for node in dict.fromkeys(nodes):
            if node not in self._seen:
                self._seen[node] = None
                unknown[node.kind].append(node)
        self._look(unknown)
        return frozenset(node for node in nodes if self._seen[node] is not None)

    def neighbours(self, node: Node, way: Way, limit: int) -> list[Edge]:
        """The edges at a node, kept and told, to what the person may see."""
        last = self.begin.get((node, way))
        told = self._told_edges(node, way, limit) if last is None else ()
        found = dict.fromkeys(self._to_shown(told, way))
        for size in (limit, *_PAGES):
            if len(found) >= limit:
                return list(found)[:limit]
            page = edges_of(self.tx, node, up=way == "up", limit=size, after=last)
            found |= dict.fromkeys(self._to_shown(page, way))
            if len(page) < size:
                return list(found)[:limit]
            last = _far_end(page[-1], way)
        if last is not None and len(found) < limit:
            self.cuts[node, way] = last
        return list(found)[:limit]

    def _to_shown(self, edges: Sequence[Edge], way: Way) -> list[Edge]:
        seen = self.shown([_far_end(edge, way) for edge in edges])
        return [edge for edge in edges if _far_end(edge, way) in seen]

    def _told_edges(self, node: Node, way: Way, limit: int) -> list[Edge]:
        if node.kind == COMMIT:
            return self._provenance(node, way, limit)
        of_work = self._edges_of_work(node, way, limit)
        return [*of_work, *model_nodes.told_edges(self.tx, node, way, limit)][:limit]

    def _edges_of_work(self, node: Node, way: Way, limit: int) -> list[Edge]:
        if node.kind == ANNOTATION and way == "up":
            seen = self._seen[node]
            return [Edge(Node(TASK, str(seen.task_id)), node)] if seen else []
        if node.kind == TASK and way == "down":
            theirs = select(_a.id).where(_a.task_id == int(node.id)).order_by(_a.id).limit(limit)
            return [Edge(node, Node(ANNOTATION, str(each))) for each in self.tx.execute(theirs).scalars()]
        return []

    def _provenance(self, node: Node, way: Way, limit: int) -> list[Edge]:
        p = repo_provenance.c
        mine, other = (p.commit_id, p.source_id) if way == "up" else (p.source_id, p.commit_id)
        of_node = select(_c.id).where(_c.key == node.id).scalar_subquery()
        found = (
            select(_c.key)
            .join(repo_provenance, other == _c.id)
            .where(mine == of_node)
            .order_by(_c.id)
            .limit(limit)
        )
        others = [Node(COMMIT, key) for key in self.tx.execute(found).scalars()]
        return [Edge(each, node) if way == "up" else Edge(node, each) for each in others]

    # What one may see

    def _look(self, unknown: Mapping[str, Sequence[Node]]) -> None:
        self._look_at_commits(unknown.get(COMMIT, ()))
        self._look_at_tasks(unknown.get(TASK, ()))
        self._look_at_annotations(unknown.get(ANNOTATION, ()))
        self._look_at_predictions(unknown.get(PREDICTION, ()))
        self._look_at_versions(unknown.get(VERSION, ()))
        self._look_at_trainings(unknown.get(TRAINING, ()))

    def _look_at_commits(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            commit = commits.find(self.tx, node.id)
            if commit is None or self._grant(Permission.REPO_READ, RepoScope(commit.repo_id)) is None:
                continue
            name = self.tx.execute(select(repos.c.name).where(repos.c.id == commit.repo_id)).scalar_one()
            title = commit.message.partition("\n")[0] or commit.id[:8]
            detail = f"{name}@{commit.branch or commit.id[:8]} · {commit.file_count:,} files"
            href = f"repos/{commit.repo_id}/commits/{commit.id}"
            told = Told(node, title, detail, commit.finished_at or commit.created_at, href)
            self._seen[node] = _Seen(told)

    def _look_at_tasks(self, nodes: Sequence[Node]) -> None:
        rows = self.tx.rows(_TASKS, _ids(nodes)) if nodes else []
        files = {row["task_id"]: row["key"] for row in self.tx.rows(_FILES, _ids(nodes))} if nodes else {}
        grants = {
            row["id"]: self._grant(Permission.TASK_READ, ProjectScope(row["project_id"])) for row in rows
        }
        handed = self._handed(list(grants))
        for row in rows:
            grant = grants[row["id"]]
            if grant is None or (grant.is_narrow and row["id"] not in handed):
                continue
            node, project_id = Node(TASK, str(row["id"])), row["project_id"]
            title = files.get(row["id"], f"Task {row['inner_id']}")
            href = f"projects/{project_id}/data?task={row['id']}"
            told = Told(node, title, f"Task {row['id']} · {row['title']}", row["created_at"], href)
            self._seen[node] = _Seen(told, project_id)

    def _look_at_annotations(self, nodes: Sequence[Node]) -> None:
        for row in self.tx.rows(_ANNOTATIONS, _ids(nodes)) if nodes else []:
            grant = self._grant(Permission.ANNOTATION_READ, ProjectScope(row["project_id"]))
            if grant is None or (grant.is_narrow and row["completed_by"] != self.actor.user_id):
                continue
            node = Node(ANNOTATION, str(row["id"]))
            count = row["result_count"]
            title = f"Annotation {row['id']}"
            # One node stands for the annotation in every commit of it, whatever each of them holds.
            detail = f"{row['email'] or 'nobody'} · {count} region{'' if count == 1 else 's'} now"
            href = f"projects/{row['project_id']}/data?task={row['task_id']}&annotation={row['id']}"
            told = Told(node, title, detail, row["created_at"], href)
            self._seen[node] = _Seen(told, row["project_id"], row["task_id"])

    def _look_at_predictions(self, nodes: Sequence[Node]) -> None:
        rows = self.tx.rows(model_nodes.PREDICTIONS, _ids(nodes)) if nodes else []
        grants = {
            row["id"]: self._grant(Permission.TASK_READ, ProjectScope(row["project_id"])) for row in rows
        }
        handed = self._handed([row["task_id"] for row in rows])
        for row in rows:
            grant = grants[row["id"]]
            if grant is None or (grant.is_narrow and row["task_id"] not in handed):
                continue
            node = Node(PREDICTION, str(row["id"]))
            score = "" if row["score"] is None else f" · score {row['score']:.2f}"
            detail = f"{row['model_version'] or 'no version'}{score}"
            href = f"projects/{row['project_id']}/data?task={row['task_id']}"
            told = Told(node, f"Prediction {row['id']}", detail, row["created_at"], href)
            self._seen[node] = _Seen(told, row["project_id"])

    def _look_at_versions(self, nodes: Sequence[Node]) -> None:
        for row in self.tx.rows(model_nodes.VERSIONS, _ids(nodes)) if nodes else []:
            title = f"{row['title'] or 'Model'} {row['number']}"
            detail = f"{row['name']}{' · serves' if row['is_serving'] else ''}"
            self._see_in_learning(Node(VERSION, str(row["id"])), row, title, detail)

    def _look_at_trainings(self, nodes: Sequence[Node]) -> None:
        for row in self.tx.rows(model_nodes.TRAININGS, _ids(nodes)) if nodes else []:
            title = f"Training {row['id']}"
            detail = f"{row['title'] or 'a backend'} · {row['task_count']:,} tasks · {row['state']}"
            self._see_in_learning(Node(TRAINING, str(row["id"])), row, title, detail)

    def _see_in_learning(self, node: Node, row: Mapping[str, Any], title: str, detail: str) -> None:
        if self._grant(Permission.PROJECT_READ, ProjectScope(row["project_id"])) is None:
            return
        told = Told(node, title, detail, row["created_at"], f"projects/{row['project_id']}/learning")
        self._seen[node] = _Seen(told, row["project_id"])

    def _handed(self, ids: Sequence[int]) -> frozenset[int]:
        """Of these tasks those in the person's hands, for projects where they see no others."""
        narrow = [grant for grant in self._grants.values() if grant is not None and grant.is_narrow]
        found: set[int] = set()
        for grant in narrow:
            theirs = select(_t.id).where(_t.id.in_(ids), _t.project_id == grant.project_id, handed_to(grant))
            found.update(self.tx.execute(theirs).scalars())
        return frozenset(found)

    def _grant(self, permission: Permission, scope: Scope) -> Grant | None:
        asked = (permission, scope)
        if asked not in self._grants:
            try:
                self._grants[asked] = allow(self.tx, self.actor, permission, scope)
            except (NotFound, Forbidden):
                self._grants[asked] = None
        return self._grants[asked]


def read_node(text: str) -> Node:
    """The node that a text such as ``task:12`` names. Raises Invalid("node")."""
    kind, _, its_id = text.partition(":")
    is_number = its_id.isascii() and its_id.isdecimal() and int(its_id[:20]) <= _MOST_ID
    if kind not in KINDS or not its_id or (kind != COMMIT and not is_number):
        told = f"{text!r} names nothing: write one of {', '.join(f'{each}:ID' for each in KINDS)}."
        raise Invalid("node", told, fields={"node": [told]})
    return Node(kind, its_id)


def read_end(text: str) -> Node:
    """The node behind whose edge to go on, as a cut told it. Raises Invalid("node")."""
    kind, _, its_id = text.partition(":")
    if not kind or not its_id:
        told = f"{text!r} is no place to go on behind: write it as an answer told it in cut."
        raise Invalid("node", told, fields={"after": [told]})
    return Node(kind, its_id)


def _far_end(edge: Edge, way: Way) -> Node:
    return edge.start if way == "up" else edge.end


def _ids(nodes: Sequence[Node]) -> dict[str, str]:
    return {"ids": id_list([int(node.id) for node in nodes])}
