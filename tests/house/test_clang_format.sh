#!/bin/sh
# Every source has the form that .clang-format gives it.
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo 'skipped: clang-format is not installed'; exit 77; }
find apps bench cli core drivers examples include simd tests -name '*.[ch]' -print0 |
	xargs -0 clang-format --dry-run -Werror
