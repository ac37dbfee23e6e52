#!/usr/bin/env bash
# Receives files in one terminal and sends them from another.
#   two-terminals.sh SOURCE DIR
#
# Terminal 1:  dicomtx receive DIR/received --bind 127.0.0.1 --port 11112 --aet ARCHIVE \
#                --accept explicit,implicit
# Terminal 2:  dicomtx send SOURCE dicom://ARCHIVE@127.0.0.1:11112
#
# The receiver accepts native syntaxes only, so the sender decompresses files. This script runs
# both in one terminal. PORT is the port to use.
set -euo pipefail

source=$1 folder=$2 port=${PORT:-11112}
address=dicom://ARCHIVE@127.0.0.1:$port
mkdir -p "$folder"
: > "$folder/receive.log"

echo "-- terminal 1"
dicomtx receive "$folder/received" --bind 127.0.0.1 --port "$port" --aet ARCHIVE \
    --accept explicit,implicit --report "$folder/received.jsonl" 2>> "$folder/receive.log" &
receiver=$!
trap 'kill "$receiver" 2> /dev/null || true' EXIT
until grep -q 'listens on' "$folder/receive.log"; do
    kill -0 "$receiver" || { cat "$folder/receive.log" >&2; exit 1; }
    sleep 0.1
done

echo "-- terminal 2: what would be sent, and how"
dicomtx send "$source" "$address" --dry-run
echo "-- terminal 2: sent"
dicomtx send "$source" "$address"

echo "-- terminal 1: stopped after the instances in flight"
kill "$receiver"
wait "$receiver" || [ $? -eq 143 ] # SIGTERM
trap - EXIT
dicomtx info "$folder/received"
