#!/usr/bin/env bash
# Converts one image to every lossless transfer syntax, to test a viewer or a server with:
#   make-fixtures.sh IMAGE FOLDER
# Writes FOLDER/SYNTAX.dcm for each syntax, and names the syntaxes that cannot hold the image.
# Any other failure stops the script.
set -euo pipefail
image=$1 folder=$2
mkdir -p "$folder"

for syntax in \
  implicit-vr-little-endian explicit-vr-little-endian explicit-vr-big-endian \
  deflated-explicit-vr-little-endian encapsulated-uncompressed deflated-image-frame \
  rle-lossless jpeg-lossless jpeg-lossless-sv1 jpeg-ls-lossless jpeg2000-lossless \
  htj2k-lossless htj2k-lossless-rpcl jpeg-xl-lossless; do
  code=0
  dicomtx convert "$image" "$folder/$syntax.dcm" --overwrite --quiet --to "$syntax" || code=$?
  case $code in
    0) echo "$syntax $(wc -c < "$folder/$syntax.dcm")" ;;
    4) echo "$syntax cannot hold this image" ;; # the reason is on standard error
    *) exit "$code" ;;
  esac
done
