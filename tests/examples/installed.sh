# installed.sh: the built library as a program outside of this tree finds it. For sourcing.
# Expects BUILD (the build folder), CC and SANITIZE (as meson's b_sanitize).
# shellcheck shell=bash

# Install into a folder of its own and let pkg-config, the loader and PATH find it there: FOLDER.
install_to() {
	meson install -C "$BUILD" --no-rebuild --quiet --destdir "$1"
	PKG_CONFIG_PATH=$(dirname "$(find "$1" -name sluice.pc)")
	LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
	PATH=$(dirname "$(find "$1" -type f -path '*/bin/sluice')"):$PATH
	export PKG_CONFIG_PATH LD_LIBRARY_PATH PATH
}

# The compiler of this build, which examples call as cc.
cc() {
	local -a flags=(-Wall -Wextra -Werror)

	[ "$SANITIZE" = none ] || flags+=("-fsanitize=$SANITIZE")
	# shellcheck disable=SC2086 # it may be two words, such as ccache gcc
	command $CC "${flags[@]}" "$@"
}

# Fail unless a file holds a text: FILE TEXT.
expect() {
	grep -qF -- "$2" "$1" && return
	printf 'expected: %s\nin %s:\n' "$2" "$1"
	cat "$1"
	return 1
}

# The n-th group of commands in the head comment of a source, as it tells its reader: FILE N.
told() {
	sed -n '/^\/\//!q; s|^//   ||p; t; s|^//.*|#|p' "$1" |
		awk -v n="$2" '/^#/ { if (seen) group++; seen = 0; next }
			{ seen = 1; if (group + 1 == n) print }'
}
