"""A Spark application as a job run of Amazon EMR on EKS.

A sibling of ``include.spark``: here nothing is mounted, so code is read from S3, and so is data.
https://docs.aws.amazon.com/emr-on-eks/latest/APIReference/API_StartJobRun.html
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from include.bundles import Bundle
from include.run import Run
from include.spark import Classification

RELEASE_LABEL = "emr-7.9.0-latest"
IMAGE_TAG_SUFFIX = "-emr"
"""Of the tags of images that are made from EMR's own, as AWS asks of them: ``spark/emr.Dockerfile``."""
LOG_GROUP = "millrace-{environment}-emr-on-eks"
LOG_PREFIX = "spark"
"""What the names of log streams begin with, before ``/<virtual cluster>/jobs/<job run>/``."""
MODULES = "modules.zip"
MAX_ENTRY_POINT = 256

Request = dict[str, Any]


@dataclass(frozen=True)
class Pods:
    """What the application runs on: one driver and so many executors. Memory as Spark writes it, ``4g``.

    On a laptop all of them are one process with as much memory as the machine can spare.
    """

    executors: int = 2
    executor_cores: int = 2
    executor_memory: str = "4g"
    driver_cores: int = 1
    driver_memory: str = "2g"

    def properties(self) -> dict[str, str]:
        """Spark's properties."""
        return {
            "spark.driver.cores": str(self.driver_cores),
            "spark.driver.memory": self.driver_memory,
            "spark.executor.instances": str(self.executors),
            "spark.executor.cores": str(self.executor_cores),
            "spark.executor.memory": self.executor_memory,
        }


@dataclass(frozen=True)
class EmrSparkJob:
    """A PySpark script, or a JAR with its main class, that reads and writes ``s3://`` URIs.

    Modules and data files beside the script are in an archive on Python's path: the script imports the
    modules, and reads a data file by ``pkgutil.get_data("<a module>", "<file>")``, as there is no folder that
    holds it.

    Attributes:
        application: a file of ``code``.
        code: is shipped to S3, once for each content.
        arguments: of the application.
        pods: what it runs on.
        configuration: classifications (spark-defaults, core-site, ...) as ``include.spark`` takes them.
        virtual_cluster: its id, if not that of ``MILLRACE_VIRTUAL_CLUSTER_ID``.
        release_label: the release of EMR.
        main_class: of a JAR.
        jars: S3 URIs of JARs on the application's path.
        metrics: the S3 URI at which the application leaves its ``metrics.json``, flat numbers that become
            part of the task's result; it has to be told by an argument.
        image: of ``include/images``, in the variant that is made from EMR's image.
    """

    application: str
    code: Bundle
    arguments: Sequence[str] = ()
    pods: Pods = Pods()
    configuration: Sequence[Classification] = ()
    virtual_cluster: str | None = None
    release_label: str = RELEASE_LABEL
    main_class: str | None = None
    jars: Sequence[str] = ()
    metrics: str | None = None
    image: str = "spark"

    def __post_init__(self) -> None:
        """Raises ValueError for what Spark could not run."""
        if self.application not in self.code.files:
            raise ValueError(
                f"application {self.application!r} is none of the files of its code: "
                f"{', '.join(self.code.files)}"
            )
        if self.application.endswith(".jar") != bool(self.main_class):
            raise ValueError(
                f"application {self.application!r} with main_class {self.main_class!r}: "
                "a JAR needs its main class, a script has none"
            )
        for entry in self.configuration:
            if "Classification" not in entry:
                raise ValueError(
                    f"configuration entry {entry!r} has no 'Classification', e.g. 'spark-defaults'"
                )

    @cached_property
    def modules(self) -> Bundle:
        """The code as the archive that Python imports from."""
        return Bundle({MODULES: self.code.zipped()})

    def request(self, run: Run) -> Request:
        """The ``StartJobRun`` request, without its name, token and tags.

        Raises:
            ValueError: there is no virtual cluster to run on, or the script's address is too long for AWS.
        """
        return {
            "virtualClusterId": self._virtual_cluster(run),
            "executionRoleArn": run.settings.role_arn,
            "releaseLabel": self.release_label,
            "jobDriver": {"sparkSubmitJobDriver": self._submit(run)},
            "configurationOverrides": {
                "applicationConfiguration": [_in_lower_case(entry) for entry in self._configuration(run)],
                "monitoringConfiguration": {
                    "cloudWatchMonitoringConfiguration": {
                        "logGroupName": LOG_GROUP.format(environment=run.settings.environment),
                        "logStreamNamePrefix": LOG_PREFIX,
                    }
                },
            },
        }

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts: the files, and the archive that Python imports from."""
        return [self.code, self.modules]

    def metrics_uri(self) -> str | None:
        """Where the job leaves its ``metrics.json``, if it does."""
        return self.metrics

    def _virtual_cluster(self, run: Run) -> str:
        found = self.virtual_cluster or run.settings.virtual_cluster_id
        if found is None:
            raise ValueError(
                "MILLRACE_VIRTUAL_CLUSTER_ID is not set: Spark on EKS needs a virtual cluster, an output of "
                "include/infrastructure/millrace.yaml where it is given EksCluster or VirtualCluster"
            )
        return found

    def _submit(self, run: Run) -> Request:
        entry_point = f"{run.code_uri(self.code.digest)}/files/{self.application}"
        if len(entry_point) > MAX_ENTRY_POINT:
            raise ValueError(
                f"{entry_point} has {len(entry_point)} characters, EMR on EKS allows {MAX_ENTRY_POINT} of an "
                "entry point: shorten the bucket's or the script's name"
            )
        submit: Request = {"entryPoint": entry_point, "entryPointArguments": list(self.arguments)}
        if parameters := self._parameters(run):
            submit["sparkSubmitParameters"] = shlex.join(parameters)
        return submit

    def _parameters(self, run: Run) -> list[str]:
        parameters = ["--class", self.main_class] if self.main_class else []
        if not self.main_class and len(self.code.files) > 1:
            parameters += ["--py-files", f"{run.code_uri(self.modules.digest)}/files/{MODULES}"]
        return parameters + (["--jars", ",".join(self.jars)] if self.jars else [])

    def _configuration(self, run: Run) -> list[Classification]:
        """The job's own and what every job needs, in one ``spark-defaults``."""
        image = run.settings.image_uri(self.image, f"{run.settings.image_tag}{IMAGE_TAG_SUFFIX}")
        defaults = {"spark.kubernetes.container.image": image, **self.pods.properties()}
        others = []
        for entry in self.configuration:
            if entry["Classification"] == "spark-defaults":
                defaults |= entry.get("Properties") or {}
            else:
                others.append(entry)
        return [{"Classification": "spark-defaults", "Properties": defaults}, *others]


def s3_encryption(kms_key: str | None) -> Sequence[Classification]:
    """The configuration with which EMR's client of S3 encrypts what it writes; none without a key."""
    if not kms_key:
        return ()
    properties = {"fs.s3.enableServerSideEncryption": "true", "fs.s3.serverSideEncryption.kms.keyId": kms_key}
    return ({"Classification": "emrfs-site", "Properties": properties},)


def _in_lower_case(entry: Mapping[str, Any]) -> Request:
    """A classification as this API spells it."""
    found: Request = {
        "classification": entry["Classification"],
        "properties": {key: str(value) for key, value in (entry.get("Properties") or {}).items()},
    }
    if nested := entry.get("Configurations"):
        found["configurations"] = [_in_lower_case(each) for each in nested]
    return found
