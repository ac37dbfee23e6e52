#!/usr/bin/env bash
# `dicomtx convert` in a shell. Each line works on its own. To run all of them:
#   one-liners.sh FOLDER NEW
# They read the .dcm files of FOLDER and write to NEW.
set -euo pipefail
from=$1 to=$2
mkdir -p "$to"/{native,tree,ls,rle}

# Decompress one file (to explicit-vr-little-endian).
one=$(find "$from" -name '*.dcm' | sort | head -n 1)
dicomtx convert "$one" "$to/one.dcm"

# Decompress a folder, two files at a time. A file that fails is named, and the others go on.
find "$from" -name '*.dcm' -print0 | xargs -0 -P 2 -I {} sh -c 'dicomtx convert "$1" "$2/$(basename "$1")"' - {} "$to/native"

# The same with GNU parallel, to RLE. Its exit code is the number of files that failed.
find "$from" -name '*.dcm' -print0 | parallel -0 -j 2 dicomtx convert {} "$to/rle/{/}" --to rle

# Convert a tree to JPEG 2000, in the same folders. Existing files stay as they are (exit code 7).
(cd "$from" && find . -name '*.dcm') | while read -r file; do
  mkdir -p "$to/tree/$(dirname "$file")"
  dicomtx convert "$from/$file" "$to/tree/$file" --to jpeg2000-lossless < /dev/null
done

# Use a pipe: there is no file in between, and the result has the same bytes.
dicomtx convert - - --to rle < "$one" | dicomtx convert - - --to explicit > "$to/piped.dcm"

# Convert in place: a file is replaced in one step, after its result has been verified.
cp "$to"/native/*.dcm "$to/ls"
find "$to/ls" -name '*.dcm' -exec dicomtx convert {} --in-place --to jpeg-ls-lossless \;

# Write a report, one JSON object per line, for jq, a spreadsheet or a database.
find "$from" -name '*.dcm' -exec dicomtx convert {} "$to/report.dcm" --overwrite --to htj2k-lossless --json \; > "$to/report.jsonl"

# List the failures by exit code: 3 damaged, 4 the syntax cannot hold it, 5 and 6 codec failures.
for file in "$from"/*.dcm; do
  code=0
  dicomtx convert "$file" "$to/try.dcm" --overwrite --quiet --to jpeg-xl-lossless 2> "$to/try.err" || code=$?
  if [ "$code" != 0 ]; then echo "$code $(cat "$to/try.err")"; fi
done > "$to/not-converted.txt"
