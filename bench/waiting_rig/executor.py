"""An executor that plays the workers: the calls of a task's process, without the process.

Starting a thousand task processes on a laptop's cores takes longer than everything that is measured
here, and as long for every contender. So each task is one thread that makes the calls which its process
would make, with Airflow's own client, to the real execution API:

``wait``, first time   start, defer to the contender's trigger
``wait``, resumed      start, describe the job once as either operator does when it resumes, succeed
``after``              start, succeed

Scheduler, API server, triggerer and database do all of their real work.
"""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Any

import boto3
from airflow.executors.base_executor import BaseExecutor, get_execution_api_server_url
from airflow.sdk.api.client import Client
from botocore.config import Config

from bench.waiting_rig import WORKER
from bench.waiting_rig.contenders import contender_of, job_name
from bench.waiting_rig.deferral import deferral

log = logging.getLogger(__name__)

THREADS = 8


class PlayedExecutor(BaseExecutor):
    """Runs every task in a thread of the scheduler's process."""

    is_local = True

    def start(self) -> None:
        """Makes the threads."""
        self._threads = ThreadPoolExecutor(THREADS)
        self._failed: SimpleQueue[Any] = SimpleQueue()

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            self.queued_tasks.pop(workload.key)
            self.running.add(workload.key)
            self._threads.submit(self._run, workload)

    def _run(self, workload: Any) -> None:
        try:
            with Client(base_url=get_execution_api_server_url(), token=workload.token) as api:
                self._play(api, workload.ti)
        except Exception:
            log.exception("%s was not played", workload.key)
            self._failed.put(workload.key)
        else:
            # The API knows how it ended. Said again here, it could be taken for the end of the next
            # try by a scheduler that is slower than these threads.
            self.running.discard(workload.key)

    def _play(self, api: Client, ti: Any) -> None:
        job = job_name(ti.dag_id, ti.run_id, ti.map_index)
        began = api.task_instances.start(ti.id, pid=os.getpid(), when=datetime.now(UTC))
        if ti.task_id == "job.wait":
            if not began.next_method:
                api.task_instances.defer(ti.id, deferral(contender_of(ti.run_id), job))
                return
            self._sagemaker.describe_processing_job(ProcessingJobName=job)
        api.task_instances.succeed(
            ti.id, when=datetime.now(UTC), task_outlets=[], outlet_events=[], rendered_map_index=None
        )

    @cached_property
    def _sagemaker(self) -> Any:
        """A client that tells the counting server whose calls these are."""
        return boto3.client("sagemaker", config=Config(user_agent_extra=WORKER, max_pool_connections=THREADS))

    def sync(self) -> None:
        """Reports what could not be played."""
        while True:
            try:
                self.fail(self._failed.get_nowait())
            except Empty:
                return

    def end(self) -> None:
        """Waits for the threads."""
        self._threads.shutdown(wait=True)
        self.sync()

    def terminate(self) -> None:
        """Nothing outlives the process."""
