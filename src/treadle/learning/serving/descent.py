"""What a training learnt from, in the graph of what came from what.

annotation → training and commit → training are kept as edges; training → version → prediction is told by
rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import literal_column, select

from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.storage_tables import storage_items
from treadle.lineage import Edge, Node, add_edges

ANNOTATION, COMMIT, TRAINING = "annotation", "commit", "training"

_i = storage_items.c
_COMMITS = Prepared(
    select(_i.commit_id)
    .join(schema.annotations, schema.annotations.c.task_id == _i.task_id)
    .where(
        one_of(schema.annotations.c.id, "ids"),
        _i.commit_id.is_not(None),
        _i.state.not_in([literal_column("'shown'"), literal_column("'written'")]),
    )
    .distinct()
)


def note_dataset(
    tx: Tx, training_id: int, annotation_ids: Sequence[int], commits: Iterable[str] = ()
) -> None:
    """Write down what a training learnt from: these annotations, and the commits that their tasks stand in.

    At most 5,000 at once; what is written down already stays.  commits: further ones.
    """
    training = Node(TRAINING, str(training_id))
    learnt = [Node(ANNOTATION, str(each)) for each in annotation_ids]
    stand_in = {row["commit_id"] for row in tx.rows(_COMMITS, {"ids": id_list(annotation_ids)})}
    learnt += [Node(COMMIT, each) for each in sorted(stand_in | set(commits))]
    add_edges(tx, (Edge(node, training) for node in learnt))
