#!/usr/bin/env bash
# A CI job: reviews what a change of orthanc.json would do to files like yours.
#
#   review-orthanc.sh orthanc.json SAMPLES REVIEWED.jsonl
#
# SAMPLES is a folder with one file of each kind that you store. REVIEWED.jsonl is the plan that a
# person approved, in the repository beside orthanc.json. If there is none, this writes it.
# Exit code 0: nothing changes. 1: something does; the lines that differ are printed.
set -euo pipefail
config=$1 samples=$2 reviewed=$3

dicomtx policy check "$config"
now=$(mktemp)
trap 'rm -f "$now"' EXIT
# The time of a checkout says nothing, so it is left out.
(cd "$samples" && dicomtx plan . --orthanc "$config" --json 2> /dev/null) |
  sed 's/"mtime_ns": [0-9]*, //' | sort > "$now"
if [ ! -e "$reviewed" ]; then
  cp "$now" "$reviewed"
  echo "wrote $reviewed: review it, and commit it"
elif diff "$reviewed" "$now"; then
  echo "the configuration does what was reviewed"
else
  echo "the configuration now does something else; to approve it, remove $reviewed and run again" >&2
  exit 1
fi
