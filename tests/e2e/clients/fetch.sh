#!/bin/sh
# Fetches the log shippers that the tests of inputs run, from Debian (and npm, where there is one), into a folder; installs
# nothing: fetch.sh FOLDER. Fails, with a word, where they cannot be had.
set -eu
folder=$1
mkdir -p "$folder/debs" "$folder/root"
# Several tests may ask at once.
exec 9>"$folder/lock"
flock 9
[ ! -e "$folder/complete" ] || exit 0
cd "$folder/debs"
# rsyslog and syslog-ng exclude each other, so apt is asked about each on its own.
for packages in "rsyslog rsyslog-czmq" "syslog-ng-core syslog-ng-mod-http" "kcat"; do
  # shellcheck disable=SC2086
  needed=$(apt-get install --yes --no-install-recommends --print-uris $packages 2>/dev/null |
    sed -n "s/^'[^']*' \([^_]*\)_.*\.deb .*/\1/p")
  # shellcheck disable=SC2086
  apt-get download --quiet --quiet $packages $needed >/dev/null 2>&1 || {
    echo "cannot download: $packages" >&2
    exit 1
  }
done
for deb in *.deb; do
  dpkg -x "$deb" "$folder/root"
done
if command -v npm >/dev/null; then
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error kafkajs@2.2.4 >/dev/null 2>&1 ||
    echo "no kafkajs" >&2
fi
touch "$folder/complete"
