#!/usr/bin/env bash
# Prepares the Django site, starts it under Gunicorn on a unix socket, and the gateway in front of it. Ctrl-C ends both.
# usage: [DATA=DIR] [PYTHON=python3] [INTERMISSION=command] examples/django/run.sh [further flags of intermission start]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Debian's own Python has Debian's Django and Gunicorn, whatever else comes first in PATH.
PYTHON=${PYTHON:-/usr/bin/python3}
export DJANGO_DATA=${DATA:-$here/data}
mkdir -p "$DJANGO_DATA"
DJANGO_DATA=$(cd "$DJANGO_DATA" && pwd)

if [ -n "${INTERMISSION:-}" ]; then
  gateway=("$INTERMISSION")
else
  [ -f "$here/../../dist/src/cli/main.js" ] || (cd "$here/../.." && npm run --silent build)
  gateway=(node "$here/../../dist/src/cli/main.js")
fi

cd "$here"
export PYTHONDONTWRITEBYTECODE=1
"$PYTHON" app.py migrate --verbosity 0
"$PYTHON" app.py collectstatic --no-input --verbosity 0
# For a look at /admin/ on this machine, not for the world. Fails when the user is there already, as it may.
DJANGO_SUPERUSER_PASSWORD=${DJANGO_SUPERUSER_PASSWORD:-demo} \
  "$PYTHON" app.py createsuperuser --no-input --username demo --email demo@example.org 2> /dev/null || true

trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
"$PYTHON" -m gunicorn --workers 2 --bind "unix:$DJANGO_DATA/app.sock" --pid "$DJANGO_DATA/gunicorn.pid" app &
"${gateway[@]}" start --upstream "unix:$DJANGO_DATA/app.sock" --static "$DJANGO_DATA/public" --pages "$here/pages" "$@" &
# Gunicorn may go and come back while the gateway stays: that is what this example is about.
wait $!
