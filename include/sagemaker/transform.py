"""Requests of batch transform jobs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Instances, Request


@dataclass(frozen=True)
class TransformJob:
    """A model's answers to every object below an S3 prefix, one ``<key>.out`` each.

    ``model`` is the name of a SageMaker model. Split by ``Line``, requests hold as many lines as fit in
    ``max_payload_mb``; otherwise an object is sent whole.

    What the model gets of a record, and what is stored of its answer, are JSONPaths of the few operators in
    https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html. A row of CSV is a
    list, so its columns are indexes: ``input_filter="$[1:]"`` keeps the first one, an id or a label, from
    the model. ``join="Input"`` puts the answer behind the row's columns, and into a JSON object as its member
    ``SageMakerOutput``; ``output_filter`` chooses from both: ``$[0,-1]``, ``$['id','SageMakerOutput']``.
    Records and answers then have the same format, CSV, JSON or JSON Lines, and a line each.
    """

    model: str
    input: str
    output: str
    instances: Instances
    content_type: str = "text/csv"
    accept: str | None = None
    split: Literal["Line", "None"] = "Line"
    max_payload_mb: int = 6
    environment: Mapping[str, str] = field(default_factory=dict)
    input_filter: str = "$"
    output_filter: str = "$"
    join: Literal["Input", "None"] = "None"

    def request(self, run: Run) -> Request:
        """The ``CreateTransformJob`` request, without its name. Role and network are those of the model."""
        source = {"S3DataType": "S3Prefix", "S3Uri": self.input}
        request: Request = {
            "ModelName": self.model,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": self.max_payload_mb,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": self.content_type,
                "SplitType": self.split,
            },
            "TransformOutput": {"S3OutputPath": self.output, "AssembleWith": self.split},
            "TransformResources": {
                "InstanceType": self.instances.type,
                "InstanceCount": self.instances.count,
            },
            "Environment": dict(self.environment),
        }
        if self._takes_records_apart:
            request["DataProcessing"] = {
                "InputFilter": self.input_filter,
                "OutputFilter": self.output_filter,
                "JoinSource": self.join,
            }
        # AWS joins and filters only what is said to be in the records' own format.
        if accept := self.accept or (self.content_type if self._takes_records_apart else None):
            request["TransformOutput"]["Accept"] = accept
        if run.settings.output_kms_key:
            request["TransformOutput"]["KmsKeyId"] = run.settings.output_kms_key
        if run.settings.volume_kms_key:
            request["TransformResources"]["VolumeKmsKeyId"] = run.settings.volume_kms_key
        return request

    @property
    def _takes_records_apart(self) -> bool:
        return (self.input_filter, self.output_filter, self.join) != ("$", "$", "None")

    def bundles(self) -> Sequence[Bundle]:
        """A model is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """A transform job leaves no metrics."""
