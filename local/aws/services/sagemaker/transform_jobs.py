"""Batch transform jobs: the operations that create and describe them."""

from collections.abc import Mapping
from typing import Any

from local.aws.services.sagemaker import context, validation
from local.aws.services.sagemaker.data_processing import DataProcessing, described
from local.aws.services.sagemaker.hosting import HostingOperations
from local.aws.services.sagemaker.jobs import JobOperations, check_data_type, check_image, copied
from local.aws.services.sagemaker.records import TransformJob, now
from local.aws.services.sagemaker.transform import DEFAULT_PAYLOAD_MB, TransformRun
from local.aws.services.sagemaker.validation import ValidationError

Request = Mapping[str, Any]
MAX_PAYLOAD_MB = 100


class TransformOperations(JobOperations, HostingOperations):
    """The part of the backend that transforms in batches."""

    def start_transform_job(self, request: Request) -> dict[str, Any]:
        """CreateTransformJob."""
        validation.check_request("CreateTransformJob", request)
        name = request["TransformJobName"]
        self._refuse_duplicate("transform", name, self.transform_jobs)
        _check_supported(request)
        _check_payload(request)
        DataProcessing(request)
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        validation.check_s3_uri(source["S3Uri"], "S3Uri of the input")
        check_data_type(source["S3DataType"])
        validation.check_s3_uri(request["TransformOutput"]["S3OutputPath"], "S3OutputPath")
        model = self._container(self.model(request["ModelName"]))
        check_image(model["Image"])
        self._check_quota(self.transform_jobs.values())
        arn = self._arn("transform-job", name)
        job = TransformJob(arn, self.region_name, _describe(request, arn), request.get("Tags") or [])
        run = TransformRun(job, request, model)
        self.transform_jobs[name] = job  # type: ignore[assignment]
        job.move("InProgress")
        context.current().queue.submit(run)
        return {"TransformJobArn": arn}

    def transform_job(self, name: str) -> TransformJob:
        """Raises the error of DescribeTransformJob for a name that no job has."""
        job: Any = self.transform_jobs.get(name)
        if not isinstance(job, TransformJob):
            raise ValidationError(f"Could not find requested job with name: {name}")
        return job


def _check_supported(request: Request) -> None:
    """Refuses what AWS would do and this service does not."""
    given = request["TransformInput"]
    unsupported = {
        "TransformInput.CompressionType Gzip": given.get("CompressionType", "None") != "None",
        f"TransformInput.SplitType {given.get('SplitType')}": given.get("SplitType", "None")
        not in ("None", "Line"),
        "DataCaptureConfig": bool(request.get("DataCaptureConfig")),
    }
    for what, asked in unsupported.items():
        if asked:
            raise ValidationError(f"{what} is not supported by the local AWS: leave it out.")


def _check_payload(request: Request) -> None:
    megabytes = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    concurrent = request.get("MaxConcurrentTransforms") or 1
    if megabytes * concurrent > MAX_PAYLOAD_MB:
        raise ValidationError(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {concurrent} * {megabytes}; the limit is "
            f"{MAX_PAYLOAD_MB} MB: give lower values."
        )


def _describe(request: Request, arn: str) -> dict[str, Any]:
    moment = now()
    none = dict.fromkeys(("CompressionType", "SplitType"), "None")
    return {
        **copied("DescribeTransformJob", request),
        "TransformInput": none | request["TransformInput"],
        "TransformOutput": {"AssembleWith": "None"} | request["TransformOutput"],
        "DataProcessing": described(request),
        "TransformJobArn": arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
