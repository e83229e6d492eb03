"""Starts PyTorchJobs in the image ``elastic`` on a cluster of the local EKS, and reads what they leave."""

import json
import re
from dataclasses import dataclass, field

import psutil

from include.bundles import Bundle
from tests.local.aws.sagemaker.account import until

ELASTIC = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/elastic:latest"
CODE = Bundle.of_job("elastic_training", "datasets", "vision")
JOBS = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"content-type": "application/merge-patch+json"}
EPOCHS = 6
CHECKPOINT_STEPS = 10
PATIENCE = 240.0
"""Trainings take seconds alone; four test processes at a time take longer."""
RENDEZVOUS = {
    "join_timeout": "120",
    "last_call_timeout": "4",
    "keep_alive_interval": "1",
    "keep_alive_max_attempt": "5",
}
STARTED = re.compile(r"world-size:(\d+) rank:(\d+) pid:(\d+) epoch:(\d+) step:(\d+)")
SLOWLY = """
import sys, time
import train

def slowly(*arguments, _whole=train.Trainer._step):
    time.sleep({seconds})
    return _whole(*arguments)

train.Trainer._step = slowly
sys.exit(train.main())
"""


@dataclass(frozen=True)
class Start:
    """A line of a rank that has started."""

    ranks: int
    rank: int
    pid: int
    epoch: int
    step: int


@dataclass
class Jobs:
    """Jobs on a cluster, with the code in the bucket of an account."""

    client: object
    account: object
    home: object
    pods: dict[str, str] = field(default_factory=dict)
    """Name of each that was seen, by its identifier, in the order in which they were."""

    def start(
        self, name, command, *, replicas=1, code=None, limits=(1, 3), max_restarts=20, per_node=1, **policy
    ):
        """Starts a job.

        Args:
            name: of the job.
            command: of torchrun, or of Python.
            replicas: at first.
            code: files that come to those of the job.
            limits: fewest and most replicas.
            max_restarts: of the ranks of a pod.
            per_node: ranks of a pod.
            policy: of the run.
        """
        for file, content in {**CODE.files, **(code or {})}.items():
            self.account.put(f"code/{name}/{file}", content)
        container = {
            "name": "pytorch",
            "image": ELASTIC,
            "command": ["run-job", *map(str, command)],
            "env": [{"name": "MILLRACE_CODE", "value": f"s3://{self.account.bucket}/code/{name}"}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
        elastic = {
            "rdzvBackend": "c10d",
            "minReplicas": limits[0],
            "maxReplicas": limits[1],
            "maxRestarts": max_restarts,
            "nProcPerNode": per_node,
            "rdzvConf": [{"key": key, "value": value} for key, value in RENDEZVOUS.items()],
        }
        worker = {
            "replicas": replicas,
            "restartPolicy": "OnFailure",
            "template": {"spec": {"containers": [container], "volumes": volumes}},
        }
        job = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "PyTorchJob",
            "metadata": {"name": name},
            "spec": {
                "elasticPolicy": elastic,
                "runPolicy": {"cleanPodPolicy": "Running", **policy},
                "pytorchReplicaSpecs": {"Worker": worker},
            },
        }
        self.client.post(JOBS, json=job).raise_for_status()

    def train(self, name, *arguments, replicas=3, pause=0.0, epochs=EPOCHS, data="/data/digits", **options):
        """Starts a training, whose every step may take some seconds more."""
        command = ["torchrun", "slowly.py", "--data", data, "--checkpoints", f"/data/runs/{name}"]
        command += ["--output", self.uri(name), "--metrics", self.uri(f"{name}/told.json")]
        command += ["--channels", 1, "--epochs", epochs, "--batch-size", 64, "--readers", 0]
        command += ["--checkpoint-steps", CHECKPOINT_STEPS, *arguments]
        code = {"slowly.py": SLOWLY.format(seconds=pause).encode()}
        self.start(name, command, replicas=replicas, code=code, **options)

    def scale(self, name, replicas):
        """Changes how many workers there are."""
        spec = {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": replicas}}}}
        self.client.patch(f"{JOBS}/{name}", json=spec, headers=MERGE).raise_for_status()

    def uri(self, key):
        return f"s3://{self.account.bucket}/left/{key}"

    def left(self, key):
        """A document that a job has left."""
        return json.loads(self.account.get(f"left/{key}"))

    def ended(self, name, type_="Succeeded"):
        """Waits for the end of a job, which has to be of a kind; its condition."""

        def over():
            self.see_pods()
            conditions = self.client.get(f"{JOBS}/{name}").json().get("status", {}).get("conditions", [])
            return [each for each in conditions if each["type"] in ("Succeeded", "Failed")]

        [condition] = until(over, bool, PATIENCE)
        assert condition["type"] == type_, "\n".join(self.log(name))
        return condition

    def delete(self, name):
        """Ends a job, and its pods with it."""
        self.client.delete(f"{JOBS}/{name}").raise_for_status()

    def see_pods(self):
        """Those of a job that has failed go, and their logs are kept."""
        for pod in self.client.get(PODS).json()["items"]:
            self.pods.setdefault(pod["metadata"]["uid"], pod["metadata"]["name"])

    def log(self, name):
        """The lines of all pods of a job, of all of their starts, as far as they have been seen."""
        self.see_pods()
        own = [uid for uid, pod in self.pods.items() if pod.startswith(f"{name}-worker-")]
        files = [
            file for uid in own for file in sorted((self.home / "logs" / uid).glob("*.log"), key=start_of)
        ]
        return [line for file in files for line in file.read_text().splitlines()]

    def wait_for(self, name, text):
        """Waits for a line with this in it."""
        until(lambda: [line for line in self.log(name) if text in line], bool, PATIENCE)

    def starts(self, name):
        """All starts of ranks, by the log, pod by pod."""
        found = [match for line in self.log(name) if (match := STARTED.search(line))]
        return [Start(*map(int, match.groups())) for match in found]

    def starts_of_first(self, name):
        """Those of rank 0, which the first worker always has, in the order in which they happened."""
        return [start for start in self.starts(name) if start.rank == 0]

    def together(self, name, ranks, from_step=0):
        """Ranks that have started together at a step or later, and run; none before all of them do."""
        running = [s for s in self.starts(name) if s.ranks == ranks and psutil.pid_exists(s.pid)]
        there = [start for start in running if start.step >= from_step]
        return there if {start.rank for start in there} == set(range(ranks)) else []

    def comes_to(self, name, ranks, from_step=0):
        """Waits for ranks that are together."""
        return until(lambda: self.together(name, ranks, from_step), bool, PATIENCE)

    def wait_for_step(self, name, step):
        """Waits for a checkpoint after so many steps or more; of how many that is."""

        def newest():
            files = (self.home / "volumes" / "default" / "shared" / "runs" / name).glob("step-*.pt")
            return max((int(file.stem.removeprefix("step-")) for file in files), default=-1 if step else 0)

        return until(newest, lambda found: found >= step, PATIENCE)


def start_of(log):
    """Which start of a container a log is of."""
    return int(log.stem)
