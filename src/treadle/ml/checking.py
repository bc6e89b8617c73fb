"""The conformance suite of ML backends: asks one all that a server asks of it, and tells what is wrong.

Import it for a backend of your own::

    report = check_backend("http://localhost:9090")
    assert report.is_passed, report.text()

What it expects is what Label Studio 1.23 reads from a backend, and what it does with answers that it did not
expect: results of another number than tasks are thrown away, versions that differ between /setup and /predict
make doubles, a null version loses the whole batch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Literal
from urllib.parse import urlsplit
from xml.etree import ElementTree

from treadle.errors import Invalid
from treadle.ml.visits import KEY, Failed, Noted, Reply, Visit

LABEL_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">'
    '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>'
)
TASKS: tuple[Mapping[str, object], ...] = (
    {"id": 1, "data": {"text": "A lovely film, bright and kind."}},
    {"id": 2, "data": {"text": "Dull, long and badly made."}},
    {"id": 3, "data": {"text": "I would see it again tomorrow."}},
)
_EVENTS = (
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
    "PROJECT_UPDATED",
)
_HEALTH_S, _WEBHOOK_S = 1.0, 1.0
_TRAINING_S = 600.0
_AT_ONCE = 8

Outcome = Literal["passed", "failed", "note"]


@dataclass(frozen=True)
class Finding:
    """What one check found: ``note`` is allowed, and worth knowing."""

    name: str
    outcome: Outcome
    detail: str = ""


@dataclass
class Report:
    """All that was found."""

    address: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_passed(self) -> bool:
        """Whether no check failed."""
        return all(finding.outcome != "failed" for finding in self.findings)

    def text(self) -> str:
        """For a person: a line a check."""
        marks = {"passed": "ok  ", "failed": "FAIL", "note": "note"}
        lines = [
            f"{marks[one.outcome]}  {one.name}{f': {one.detail}' if one.detail else ''}"
            for one in self.findings
        ]
        failed = sum(one.outcome == "failed" for one in self.findings)
        verdict = f"{failed} of {len(lines)} checks failed" if failed else f"all {len(lines)} checks passed"
        return "\n".join([*lines, "", f"{self.address}: {verdict}."])


def check_backend(
    address: str,
    *,
    label_config: str = LABEL_CONFIG,
    tasks: Sequence[Mapping[str, object]] = TASKS,
    authorization: str = "",
    is_trained: bool = False,
) -> Report:
    """Ask a backend everything. tasks: at least one that fits ``label_config``.

    is_trained: start a training too, and wait for its end. Raises Invalid("address", "tasks").
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise Invalid("address", f"{address} is no address: give one such as http://localhost:9090.")
    if not tasks:
        raise Invalid("tasks", "There is no task to ask for: give at least one.")
    visit = Visit(address.rstrip("/"), label_config, tuple(tasks), authorization)
    report = Report(address)
    for name, check in CHECKS:
        report.findings.append(_run(name, check, visit))
        if name == CHECKS[0][0] and report.findings[-1].outcome == "failed":
            return report  # nobody is there
    if is_trained:
        report.findings.append(_run("a training ends with a version that serves", check_training, visit))
    return report


def _run(name: str, check: Callable[[Visit], None], visit: Visit) -> Finding:
    try:
        check(visit)
    except Failed as failed:
        return Finding(name, "failed", str(failed))
    except Noted as noted:
        return Finding(name, "note", str(noted))
    except (OSError, HTTPException) as error:
        return Finding(name, "failed", f"no answer ({error})")
    return Finding(name, "passed")


def check_health(visit: Visit) -> None:
    reply = visit.good("GET", "/health")
    about = reply.object()
    if reply.seconds > _HEALTH_S:
        raise Failed(f"it took {reply.seconds:.1f} s, and Label Studio waits {_HEALTH_S:.0f}")
    if "model_class" not in about and "v2" not in about:
        raise Noted("neither model_class nor v2 tells of which age it is")


def check_setup(visit: Visit) -> None:
    visit.version = visit.setup()


def check_setup_again(visit: Visit) -> None:
    for extra in ({"confidence": 0.5}, '{"confidence": 0.5}', "", None):
        version = visit.setup(extra_params=extra)
        if version != visit.version:
            raise Failed(f"with extra_params {extra!r} the version is {version!r}, not {visit.version!r}")


def check_project_forms(visit: Visit) -> None:
    for project in (9000001, "9000001", "9000001.1700000000"):
        visit.setup(project=project)
    visit.setup()


def check_predict(visit: Visit) -> None:
    for item in visit.predict(visit.tasks):
        for prediction in _predictions(item):
            _check_prediction(prediction)


def check_version(visit: Visit) -> None:
    version = visit.setup()
    for item in visit.predict(visit.tasks):
        if isinstance(item, list):
            continue  # several versions of one task, each with its own name
        told = dict(_predictions(item)[0]).get("model_version", version)
        if told != version:
            raise Failed(
                f"/setup tells version {version!r} and a prediction {told!r}: each look makes another"
            )


def check_labels(visit: Visit) -> None:
    names, labels = _named_by(visit.label_config)
    for item in visit.predict(visit.tasks):
        for prediction in _predictions(item):
            for region in _regions(prediction):
                _check_region(region, names, labels)


def check_one_by_one(visit: Visit) -> None:
    for task in visit.tasks:
        visit.predict([task])


def check_many(visit: Visit) -> None:
    tasks = [{**visit.tasks[number % len(visit.tasks)], "id": number} for number in range(50)]
    visit.predict(tasks)


def check_loose_parameters(visit: Visit) -> None:
    loose: tuple[object, ...] = (None, {}, {"context": {}})
    for params in loose:
        visit.predict(visit.tasks[:1], params=params)


def check_without_data(visit: Visit) -> None:
    empty: Mapping[str, object] = {"id": 4, "data": {}}
    reply = visit.ask("POST", "/predict", visit.prediction([visit.tasks[0], empty]))
    if reply.status != 200:
        raise Noted(f"a task without data takes the others with it ({reply.status}: {reply.shown})")
    results = reply.object().get("results")
    if not isinstance(results, list) or len(results) != 2:
        raise Failed("a task without data changes the number of results")


def check_interactive(visit: Visit) -> None:
    context: dict[str, object] = {"result": []}
    params = {"login": None, "password": None, "context": context}
    item = visit.predict(visit.tasks[:1], params=params)[0]
    if not isinstance(item, dict):
        raise Failed("an answer to somebody who draws is one object, not a list: the editor reads its result")


def check_at_once(visit: Visit) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        waiting = [threads.submit(visit.predict, visit.tasks) for _ in range(_AT_ONCE * 2)]
        answers = [json.dumps(_without_ids(one.result()), sort_keys=True) for one in waiting]
    if len(set(answers)) > 1:
        raise Noted("the same tasks asked for at once get different answers")


def check_bad_config(visit: Visit) -> None:
    reply = visit.ask("POST", "/setup", {"project": KEY, "schema": "<View><broken", "extra_params": None})
    visit.setup()
    _check_refusal(reply, "a label config that is no XML")


def check_bad_body(visit: Visit) -> None:
    _check_refusal(visit.ask("POST", "/predict", b"{broken"), "a body that is no JSON")
    _check_refusal(visit.ask("POST", "/predict", {"project": KEY}), "a body without tasks")


def check_versions(visit: Visit) -> None:
    reply = visit.ask("GET", "/versions")
    if reply.status == 404:
        raise Noted("it has no /versions: nobody can look them up")
    if reply.status != 200 or not isinstance(reply.object().get("versions"), list):
        raise Failed(f"GET /versions answered {reply.status}: {reply.shown}")


def check_webhooks(visit: Visit) -> None:
    slow = []
    for event in _EVENTS:
        reply = visit.good("POST", "/webhook", _event(event, visit))
        if reply.seconds > _WEBHOOK_S:
            slow.append(f"{event} took {reply.seconds:.1f} s")
    if slow:
        raise Failed(f"{', '.join(slow)}: Label Studio waits {_WEBHOOK_S:.0f} s while somebody saves")


def check_unknown(visit: Visit) -> None:
    reply = visit.ask("GET", "/nothing-of-that-name")
    if reply.status not in (404, 405):
        raise Noted(f"an address that is not there answers {reply.status}")


def check_traceback(visit: Visit) -> None:
    for body in (b"{broken", {"tasks": [7]}, {"tasks": "x"}, visit.prediction([{"id": 1}])):
        reply = visit.ask("POST", "/predict", body)
        if b"Traceback (most recent call last)" in reply.body:
            raise Failed("an error shows the traceback to whoever asks")


def check_training(visit: Visit) -> None:
    asked = visit.good("POST", "/train", {**_event("START_TRAINING", visit), "annotations": _labelled(visit)})
    number = asked.object().get("job")
    if not number:
        raise Noted("it answers no job: nobody can see how the training goes")
    end_s = time.monotonic() + _TRAINING_S
    while time.monotonic() < end_s:
        reply = visit.ask("GET", f"/jobs/{number}")
        if reply.status == 404:
            raise Noted("it has no /jobs: nobody can see how the training goes")
        job = reply.object()
        if job.get("state") == "completed" and job.get("version"):
            version = visit.setup()
            if version != job["version"]:
                raise Failed(f"the training made version {job['version']!r}, and /setup tells {version!r}")
            return check_version(visit)
        if job.get("state") in ("completed", "failed", "cancelled"):
            raise Failed(f"the training {job['state']}: {job.get('message')}")
        time.sleep(0.1)
    raise Failed(f"the training was not done after {_TRAINING_S:.0f} s")


#: Every check, in the order in which they are made.
CHECKS: tuple[tuple[str, Callable[[Visit], None]], ...] = (
    ("health answers, as JSON, within a second", check_health),
    ("setup tells a version, within three seconds", check_setup),
    ("setup tells the same again, whatever settings come with it", check_setup_again),
    ("a project may be a number or a text", check_project_forms),
    ("predict answers one item per task, with regions and a score", check_predict),
    ("a prediction names the version that setup tells", check_version),
    ("regions use names and labels of the config", check_labels),
    ("a single task is answered", check_one_by_one),
    ("fifty tasks are answered", check_many),
    ("params may be null or empty", check_loose_parameters),
    ("a task without data leaves the others alone", check_without_data),
    ("somebody who draws is answered one object", check_interactive),
    (f"{_AT_ONCE} requests at once are answered alike", check_at_once),
    ("a broken label config is refused with a reason", check_bad_config),
    ("a broken body is refused with a reason", check_bad_body),
    ("versions are listed", check_versions),
    ("events are acknowledged within a second", check_webhooks),
    ("an unknown address is told so", check_unknown),
    ("no error shows a traceback", check_traceback),
)


def _check_refusal(reply: Reply, what: str) -> None:
    if reply.status < 400:
        raise Failed(f"{what} is answered {reply.status}")
    if reply.status >= 500:
        raise Failed(f"{what} is answered {reply.status}, as if the backend were broken: {reply.shown}")
    if b"Traceback" in reply.body:
        raise Failed(f"{what} shows the traceback")


def _predictions(item: object) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    for one in item if isinstance(item, list) else [item]:
        if not isinstance(one, dict):
            raise Failed(f"an item is {one!r:.80}: give an object, or a list of them")
        found.append(one)
    return found


def _check_prediction(prediction: Mapping[str, object]) -> None:
    _regions(prediction)
    score = prediction.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise Failed(f"a score is {score!r}: give a number; Label Studio throws the whole batch away")
    version = prediction.get("model_version", "")
    if not isinstance(version, str):
        raise Failed(f"model_version is {version!r}: give a text, or leave it out")


def _regions(prediction: Mapping[str, object]) -> list[Mapping[str, object]]:
    result = prediction.get("result")
    if not isinstance(result, list):
        raise Failed(f"result is {result!r:.80}: give a list of regions")
    for region in result:
        if not isinstance(region, dict) or not isinstance(region.get("value", {}), dict):
            raise Failed(f"a region is {region!r:.80}: give an object with a value")
    return result


def _check_region(
    region: Mapping[str, object], names: Mapping[str, str], labels: Mapping[str, frozenset[str]]
) -> None:
    name, target = region.get("from_name"), region.get("to_name")
    if not isinstance(name, str) or name not in names:
        raise Failed(f"from_name is {name!r}; the config has {', '.join(names)}")
    if target != names[name]:
        raise Failed(f"to_name of {name!r} is {target!r}; the config has {names[name]!r}")
    value = region.get("value")
    for given in value.values() if isinstance(value, dict) else ():
        if isinstance(given, list) and labels.get(name) and all(isinstance(one, str) for one in given):
            unknown = set(given) - labels[name]
            if unknown:
                raise Failed(
                    f"{', '.join(sorted(unknown))} is no label of {name!r}: the editor cannot show it"
                )


def _named_by(config: str) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """What each control is for, and its labels."""
    names, labels = {}, {}
    for tag in ElementTree.fromstring(config).iter():
        if tag.get("name") and tag.get("toName"):
            names[tag.attrib["name"]] = tag.attrib["toName"].split(",")[0]
            below = [one.get("alias") or one.get("value") for one in tag.iter() if one is not tag]
            labels[tag.attrib["name"]] = frozenset(filter(None, below))
    return names, labels


def _without_ids(items: list[object]) -> list[object]:
    plain = json.loads(json.dumps(items))
    for item in plain:
        for prediction in item if isinstance(item, list) else [item]:
            for region in prediction.get("result") or []:
                region.pop("id", None)
    return list(plain)


def _event(action: str, visit: Visit) -> dict[str, object]:
    project = {"id": 9000001, "created_at": "2023-11-14T22:13:20.000000Z", "label_config": visit.label_config}
    annotation = {"id": 1, "result": [], "was_cancelled": False, "task": 1, "project": 9000001}
    body: dict[str, object] = {"action": action, "project": project}
    if action.startswith("ANNOTATION_"):
        return {**body, "annotation": annotation, "task": dict(visit.tasks[0])}
    if action == "ANNOTATIONS_CREATED":
        return {**body, "annotation": [annotation], "task": [dict(visit.tasks[0])]}
    if action == "ANNOTATIONS_DELETED":
        return {**body, "annotations": [{"id": 1}]}
    if action.startswith("TASKS_"):
        return {**body, "tasks": [{"id": 1}]}
    return body


def _labelled(visit: Visit) -> list[dict[str, object]]:
    """Tasks with finished work: what the backend said, or the first label of a choice."""
    names, labels = _named_by(visit.label_config)
    name = next(iter(names))
    options = sorted(labels[name]) or ["yes"]
    told = []
    for number in range(max(12, len(visit.tasks))):
        task = visit.tasks[number % len(visit.tasks)]
        value = {"choices": [options[number % len(visit.tasks) % len(options)]]}
        region = {"from_name": name, "to_name": names[name], "type": "choices", "value": value}
        own = task.get("annotations") or [{"id": number, "result": [region], "was_cancelled": False}]
        told.append({**task, "id": number + 1, "annotations": own})
    return told
