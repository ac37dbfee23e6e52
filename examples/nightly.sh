#!/bin/bash
# The job of every night: what came in since the last one is compressed, and somebody is told.
#
#   5 1 * * *  dicomtx /srv/scripts/nightly.sh /srv/incoming /srv/archive /srv/reports
#
# A night that was cut short (reboot, full disk) is gone on with in the next: what is done is known
# by the journal in the archive, and not read again. If last night's run is still at it, this one
# leaves it alone. Variables: TARGET, the transfer syntax; MAILER, the command that gets the summary
# on standard input and the subject as its last argument; JOBS, files at once.
set -u

incoming=${1:?the folder to read}
archive=${2:?the folder to write}
reports=${3:?the folder for reports}
target=${TARGET:-jpeg-ls-lossless}
mail=${MAILER:-mail -s}
recipient=${RECIPIENT-}

mkdir -p "$archive" "$reports" || exit 7
exec 9> "$archive/.nightly.lock"
if ! flock --nonblock 9; then
  echo "dicomtx: last night's run has not ended yet"
  exit 0
fi

day=$(date +%F)
report=$reports/$day.html
rows=$reports/$day.jsonl
said=$(mktemp) || exit 7
trap 'rm -f "$said"' EXIT

nice dicomtx batch "$incoming" "$archive" --to "$target" --preserve --retry-failed \
  ${JOBS:+-j "$JOBS"} --report "$report" --report "$rows" > "$said" 2>&1 9>&-
code=$?

case $code in
  0) subject="dicomtx: all well on $day" ;;
  1) subject="dicomtx: some files failed on $day" ;;
  *) subject="dicomtx: ended with exit code $code on $day" ;;
esac
{
  grep '^batch: ' "$said" || echo "batch: no summary"
  echo "report: $report"
  echo
  grep -v '^batch: ' "$said" | head -n 100
} | $mail "$subject" ${recipient:+"$recipient"} || echo "dicomtx: no mail could be sent" >&2
exit $code
