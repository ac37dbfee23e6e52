#!/bin/bash
# A cron job: compresses the files that arrived since the last run, and sends a mail.
#
# cron has a short PATH and no virtual environment. In /etc/cron.d/dicomtx, for the user dicomtx:
#
#   PATH=/srv/venv/bin:/usr/local/bin:/usr/bin:/bin
#   RECIPIENT=pacs@example.org
#   5 1 * * *  dicomtx /srv/scripts/nightly.sh /srv/incoming /srv/archive /srv/reports
#
# If a run is cut short (reboot, full disk), the next one continues it: the journal in the archive
# lists the finished files. If the last run is still active, the script does nothing.
#
# Variables:
#   TARGET     transfer syntax (jpeg-ls-lossless)
#   RECIPIENT  who gets the mail
#   MAILER     command that reads the mail from standard input; the subject and the recipient are
#              its last arguments (mail -s)
#   JOBS       number of parallel jobs
set -u

incoming=${1:?folder to read}
archive=${2:?folder to write}
reports=${3:?folder for reports}
target=${TARGET:-jpeg-ls-lossless}
mail=${MAILER:-mail -s}
recipient=${RECIPIENT-}

mkdir -p "$archive" "$reports" || exit 7
exec 9> "$archive/.nightly.lock"
if ! flock --nonblock 9; then
  echo "dicomtx: the last run is still active"
  exit 0
fi

day=$(date +%F)
report=$reports/$day.html
rows=$reports/$day.jsonl
output=$(mktemp) || exit 7
trap 'rm -f "$output"' EXIT

nice dicomtx batch "$incoming" "$archive" --to "$target" --preserve --retry-failed \
  ${JOBS:+-j "$JOBS"} --report "$report" --report "$rows" > "$output" 2>&1 9>&-
code=$?

case $code in
  0) subject="dicomtx: all well on $day" ;;
  1) subject="dicomtx: some files failed on $day" ;;
  *) subject="dicomtx: ended with exit code $code on $day" ;;
esac
{
  grep '^batch: ' "$output" || echo "batch: no summary"
  echo "report: $report"
  echo
  grep -v '^batch: ' "$output" | head -n 100
} | $mail "$subject" ${recipient:+"$recipient"} || echo "dicomtx: the mail could not be sent" >&2
exit $code
