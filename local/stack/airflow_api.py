"""Airflow's REST API, as far as the `millrace` command uses it."""

from collections.abc import Iterator, Mapping
from typing import Any, Self, cast
from urllib.parse import quote

import httpx

from local.stack.credentials import USER
from local.stack.errors import MillraceError, NotRunningError

Json = dict[str, Any]


class AirflowRefusedError(MillraceError):
    """Airflow answered with an error status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"Airflow answered {status}: {detail}")
        self.status = status
        self.detail = detail


class AirflowApi:
    """A session with the API server; the token is fetched on first use and when it has expired."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self._password = password
        # A proxy of the user's environment has no business on loopback.
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def health(self) -> Json | None:
        """State of Airflow's components, or None while nobody answers."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=5)
        except httpx.HTTPError:
            return None
        return cast("Json", answer.json()) if answer.status_code == httpx.codes.OK else None

    def dags(self) -> list[Json]:
        """All current DAGs."""
        return list(self._pages("/dags", "dags"))

    def dag(self, dag_id: str) -> Json | None:
        """Details of a DAG with its Params, or None when there is none of that name."""
        return self._get_or_none(f"/dags/{_part(dag_id)}/details")

    def import_errors(self) -> list[Json]:
        """DAG files that do not import."""
        return list(self._pages("/importErrors", "import_errors"))

    def tasks(self, dag_id: str) -> list[Json]:
        """Tasks of a DAG, with their downstream tasks."""
        return cast("list[Json]", self.call("GET", f"/dags/{_part(dag_id)}/tasks")["tasks"])

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self.call("PATCH", f"/dags/{_part(dag_id)}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, object], logical_date: str | None) -> Json:
        """Start a run."""
        body = {"logical_date": logical_date, "conf": dict(conf)}
        return self.call("POST", f"/dags/{_part(dag_id)}/dagRuns", json=body)

    def latest_run(self, dag_id: str) -> Json | None:
        """The run of a DAG that was made last."""
        runs = self.call("GET", f"/dags/{_part(dag_id)}/dagRuns", params={"order_by": "-id", "limit": 1})
        return next(iter(runs["dag_runs"]), None)

    def run(self, dag_id: str, run_id: str) -> Json:
        """State of a run."""
        return self.call("GET", _run_path(dag_id, run_id))

    def run_or_none(self, dag_id: str, run_id: str) -> Json | None:
        """State of a run, or None when there is none of that id."""
        return self._get_or_none(_run_path(dag_id, run_id))

    def task_instances(self, dag_id: str, run_id: str) -> list[Json]:
        """State of every task of a run."""
        return list(self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances"))

    def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> Any:
        """What a task returned, or None."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task_id)}/xcomEntries/return_value"
        entry = self._get_or_none(path, params={"map_index": map_index})
        return entry["value"] if entry else None

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int, map_index: int) -> list[Json]:
        """Messages of one attempt of a task, oldest first."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task_id)}/logs/{attempt}"
        answer = self._get_or_none(path, params={"map_index": map_index, "full_content": True})
        return [
            line if isinstance(line, dict) else {"event": line} for line in (answer or {}).get("content", [])
        ]

    def call(self, method: str, path: str, **arguments: Any) -> Json:
        """One request.

        Raises:
            NotRunningError: nobody listens.
            AirflowRefusedError: the answer is an error.
        """
        try:
            answer = self._send(method, path, **arguments)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._token = None
                answer = self._send(method, path, **arguments)
        except httpx.HTTPError as error:
            raise NotRunningError(
                f"Airflow does not answer at {self.url} ({error}): see `millrace status`."
            ) from error
        if answer.is_error:
            raise AirflowRefusedError(answer.status_code, _detail(answer))
        return cast("Json", answer.json()) if answer.content else {}

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._fetch_token()}", "Accept": "application/json"}
        return self._http.request(method, f"/api/v2{path}", headers=headers, **arguments)

    def _fetch_token(self) -> str:
        if self._token is None:
            answer = self._http.post("/auth/token", json={"username": USER, "password": self._password})
            if answer.is_error:
                raise AirflowRefusedError(
                    answer.status_code, f"the login of {USER} failed: {_detail(answer)}"
                )
            self._token = str(answer.json()["access_token"])
        return self._token

    def _get_or_none(self, path: str, **arguments: Any) -> Json | None:
        try:
            return self.call("GET", path, **arguments)
        except AirflowRefusedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def _pages(self, path: str, key: str) -> Iterator[Json]:
        offset = 0
        while True:
            page = self.call("GET", path, params={"limit": 100, "offset": offset})
            yield from page[key]
            offset += len(page[key])
            if not page[key] or offset >= page["total_entries"]:
                return


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _part(name: str) -> str:
    return quote(name, safe="")


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json().get("detail", answer.text)
    except (ValueError, AttributeError):
        detail = answer.text
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, item.get('loc', [])))}: {item.get('msg')}" for item in detail)
    if isinstance(detail, dict):
        return str(detail.get("reason") or detail.get("message") or detail)
    return str(detail)
