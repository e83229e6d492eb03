"""Amazon's own container of SageMaker Clarify, in place of ours. It is on AWS only.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-parameters.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Request
from include.sagemaker.processing import INPUT, OUTPUT, ProcessingJob

DATASET, CONFIG = "dataset", "analysis_config"
"""What Clarify calls its inputs."""
CONFIG_FILE = "analysis_config.json"
PATHS = {DATASET: f"{INPUT}/data", CONFIG: f"{INPUT}/config"}
ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "811711786498",
    "ap-east-1": "098760798382",
    "ap-northeast-1": "377024640650",
    "ap-northeast-2": "263625296855",
    "ap-northeast-3": "364406365360",
    "ap-south-1": "452307495513",
    "ap-southeast-1": "834264404009",
    "ap-southeast-2": "007051062584",
    "ca-central-1": "675030665977",
    "cn-north-1": "122526803553",
    "cn-northwest-1": "122578899357",
    "eu-central-1": "017069133835",
    "eu-north-1": "763603941244",
    "eu-south-1": "638885417683",
    "eu-west-1": "131013547314",
    "eu-west-2": "440796970383",
    "eu-west-3": "341593696636",
    "me-south-1": "835444307964",
    "sa-east-1": "520018980103",
    "us-east-1": "205585389593",
    "us-east-2": "211330385671",
    "us-west-1": "740489534195",
    "us-west-2": "306415355426",
}
"""Region -> account whose registry has the image."""


def image_uri(region: str) -> str:
    """Where a region has the image.

    Raises:
        ValueError: it has none.
    """
    if region not in ACCOUNTS:
        raise ValueError(f"SageMaker Clarify has no image in {region}; it has some in {', '.join(ACCOUNTS)}")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{ACCOUNTS[region]}.dkr.ecr.{region}.{domain}/sagemaker-clarify-processing:1.0"


@dataclass(frozen=True)
class ClarifyJob:
    """The same analysis by Clarify's container, which takes neither a command nor network isolation.

    ``job`` has the inputs ``dataset`` and ``analysis_config``, and one output, for the analysis.
    """

    job: ProcessingJob

    def request(self, run: Run) -> Request:
        """The ``CreateProcessingJob`` request, without its name.

        Raises:
            ValueError: Clarify has no image in this region.
        """
        request = self.job.request(run)
        request["AppSpecification"] = {"ImageUri": image_uri(run.settings.region)}
        request["ProcessingInputs"] = [
            _placed(each) for each in request["ProcessingInputs"] if each["InputName"] in PATHS
        ]
        for output in request["ProcessingOutputConfig"]["Outputs"]:
            output["S3Output"]["LocalPath"] = OUTPUT
        request["NetworkConfig"]["EnableNetworkIsolation"] = False
        return request

    def bundles(self) -> Sequence[Bundle]:
        """The configuration, which has to be in S3 before the job starts."""
        return [self.job.files[CONFIG]]

    def metrics_uri(self) -> None:
        """No metrics are part of the task's result."""


def _placed(item: Request) -> Request:
    """An input where Clarify looks for it; the configuration is one object."""
    source = {**item["S3Input"], "LocalPath": PATHS[item["InputName"]]}
    if item["InputName"] == CONFIG:
        source["S3Uri"] += CONFIG_FILE
    return {**item, "S3Input": source}
