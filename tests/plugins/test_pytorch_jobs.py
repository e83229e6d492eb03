"""Elastic jobs on a real cluster of the local AWS, whose pods run lines of Python."""

import asyncio
import json
import re
import time
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import boto3
import httpx
import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from airflow.sdk.execution_time import task_runner
from kubernetes.client import CoreV1Api, CustomObjectsApi

from include.bundles import Bundle
from include.elastic import claims
from include.elastic.jobs import ElasticJob, Workers
from include.elastic.zones import ZoneError
from millrace.context import run_of
from millrace.errors import JobFailed
from millrace.finished_jobs import stop as stop_marked
from millrace.hooks.kubernetes import EksHook
from millrace.hooks.pytorch_jobs import GROUP, PLURAL, VERSION, Place, PyTorchJobHook
from millrace.hooks.remote import hook_of
from millrace.jobs import PYTORCH_JOB
from millrace.launching import STATE_KEY, RemoteJob
from millrace.operators.clusters import ManifestsOperator
from millrace.operators.pytorch_jobs import TorchElasticOperator
from millrace.operators.volumes import VolumeDeletionOperator, VolumeOperator
from tests.plugins.test_job_event_trigger import until as until_async

CLUSTER, TYPE, ZONE = "research", "g4dn.xlarge", "us-east-1b"
ROLE = "arn:aws:iam::123456789012:role/cluster"
WAIT = "import os, time\nwhile not os.path.exists('/data/go'): time.sleep(0.02)\n"


@pytest.fixture(scope="module")
def eks(aws):
    """A cluster with two nodes, and a volume in their zone."""
    client, ec2 = boto3.client("eks"), boto3.client("ec2")
    zones = {s["AvailabilityZone"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]}
    client.create_cluster(name=CLUSTER, roleArn=ROLE, resourcesVpcConfig={})
    add_nodes(client, "gpus", TYPE, [zones[ZONE]])
    add_nodes(client, "scattered", "g4dn.12xlarge", [zones["us-east-1a"], zones[ZONE]])
    add_nodes(client, "elsewhere", "g5.xlarge", [zones["us-east-1a"]])
    return client


def add_nodes(client, name, instance_type, subnets):
    client.create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName=name,
        nodeRole=ROLE,
        subnets=subnets,
        scalingConfig={"minSize": 2, "maxSize": 2, "desiredSize": 2},
        instanceTypes=[instance_type],
        labels={"millrace/training": name},
    )


def volume(cls, name, context):
    """Makes or deletes the volume and the claim of this name."""
    outputs = {
        "NodegroupName": name,
        "Zone": ZONE,
        "VolumeGiB": "1200",
        "FileSystemId": "fs-0123456789abcdef0",
        "DnsName": "fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com",
        "MountName": "abcdefgh",
    }
    made = cls(
        task_id="volume",
        cluster=CLUSTER,
        outputs=outputs,
        volume=claims.volume,
        claim=claims.claim,
        service_account="millrace",
        aws_conn_id=None,
    )
    return made.execute(context)


@pytest.fixture
def claim(eks, context, name):
    """A claim of this test's own."""
    assert volume(VolumeOperator, name, context) == volume(VolumeOperator, name, context) == {"claim": name}
    yield name
    for _ in range(2):
        volume(VolumeDeletionOperator, name, context)


@pytest.fixture
def name(request):
    """Of this test, as Kubernetes wants names."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[-50:].strip("-")


@pytest.fixture
def go(aws, claim):
    """Lets waiting pods go on."""
    folder = aws.home / "kubernetes" / "us-east-1" / CLUSTER / "volumes" / "default" / claim

    def release():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "go").touch()

    yield release
    release()


@pytest.fixture
def elastic(claim):
    """Makes an operator whose pods run some Python."""

    def make(
        code="print('done')",
        instance_type=TYPE,
        group="gpus",
        image="tiny",
        claim=claim,
        workers=(1, 1),
        **kwargs,
    ):
        def build(run):
            return ElasticJob(
                image=image,
                workers=Workers(instance_type, wanted=workers[1], least=workers[0], most=workers[1]),
                group=group,
                claim=claim,
                code=Bundle({"main.py": b"pass"}),
                command=["python", "-c", code],
                expected_seconds=60,
            )

        return TorchElasticOperator(task_id="step", build=build, cluster=CLUSTER, aws_conn_id=None, **kwargs)

    return make


def defer(task, context):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value.trigger


def fired(trigger, seconds=60):
    async def first():
        return await asyncio.wait_for(anext(aiter(trigger.run())), timeout=seconds)

    return asyncio.run(first()).payload


def status(reference):
    found = PyTorchJobHook(None).describe(reference)
    return found.status if found else None


def until(reference, wanted):
    deadline = time.monotonic() + 30
    while (found := status(reference)) != wanted:
        assert time.monotonic() < deadline, f"{reference} is {found}, not {wanted}"
        time.sleep(0.05)


def test_a_job_runs_is_logged_and_deleted_once_it_has_succeeded(elastic, context, capsys):
    """The first worker is the last to end, since its end is that of the job."""
    code = "import os, time\nname = os.environ['HOSTNAME']\nprint('worker', name, os.environ['PET_NNODES'])\n"
    task = elastic(f"{code}time.sleep(2 * name.endswith('0'))", workers=(1, 2))
    trigger = defer(task, context)
    place = Place.of(trigger.reference)
    notes = PyTorchJobHook(None).describe(trigger.reference).fields["metadata"]["annotations"]
    assert (notes["millrace/dag"], notes["millrace/task"]) == ("testing", "step")
    assert fired(trigger) == {"name": trigger.reference}
    printed = capsys.readouterr().out
    for number in range(2):
        pod = f"{place.name}-worker-{number}"
        assert f"{pod}: worker {pod} 1:2" in printed
    result = elastic(workers=(1, 2)).resume(context)
    assert (result["name"], result["replicas"], result["plan"]["ranks"]) == (place.name, 2, 2)
    until(trigger.reference, None)


def test_a_retry_after_the_deletion_knows_that_the_job_has_succeeded(elastic, context):
    reference = defer(elastic(), context).reference
    until(reference, "Succeeded")
    first = elastic().resume(context)
    until(reference, None)
    assert elastic().execute(context) == first
    assert status(reference) is None


def test_a_retry_adopts_the_job_that_runs_and_replaces_the_one_that_failed(elastic, context, go):
    first = defer(elastic(WAIT + "raise SystemExit(3)"), context).reference
    assert defer(elastic(WAIT), context).reference == first
    hook = PyTorchJobHook(None)
    hook.delete(first)
    until(first, None)
    assert defer(elastic(WAIT), context).reference == first  # not there: the same launch


def test_a_failed_job_is_kept_and_its_end_is_told(elastic, context, capsys):
    code = "import time\nprint('no such file: data.bin', flush=True)\ntime.sleep(3)\nraise SystemExit(3)"
    task = elastic(code)
    task_job = task.build

    def never_again(run):
        job = task_job(run)
        return ElasticJob(**{**vars(job), "max_restarts": 0})

    task.build = task.planned = never_again
    trigger = defer(task, context)
    reference = trigger.reference
    fired(trigger)
    assert "worker-0: no such file: data.bin" in capsys.readouterr().out
    with pytest.raises(JobFailed, match="restarted 1 times, more than backoffLimit 0"):
        task.resume(context)
    assert status(reference) == "Failed"
    second = defer(elastic(), context).reference
    assert second != reference


def test_a_clear_stops_the_old_job_and_launches_anew(elastic, context, go):
    first = defer(elastic(WAIT), context).reference
    context["ti"].max_tries = 5
    second = defer(elastic(WAIT), context).reference
    assert second != first
    until(first, None)
    assert status(second) in ("Created", "Running")


def test_a_task_that_a_person_marked_stops_its_job(elastic, context, go):
    reference = defer(elastic(WAIT), context).reference
    job = RemoteJob.parse(context["task_state_store"].get(STATE_KEY))
    stop_marked(hook_of(job.kind, job.aws_conn_id, job.region_name), job.name, context["ti"])
    until(reference, None)


@pytest.mark.parametrize(("task_state", "runs_on"), [("failed", False), ("deferred", True)])
def test_a_killed_trigger_deletes_the_job_of_a_task_that_was_ended(
    elastic, context, go, monkeypatch, task_state, runs_on
):
    trigger = defer(elastic(WAIT), context)
    until(trigger.reference, "Running")

    async def asend(message):
        return SimpleNamespace(task_states={message.run_ids[0]: {message.task_ids[0]: task_state}})

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend), raising=False)
    trigger.task_instance = SimpleNamespace(dag_id="testing", run_id="r", task_id="step", map_index=-1)
    asyncio.run(trigger.on_kill())
    until(trigger.reference, "Running" if runs_on else None)


def test_a_job_that_is_deleted_by_somebody_else_wakes_the_task(elastic, context, go):
    trigger = defer(elastic(WAIT), context)

    async def scenario():
        waiting = asyncio.create_task(anext(aiter(trigger.run())))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await asyncio.to_thread(PyTorchJobHook(None).delete, trigger.reference)
        return await asyncio.wait_for(waiting, timeout=30)

    assert asyncio.run(scenario()).payload == {"name": trigger.reference}
    with pytest.raises(JobFailed, match="is gone: it was deleted"):
        elastic().resume(context)


def test_an_image_that_is_not_there_ends_the_wait_and_the_job(elastic, context):
    task = elastic(image="nowhere")
    trigger = defer(task, context)
    event = fired(trigger)
    assert "ErrImagePull" in event["stuck"]
    with pytest.raises(JobFailed, match=r"the job cannot begin: .*cannot start .*nowhere.*ErrImagePull"):
        task.resume(context, event)
    until(trigger.reference, None)


def test_workers_without_nodes_are_waited_for_only_for_a_while(elastic, context, monkeypatch):
    monkeypatch.setattr("millrace.triggers.pytorch_job.LOOK_SECONDS", 0.2)
    task = elastic(instance_type="g4dn.2xlarge", start_timeout=timedelta(seconds=1))
    event = fired(defer(task, context))
    assert "has had no node for over 1 seconds: 0/6 nodes are available" in event["stuck"]


def test_workers_beyond_the_least_may_be_without_a_node(elastic, context, monkeypatch):
    """Three nodes' worth of workers on two nodes: the two go on alone."""
    monkeypatch.setattr("millrace.triggers.pytorch_job.LOOK_SECONDS", 0.2)
    task = elastic("import time; time.sleep(2)", workers=(2, 3), start_timeout=timedelta(seconds=0.5))
    assert "stuck" not in fired(defer(task, context))


def test_a_watch_goes_on_after_a_version_that_nobody_knows_and_a_cluster_that_was_away(
    elastic, context, go, monkeypatch
):
    monkeypatch.setattr("millrace.triggers.cluster_watch.WATCH_SECONDS", 1)
    trigger = defer(elastic(WAIT), context)
    calls = []
    access = EksHook.access

    def refuses_at_first(self, cluster):
        calls.append(cluster)
        if len(calls) in (1, 4):
            raise ConnectionRefusedError("nobody listens")
        return access(self, cluster)

    monkeypatch.setattr(EksHook, "access", refuses_at_first)

    async def scenario():
        waiting = asyncio.create_task(anext(aiter(trigger.run())))
        await until_async(lambda: len(calls) >= 6)
        await asyncio.to_thread(go)
        return await asyncio.wait_for(waiting, timeout=30)

    assert asyncio.run(scenario()).payload == {"name": trigger.reference}


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("scattered", "the nodes are in 2 availability zones"),
        ("elsewhere", "the nodes are in us-east-1a and the volume is in us-east-1b"),
    ],
)
def test_nodes_and_volume_are_in_one_zone_or_nothing_starts(elastic, context, group, words):
    with pytest.raises(ZoneError, match=words):
        elastic(group=group).execute(context)
    with EksHook(None).api(CLUSTER) as api:
        name = f"local-testing-step-{context['ti'].run_id}"
        found = CustomObjectsApi(api).list_namespaced_custom_object(GROUP, VERSION, "default", PLURAL)
    assert name not in json.dumps(found)


def test_a_claim_that_is_not_there_is_said(elastic, context):
    with pytest.raises(JobFailed, match="has no claim nothing: make it first"):
        elastic(claim="nothing").execute(context)


def test_what_the_cluster_refuses_is_told_in_its_words(elastic, context):
    task = elastic()
    monstrous = task.build

    def build(run):
        return ElasticJob(**{**vars(monstrous(run)), "image": "tiny", "command": [], "kept_seconds": "long"})

    task.build = task.planned = build
    with pytest.raises(JobFailed, match="is refused"):
        task.execute(context)


def test_the_job_page_of_the_console_is_that_of_the_cluster():
    assert PYTORCH_JOB.console_page.format(region="eu-west-1", name="a/b/c", place="a").endswith("clusters/a")


def test_the_link_of_the_task_leads_to_the_page_of_its_job(elastic, context, go):
    task = elastic(WAIT)
    reference = defer(task, context).reference
    link, *_ = (link.get_link(task, ti_key=None) for link in task.operator_extra_links)
    page = httpx.get(link)
    assert page.status_code == 200
    for shown in (run_of(context).dag_id, run_of(context).run_id, "<th>Task</th><td>step</td>"):
        assert shown in unescape(page.text)
    go()
    until(reference, "Succeeded")
    task.resume(context, {"name": reference})
    gone = httpx.get(link)
    assert (gone.status_code, "the task's link Description" in gone.text) == (404, True)


def test_a_program_that_refuses_is_not_started_again(elastic, context, s3):
    """It says why in S3, since what it prints goes with its pod."""
    task = elastic("raise SystemExit(65)")
    plain = task.build

    def build(run):
        return ElasticJob(**{**vars(plain(run)), "metrics": run.uri("refused")})

    task.build = task.planned = build
    trigger = defer(task, context)
    bucket, key = build(run_of(context)).failure_uri().removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=b'{"error": "There is one class."}')
    event = fired(trigger)
    with pytest.raises(JobFailed, match=r"^There is one class\.$") as failed:
        task.resume(context, event)
    assert failed.value.permanent
    until(trigger.reference, None)


def test_manifests_are_made_once_and_what_a_cluster_refuses_is_told(eks, context, s3, settings_now):
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: trainer}\n"
    bucket = settings_now().bucket
    two = f"{account}---\n{account.replace('trainer', 'b')}"
    s3.put_object(Bucket=bucket, Key="two.yaml", Body=two.encode())
    s3.put_object(Bucket=bucket, Key="bad.yaml", Body=account.replace("trainer", "No_Name").encode())

    def install(key):
        uri = f"s3://{bucket}/{key}" if key else ""
        ManifestsOperator(task_id="install", cluster=CLUSTER, uri=uri, aws_conn_id=None).execute(context)

    for _ in range(2):
        install("two.yaml")
    with EksHook(None).api(CLUSTER) as api:
        found = CoreV1Api(api).list_namespaced_service_account("default").items
    names = {each.metadata.name for each in found}
    assert {"trainer", "b"} <= names
    with pytest.raises(JobFailed, match=r"refuses what is in .*bad\.yaml: .*No_Name"):
        install("bad.yaml")
    with pytest.raises(AirflowSkipException):
        install("")


def test_a_job_that_has_failed_by_a_refusal_says_it_too(elastic, context, s3):
    """Its end may be heard of before that of its pods; what another launch has said is not of this one."""
    task = elastic("import time\ntime.sleep(1)\nraise SystemExit(65)")
    plain = task.build

    def build(run):
        return ElasticJob(**{**vars(plain(run)), "metrics": run.uri("failed"), "max_restarts": 0})

    task.build = task.planned = build
    bucket, key = build(run_of(context)).failure_uri().removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=b'{"error": "Of the launch before."}')
    reference = defer(task, context).reference
    until(reference, "Failed")
    with pytest.raises(JobFailed, match="replicas were restarted"):
        task.resume(context, {"name": reference})
    s3.put_object(Bucket=bucket, Key=key, Body=b'{"error": "There is one class."}')
    with pytest.raises(JobFailed, match=r"^There is one class\.$"):
        task.resume(context, {"name": reference})
