#!/usr/bin/env bash
# Runs the drift check once and tells somebody when it alerts or cannot run.
# A check that fails silently is worse than none, so every exit code but 0 ends in a message.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p ops/log
exec 9> ops/log/drift.lock
flock -n 9 || { echo "a drift check is already running" >&2; exit 3; }

PYTHON="${PYTHON:-.venv/bin/python}"
log="ops/log/drift-$(date +%Y-%m-%d).log"
"$PYTHON" -m targeting.drift --period latest > "$log" 2>&1
code=$?
case $code in
  0) exit 0 ;;
  2) subject="drift alert" ;;
  *) subject="drift check could not run (exit $code)" ;;
esac
if [ -n "${DRIFT_NOTIFY:-}" ]; then
  "$DRIFT_NOTIFY" "$subject" "$log"      # any command that takes a subject and a file
else
  echo "$subject, see $log" >&2
fi
exit $code
