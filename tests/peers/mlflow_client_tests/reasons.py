"""Which of MLflow's own tests cannot pass against Treadle, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why tests of a kind fail, and are meant to."""

    text: str
    #: Which tests: their file and name.
    pattern: str

    def covers(self, test: str) -> bool:
        """Whether it is one of them."""
        return re.search(self.pattern, test) is not None


REASONS: tuple[Reason, ...] = (
    Reason(
        "Refused at the door: the server calls no model providers, and keeps no keys of them.",
        r"_secrets?_|_secrets?$|endpoint|gateway|provider|model_definition|::test_list_models",
    ),
    Reason(
        "Refused at the door: nothing of MLflow's prompt lab or of scorers that the server runs is here.",
        r"promptlab|online_scoring",
    ),
    Reason(
        "Refused at the door: MLflow's webhooks would leave the server past its gate for outgoing calls.",
        r"test_client_webhooks",
    ),
    Reason(
        "A client's own artifact_location is refused: artifacts lie in the server's store.",
        r"test_create_get_search_experiment",
    ),
    Reason(
        "The test wants artifacts in a local folder that server and client share (file:), which MLflow's own "
        "workspaces have none of.",
        r"test_artifacts\[|test_create_model_version_with_(path_source|file_uri)",
    ),
    Reason(
        "The test looks into the folder, or writes into the database, that its own server would have used.",
        r"test_mlflow_artifacts_rest_apis|test_log_artifact$|get_model_version_artifact_api_proxied",
    ),
    Reason(
        "The test begins an address with two slashes, which is none of MLflow's here: Treadle's own page for "
        "such addresses answers.",
        r"test_path_validation",
    ),
    Reason(
        "The test gives one id as a text, which is read as a list of its digits: 12 is sought as 1 and 2.",
        r"test_search_evaluation_datasets",
    ),
    Reason(
        "MLflow's own store of workspaces links no trace to a run that its client has not stored yet.",
        r"test_link_traces_to_run_and_search_traces",
    ),
)


def reason_of(test: str) -> Reason | None:
    """The first that covers it."""
    return next((reason for reason in REASONS if reason.covers(test)), None)
