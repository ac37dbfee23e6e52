#!/usr/bin/env bash
# Things to do with `dicomtx convert` in a shell. Each line stands alone; run as
#   one-liners.sh FOLDER NEW
# they all work on the .dcm files of FOLDER and write into NEW.
set -euo pipefail
from=$1 to=$2
mkdir -p "$to"/{native,tree,ls}

# One file, decompressed (to explicit-vr-little-endian) beside the original.
one=$(find "$from" -name '*.dcm' | sort | head -n 1)
dicomtx convert "$one" "$to/one.dcm"

# A folder decompressed, two files at a time; one that fails is named and the others go on.
find "$from" -name '*.dcm' -print0 | xargs -0 -P 2 -I {} sh -c 'dicomtx convert "$1" "$2/$(basename "$1")"' - {} "$to/native"

# A tree to JPEG 2000 with the same folders; what is there already is left alone (exit code 7).
(cd "$from" && find . -name '*.dcm') | while read -r file; do
  mkdir -p "$to/tree/$(dirname "$file")"
  dicomtx convert "$from/$file" "$to/tree/$file" --to jpeg2000-lossless < /dev/null
done

# Through a pipe: no file in between, and the same bytes as with files.
dicomtx convert - - --to rle < "$one" | dicomtx convert - - --to explicit > "$to/piped.dcm"

# In place, safely: the file is replaced in one step, only after what was written has been verified.
cp "$to"/native/*.dcm "$to/ls"
find "$to/ls" -name '*.dcm' -exec dicomtx convert {} {} --in-place --to jpeg-ls-lossless \;

# A report, one JSON object a line, to be read by jq, a spreadsheet or a data base.
find "$from" -name '*.dcm' -exec dicomtx convert {} "$to/report.dcm" --overwrite --to htj2k-lossless --json \; > "$to/report.jsonl"

# Only what did not go well, by its exit code: 3 damaged, 4 cannot be in that syntax, 5 and 6 codec trouble.
for file in "$from"/*.dcm; do
  code=0
  dicomtx convert "$file" "$to/try.dcm" --overwrite --quiet --to jpeg-xl-lossless 2> "$to/try.err" || code=$?
  if [ "$code" != 0 ]; then echo "$code $(cat "$to/try.err")"; fi
done > "$to/not-converted.txt"
