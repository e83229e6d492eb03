"""Runs a batch transform job: objects in, one model server per instance, answers out."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any

from local.aws.runtime.transfer import S3Uri, files, upload_tree
from local.aws.services.sagemaker.batches import MEGABYTE, Payload, PayloadTooLargeError, payloads
from local.aws.services.sagemaker.data_processing import DataProcessing, UnfitRecordError
from local.aws.services.sagemaker.records import TransformJob, now
from local.aws.services.sagemaker.run import POLL_SECONDS, JobFailedError, JobRun
from local.aws.services.sagemaker.server import ModelContainer, ModelTimeoutError, ServerFailedError

DEFAULT_PAYLOAD_MB = 6
DEFAULT_TIMEOUT_SECONDS = 600
DEFAULT_RETRIES = 3
SUCCESS = range(200, 300)
SERVER_ERROR = 500
SEE_LOGS = "See job logs for more information"


class RejectedError(Exception):
    """An object has no result. `kind` is whose mistake it was, as AWS begins a reason."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TransformRun(JobRun):
    """A `CreateTransformJob` request being carried out.

    Args:
        job: the record that is kept up to date.
        request: the create request.
        model: ``Image``, ``ModelDataUrl`` and ``Environment`` of the model.
    """

    log_group = "/aws/sagemaker/TransformJobs"
    job: TransformJob

    def __init__(self, job: TransformJob, request: Mapping[str, Any], model: Mapping[str, Any]) -> None:
        super().__init__(job, request)
        self.hosts = [f"i-{n + 1:017x}" for n in range(request["TransformResources"]["InstanceCount"])]
        self.output = S3Uri.parse(request["TransformOutput"]["S3OutputPath"].rstrip("/"))
        self._split = request["TransformInput"].get("SplitType", "None")
        self._strategy = request.get("BatchStrategy", "MultiRecord")
        self._concurrency = request.get("MaxConcurrentTransforms") or 1
        self._payload_mb = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
        self._processing = DataProcessing(request)
        self._model = {**model, "Environment": self._variables(model)}

    def run(self) -> None:
        """The steps of the job, in order."""
        self.job.update(TransformStartTime=now())
        servers = [self._server(host) for host in self.hosts]
        rejected: list[RejectedError] = []
        with ThreadPoolExecutor(len(servers), f"transform {self.job.name}") as pool:
            pairs = enumerate(servers)
            work = [pool.submit(self._transform, index, server) for index, server in pairs]
            try:
                while wait(work, POLL_SECONDS).not_done:
                    self._check()
            finally:
                for server in servers:
                    server.close()
        for instance in work:
            rejected += instance.result()
        self._check()
        # A stopped job leaves nothing, so what was transformed is kept here until the end.
        for host in self.hosts:
            upload_tree(self.context.s3(self.job.region), self._results(host), self.output)
        if rejected:
            raise JobFailedError(f"{rejected[0].kind}: {SEE_LOGS}. {rejected[0]}")
        self.job.move("Completed", TransformEndTime=now())

    def stopped(self) -> None:
        """Records that somebody ended it."""
        self.job.move("Stopped", TransformEndTime=now())

    def timed_out(self) -> None:
        """A transform job has no time limit."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        self.job.move("Failed", TransformEndTime=now(), FailureReason=reason[:1024])

    def _variables(self, model: Mapping[str, Any]) -> dict[str, str]:
        """The container's environment.

        Names: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
        """
        strategy = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}[self._strategy]
        return {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": strategy,
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._concurrency),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self._payload_mb),
            **(model.get("Environment") or {}),
            **(self.request.get("Environment") or {}),
        }

    def _results(self, host: str) -> Path:
        return self.root / host / "output"

    def _server(self, host: str) -> ModelContainer:
        return ModelContainer(
            f"transform job {self.job.name}",
            self._model,
            self.job.region,
            context=self.context,
            root=self.root / host / "server",
            stream=self.stream(host),
        )

    def _transform(self, index: int, server: ModelContainer) -> list[RejectedError]:
        """All objects of an instance; those that have no result. The others are transformed all the same."""
        host = self.hosts[index]
        folder = self.root / host / "input"
        source = self.request["TransformInput"]["DataSource"]["S3DataSource"]
        self.download({**source, "S3DataDistributionType": "ShardedByS3Key"}, folder, index)
        found = files(folder)
        if not found:
            return []
        try:
            server.start()
        except ServerFailedError as error:
            self._check()
            raise JobFailedError(f"AlgorithmError: {SEE_LOGS}. {error}") from error
        log = self.stream(host, "/data-log")
        settings = f"MaxConcurrentTransforms={self._concurrency}, MaxPayloadInMB={self._payload_mb}"
        log.write(
            _entry(f"{settings}, BatchStrategy={self._model['Environment']['SAGEMAKER_BATCH_STRATEGY']}")
        )
        rejected = []
        for path in found:
            name = path.relative_to(folder).as_posix()
            try:
                self._transform_object(server, path, self._results(host) / f"{name}.out")
            except RejectedError as error:
                log.write(_entry(f"{name}: {error.kind}: {error}"))
                rejected.append(RejectedError(error.kind, f"{name}: {error}"))
        return rejected

    def _transform_object(self, server: ModelContainer, path: Path, target: Path) -> None:
        """Writes the answers in the order of the records; with an error there is no file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        end = b"\n" if self.request["TransformOutput"].get("AssembleWith") == "Line" else b""
        limit = self._payload_mb * MEGABYTE
        requests = payloads(path, self._split, self._strategy, limit, self._processing.given)
        try:
            with target.open("wb") as output, ThreadPoolExecutor(self._concurrency) as pool:
                while group := self._next(requests):
                    for answer in pool.map(lambda payload: self._answer(server, payload), group):
                        output.write(answer if end and answer.endswith(end) else answer + end)
        except (PayloadTooLargeError, UnfitRecordError) as error:
            target.unlink()
            raise RejectedError("ClientError", str(error)) from error
        except RejectedError:
            target.unlink()
            raise

    def _next(self, requests: Iterator[Payload]) -> Sequence[Payload]:
        """As many requests as may be under way at a time."""
        self._check()
        return list(islice(requests, self._concurrency))

    def _answer(self, server: ModelContainer, payload: Payload) -> bytes:
        """What is stored for the records of one request."""
        return self._processing.kept(payload.records, self._send(server, payload.body))

    def _send(self, server: ModelContainer, body: bytes) -> bytes:
        """The answer to one request. What a repetition may cure is tried again."""
        client = self.request.get("ModelClientConfig") or {}
        attempts = 1 + client.get("InvocationsMaxRetries", DEFAULT_RETRIES)
        timeout = client.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS)
        error = RejectedError("AlgorithmError", "")
        for _ in range(attempts):
            self._check()
            try:
                answer = server.invoke(self._headers(), body, timeout)
            except ModelTimeoutError:
                error = RejectedError("AlgorithmError", f"No answer from the algorithm in {timeout} seconds.")
                continue
            except ServerFailedError as failed:
                error = RejectedError("AlgorithmError", f"Unable to get response from algorithm: {failed}")
                continue
            if answer.status in SUCCESS:
                return answer.body
            text = answer.body[:500].decode(errors="replace").strip()
            message = f"Bad HTTP status received from algorithm: {answer.status}. Message: {text}"
            if answer.status < SERVER_ERROR:
                raise RejectedError("ClientError", message)
            error = RejectedError("AlgorithmError", message)
        raise error

    def _headers(self) -> dict[str, str]:
        given = {
            "Content-Type": self.request["TransformInput"].get("ContentType"),
            "Accept": self.request["TransformOutput"].get("Accept"),
        }
        return {name: value for name, value in given.items() if value}


def _entry(text: str) -> str:
    """A line of the data log, as AWS writes them."""
    return f"{now().strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}:[sagemaker logs]: {text}"
