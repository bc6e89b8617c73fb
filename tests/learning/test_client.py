"""Speaking to backends of every age, and to those that hang, die, and answer rubbish."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.learning.peers import CURRENT, CUT, OLD, peer, region
from tests.ml.serving.running import CONFIG, KEY, PROBE, labelled
from tests.waiting import wait_until
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unavailable, Unsupported
from treadle.learning.connections.backends import NewBackend, draft_of
from treadle.learning.connections.calling import Address, parse_address
from treadle.learning.connections.client import BackendClient, Health, Said, Told, open_client
from treadle.ml.trying import backend as served
from treadle.settings import Secret, Settings

SIGNING = Secret("a" * 64)
TOLD = Told(KEY, CONFIG, "http://studio", Secret("t0k"), b'{"conf":0.4}')
TASKS = [b'{"id":%d,"data":{"text":"x"}}' % number for number in (1, 2, 3)]
EACH = [str(number) for number in (1, 2, 3)]


def client_of(url: str, **fields: Any) -> BackendClient:
    """A client of the backend at ``url``; allow: what the server may call."""
    allow = fields.pop("allow", "*")
    new = NewBackend(title="robot", url=url, **{"timeout_s": 5.0, **fields})
    backend = replace(draft_of(new, 1, datetime.now(timezone.utc), SIGNING), id=4)
    return open_client(Settings(ml_allow=allow), SIGNING, backend)


def chosen(said: list[Said]) -> list[str]:
    """The texts that a peer said, or the problems."""
    return [each.problem or str(eval(each.result.decode())[0]["value"]["choices"][0]) for each in said]


@pytest.mark.parametrize(("health", "generation"), [(OLD, "old"), (CURRENT, "current")])
def test_backends_of_label_studio_are_told_and_predict(health: dict[str, Any], generation: str) -> None:
    with peer(health=health, version=7) as there, client_of(f"{there.url}/") as client:
        assert client.health() == Health(generation, "ready")  # type: ignore[arg-type]
        assert client.setup(TOLD) == "7"
        setup = there.last("/setup").body
        assert (setup["project"], setup["schema"], setup["label_config"]) == (KEY, CONFIG, CONFIG)
        assert (setup["hostname"], setup["access_token"]) == ("http://studio", "t0k")
        assert setup["extra_params"] == {"conf": 0.4}
        said = client.predict(TASKS, TOLD, context=b'{"result":[]}')
        assert (chosen(said), {each.model_version for each in said}) == (EACH, {"7"})
        assert there.last("/predict").body["params"]["context"] == {"result": []}
        assert there.connections == 1


def test_an_old_backend_that_forgot_its_project_is_told_again() -> None:
    with peer(health=OLD) as there, client_of(there.url) as client:
        assert chosen(client.predict(TASKS, TOLD)) == EACH
        assert there.paths() == ["GET /health", "POST /predict", "POST /setup", "POST /predict"]


def test_backends_that_take_no_batches_are_asked_task_by_task() -> None:
    one = {"/predict": lambda body: (200, {"results": [{"result": [region(body["tasks"][0]["id"])]}]})}
    with peer(answers=one) as there, client_of(there.url) as client:
        assert chosen(client.predict(TASKS, TOLD)) == EACH
        assert chosen(client.predict(TASKS, TOLD)) == EACH
        assert there.paths().count("POST /predict") == 1 + 3 + 3


def test_a_task_that_breaks_a_batch_is_the_only_one_with_a_problem() -> None:
    def break_at_two(body: Any) -> Any:
        ids = [task["id"] for task in body["tasks"]]
        if 2 in ids:
            return 500, {"detail": "the picture is broken", "result": {"traceback": "secret"}}
        return 200, {"results": [{"result": [region(number)]} for number in ids]}

    with peer(answers={"/predict": break_at_two}) as there, client_of(there.url) as client:
        said = client.predict(TASKS, TOLD)
        assert chosen(said) == ["1", "The backend answered 500: the picture is broken.", "3"]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"result": [], "score": "high"}, "the score 'high'"),
        ({"result": "none", "score": 1}, "as its result"),
        ({"score": 1}, "no result"),
        ({"result": [], "task": 77}, "for task 77"),
        ({"result": [], "score": 10**400}, "the score 1000"),
        ({"result": [], "score": [[[]]] * 9_000}, "the score"),
        ({"result": [], "model_version": "v" * 201}, "201 characters"),
        ("non\0sense", "cannot be read"),
        (3, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_the_problem_of_its_task(item: Any, problem: str) -> None:
    items = [{"result": []}, item, [{"result": [], "model_version": "mine"}]]
    with peer(answers={"/predict": (200, {"results": items})}) as there, client_of(there.url) as client:
        first, second, third = client.predict(TASKS, TOLD)
    assert problem in second.problem
    assert "\0" not in second.problem
    assert len(second.problem) < 400
    assert (first.problem, third.problem, third.model_version) == ("", "", "mine")


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        ((200, b"<html>hello</html>"), "backend-answer", "no|not"),
        ((200, []), "backend-answer", "results"),
        ((200, {"results": None}), "backend-answer", "results"),
        ((200, b'{"results": [' + CUT), "backend-down", "broke off"),
        ((307, {}), "backend-answer", r"169\.254"),
        ((401, {}), "backend-auth", "password"),
        ((404, {"error": "no such address"}), "backend-answer", "no such address"),
        ((503, {"detail": "full"}), "backend-busy", "full"),
        (None, "backend-down", "does not answer"),
    ],
)
def test_what_is_no_answer_is_told_in_words(answer: Any, code: str, told: str) -> None:
    with (
        peer(answers={"/predict": lambda _body: answer}) as there,
        client_of(there.url) as client,
        pytest.raises(TreadleError, match=told) as raised,
    ):
        client.predict(TASKS[:1], TOLD)
    assert (raised.value.code, "robot" in raised.value.message) == (code, True)
    if code == "backend-busy":
        assert raised.value.details == {"retry_after_s": 7}


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/health", (500, b'{"detail":"a\\u0000' + b"x" * 9_000 + b'"}')),
        ("/health", (200, b'{"server":"treadle","reason":"a\\u0000","state":"failed\\u0000"}')),
        ("/health", (500, b'{"detail":' + DEEP + b"}")),
        ("/health", (500, b"\0" * 9_000)),
        ("/setup", (200, b'{"model_version":"' + b"v" * 201 + b'"}')),
        ("/setup", (200, b'{"model_version":"v\\u0000"}')),
        ("/setup", (200, DEEP)),
        (
            "/jobs/a",
            (200, b'{"state":"failed","message":"a\\u0000' + b"x" * 9_000 + b'","metrics":{"\\u0000":[]}}'),
        ),
        ("/jobs/a", (200, b'{"state":"failed","done":' + b"1" * 400 + b"}")),
        ("/versions", (200, b'{"versions":["v\\u0000"]}')),
    ],
)
def test_nothing_that_a_backend_says_is_unbounded_or_holds_a_nul(path: str, answer: Any) -> None:
    health = {**CURRENT, "server": "treadle x"}
    with peer(health=health, answers={path: answer}) as there, client_of(there.url) as client:
        try:
            found = client.job("a") if path == "/jobs/a" else (client.setup(TOLD), client.versions(TOLD))
            said = repr((client.health(), found))
        except TreadleError as error:
            said = error.message
    assert ("\0" in said, r"\x00" in said, len(said) < 600) == (False, False, True), said


@pytest.mark.parametrize(("said", "pause_s"), [("9" * 5_000, 3_600), ("30", 30), ("²", 5), ("", 5)])
def test_however_long_a_backend_asks_to_be_left_alone_it_is_not_for_ever(said: str, pause_s: int) -> None:
    with (
        peer(answers={"/predict": (503, {})}, retry_after=said) as there,
        client_of(there.url) as client,
        pytest.raises(Unavailable) as raised,
    ):
        client.predict(TASKS[:1], TOLD)
    assert raised.value.details == {"retry_after_s": pause_s}


def test_a_token_that_no_header_holds_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="letters from A to Z"):
        client_of("http://127.0.0.1:9", auth_method="TOKEN", secret=Secret("€"))


def test_a_backend_that_hangs_is_given_up_in_its_own_time() -> None:
    def hang(_body: Any) -> Any:
        there.gate.wait(20)
        return 200, {}

    with (
        peer(answers={"/predict": hang}) as there,
        client_of(there.url, timeout_s=0.2) as client,
        pytest.raises(Unavailable, match=r"within 0\.2 seconds") as raised,
    ):
        client.predict(TASKS, TOLD)
    assert raised.value.code == "backend-slow"


def test_what_is_asked_can_be_ended_from_another_thread() -> None:
    def hang(_body: Any) -> Any:
        there.gate.wait(20)
        return 200, {}

    with peer(answers={"/predict": hang}) as there, client_of(there.url) as client:
        raised: list[BaseException] = []

        def ask() -> None:
            try:
                client.predict(TASKS, TOLD)
            except Unavailable as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: "POST /predict" in there.paths())
        client.abort()
        thread.join(10)
        assert [error.code for error in raised] == ["backend-ended"]  # type: ignore[attr-defined]
        with pytest.raises(Unavailable, match="was ended"):
            client.health()


def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    with peer() as there, client_of(there.url) as client:
        client.health()
        for kept in client._line._idle:
            kept.timed.break_off()  # as the other end does to those that nobody uses
        assert chosen(client.predict(TASKS, TOLD)) == EACH


def test_a_training_arrives_once_as_each_age_knows_it() -> None:
    with peer(health=OLD, answers={"/train": (201, {"job": 12})}) as there, client_of(there.url) as client:
        assert client.train(TOLD, TASKS, {"epochs": 2}) == "12"
        sent = there.last("/train").body
        assert ([task["id"] for task in sent["annotations"]], sent["project"]) == ([1, 2, 3], KEY)
        assert (sent["params"]["epochs"], sent["label_config"]) == (2, CONFIG)
    told = replace(TOLD, project={"id": 1, "label_config": CONFIG})
    with peer(answers={"/webhook": lambda _body: None}) as there, client_of(there.url) as client:
        client.health()
        with pytest.raises(Unavailable):  # it may have arrived: it is not sent twice
            client.train(told, TASKS, {})
        assert there.paths() == ["GET /health", "POST /webhook"]
        sent = there.last("/webhook").body
        assert (sent["action"], sent["project"]) == ("START_TRAINING", told.project)
        assert sent["annotation"]["project"] == 1, "where models look for the number of the project"


def test_versions_are_asked_for_as_each_age_tells_them() -> None:
    names = {"/versions": (200, {"versions": [1, "v2"]})}
    with peer(health=OLD, answers=names) as there, client_of(there.url) as client:
        assert client.versions(TOLD) == ["1", "v2"]
        assert there.paths()[-1] == "POST /versions"
    with peer() as there, client_of(there.url) as client:
        assert client.known_versions(TOLD) is None
        with pytest.raises(Unsupported):
            client.promote(TOLD, "v1")


def test_credentials_go_with_every_call() -> None:
    with peer(wants="Basic bWU6c2VjcmV0") as there:
        fields = {"auth_method": "BASIC_AUTH", "auth_user": "me"}
        with client_of(there.url, secret=Secret("secret"), **fields) as client:
            client.setup(TOLD)
            client.send_event(b'{"action":"TASKS_CREATED"}')
        wrong = client_of(there.url, secret=Secret("wrong"), **fields)
        with wrong as client, pytest.raises(Invalid, match="password"):
            client.health()
    with (
        peer(wants="Bearer secret") as there,
        client_of(there.url, secret=Secret("secret"), auth_method="TOKEN") as client,
    ):
        assert client.health().state == "ready"
    assert "secret" not in repr(Address("http://a", "Bearer secret"))


def test_a_list_says_where_backends_may_be() -> None:
    with peer() as there:
        with client_of(there.url, allow="localhost, 127.0.0.0/8") as client:
            client.health()
        elsewhere = client_of(there.url, allow="10.0.0.0/8")
        with elsewhere as client, pytest.raises(Forbidden, match="TREADLE_ML_ALLOW"):
            client.health()
    # Where clouds tell secrets to who asks, no model is, unless somebody says so.
    with client_of("http://169.254.169.254") as client, pytest.raises(Forbidden):
        client.health()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:9090",
        "ftp://a",
        "http://",
        "http://a:99999",
        "http://me:pw@a",
        "http://a/?b",
        "http://a b",
        "http://a/ü",
    ],
)
def test_what_is_no_address_of_a_backend_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_address(url)
    assert list(raised.value.fields) == ["url"]


def test_a_closed_port_is_told_as_what_it_is() -> None:
    with peer() as there:
        url = there.url
    with client_of(url) as client, pytest.raises(Unavailable, match="nothing listens") as raised:
        client.health()
    assert raised.value.code == "backend-down"


def test_a_backend_of_ours_trains_is_followed_and_promoted(tmp_path: Path) -> None:
    environment = {"PROBE_NOTES": str(tmp_path / "notes"), "PROBE_GATE": str(tmp_path / "gate")}
    with served(PROBE, tmp_path / "models", environment=environment) as url, client_of(url) as client:
        assert client.health().generation == "treadle"
        assert client.setup(TOLD) == "untrained"
        said = client.predict(TASKS, TOLD, settings={"confidence": 0.5})
        assert {(each.model_version, each.score, each.problem) for each in said} == {("untrained", 0.5, "")}
        tasks = [repr(task).replace("'", '"').encode() for task in labelled()]
        job = client.train(TOLD, tasks, {"word": "said"})
        ended = wait_until(lambda: found if (found := client.job(job)).state == "completed" else None)
        assert (ended.figures["loss"], bool(ended.version)) == (((1, 0.25),), True)
        assert b"the training says hello" in client.job_log(job, 0)
        # It does not serve before somebody says so, and answers by it where that is asked for.
        assert client.setup(TOLD) == "untrained"
        assert {each.model_version for each in client.predict(TASKS, TOLD, version=ended.version)} == {
            ended.version
        }
        assert ended.version in client.versions(TOLD)
        client.promote(TOLD, ended.version)
        assert client.setup(TOLD) == ended.version
        with pytest.raises(NotFound):
            client.job("nothing")


def test_the_token_of_a_backend_is_its_own_unless_another_is_told() -> None:
    with peer() as there, client_of(there.url) as client:
        client.setup(replace(TOLD, token=Secret("")))
        assert there.last("/setup").body["access_token"].startswith("tdlb_4_1_")
