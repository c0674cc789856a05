#!/bin/sh
# Every shell script passes shellcheck.
set -eu
cd "$1"
command -v shellcheck >/dev/null || { echo 'skipped: shellcheck is not installed'; exit 77; }
grep -rlIE '^#!.*\b(ba)?sh\b' dev .ci bench cli docs examples tests | xargs shellcheck -x
