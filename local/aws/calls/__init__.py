"""Which calls each DAG run makes: what a policy of least privilege for it has to allow.

One document per run, ``<home>/calls/<digest>.json``, shown at ``/_millrace/calls/<dag>/<run>.json``::

    {
      "dag": "abalone",                        null for calls that belong to no run
      "run": "manual__2026-01-01T00:00:00",    null likewise
      "calls": 12, "errors": 1,                sums of the entries
      "first": "2026-01-01T00:00:01.250Z", "last": "2026-01-01T00:01:00.000Z",
      "entries": [
        {
          "principal": "airflow",              or "job"; null where it is not known
          "task": "train",                     null where it is not known
          "action": "s3:GetObject",            as IAM spells it; "s3:?" where the request does not tell
          "resource": "arn:aws:s3:::bucket/main/abalone/run/*",    null where it is not known
          "calls": 3,                          requests; a copy in S3 counts for reading and for writing
          "errors": 0,                         of these, answered with a status of 400 and above
          "first": "...", "last": "..."
        }
      ]
    }

``airflow`` is what a task calls itself: a call that says so in its User-Agent
(``md/millrace-task#<dag>/<run>/<task>``, each quoted), or that names a job which a task of the run
started. ``job`` is what a job calls, and what the service does with the job's role: it reads inputs and
writes outputs and logs. Keys of objects are cut after three folders, which is where a run's own folder is.

What is no call of its own is not in here: ``iam:PassRole`` for the role that a job gets, and
``sagemaker:AddTags`` for the tags of a create request. Neither bodies nor secrets are kept.
"""
