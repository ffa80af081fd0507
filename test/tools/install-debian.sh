#!/usr/bin/env bash
# Installs what the tests drive besides Node: other servers, browsers and load tools. Only Debian and its kin are known
# here; the names of the packages are in the list below. What is there already is left alone.
# usage: test/tools/install-debian.sh
set -euo pipefail

# program or file that shows it is there : package
wanted=(
  nginx:nginx redis-server:redis-server chromium:chromium wrk:wrk h2load:nghttp2-client
  prometheus:prometheus systemd-analyze:systemd man:man-db groff:groff-base bash:bash zsh:zsh fish:fish gunicorn:gunicorn curl:curl git:git /usr/lib/python3/dist-packages/django:python3-django
)

missing=()
for entry in "${wanted[@]}"; do
  shown_by=${entry%%:*}
  # Servers are in sbin, which is not in everybody's PATH.
  [ -e "$shown_by" ] || PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$shown_by" > /dev/null || missing+=("${entry#*:}")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo 'test tools: all there'
  exit 0
fi

if ! command -v apt-get > /dev/null; then
  echo "test tools: ${missing[*]} (Debian's names) are missing, and this is no Debian: install them your own way" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || { echo "test tools: run this as root to install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

install() {
  # Debian starts a server that it installs; in runlevel 1 it does not, and nothing here needs the ports taken.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

echo "test tools: installing ${missing[*]}"
# The package lists may be absent (containers) or too old.
install || { "${as_root[@]}" apt-get update --quiet && install; }
