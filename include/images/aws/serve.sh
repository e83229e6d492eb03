#!/bin/sh
# Serves the local AWS to the containers of its networks. The server itself listens on loopback only, because it runs
# whatever a job says; socat takes what reaches this container's addresses, one in each network, on the same port there.
set -eu
port=${MILLRACE_AWS_PORT:-4566}
for address in $(hostname -i); do
    socat "TCP-LISTEN:$port,bind=$address,reuseaddr,fork" "TCP:127.0.0.1:$port" &
done
exec python -m local.aws --port "$port" --home /var/lib/millrace/state --images /var/lib/millrace/images
