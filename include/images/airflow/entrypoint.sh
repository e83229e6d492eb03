#!/bin/sh
# Runs `airflow` with the arguments. The simple auth manager reads passwords from a file only, so the API server,
# which alone is given one, writes it first, where nobody else can read it.
set -eu
if [ -n "${AIRFLOW_ADMIN_PASSWORD:-}" ]; then
    umask 077
    python -c 'import json, os; print(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))' \
        > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
fi
exec airflow "$@"
