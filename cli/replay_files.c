#include "cli/replay_files.h"

#include "cli/say.h"
#include "cli/unseal_order.h"

#include <stdlib.h>
#include <sys/stat.h>

// A pipe gives its header only once: it is no segment here.
static bool read_header(struct unseal_segment *s, char *path)
{
	struct stat st;

	s->path = path;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       sl_unseal_peek(path, &s->info, NULL) == 0;
}

static void warn(const struct unseal_segment *s)
{
	if (s->info.number > 0 && !s->has_before && !s->is_again)
		say("replay: %s: is segment %llu of its capture; segment %llu, which it follows, "
		    "is "
		    "missing",
		    s->path, (unsigned long long)s->info.number,
		    (unsigned long long)s->info.number - 1);
}

void replay_files_order(char **files, size_t n)
{
	struct unseal_segment *s = calloc(n, sizeof(*s));
	size_t segments = 0;

	if (!s)
		return;
	while (segments < n && read_header(&s[segments], files[segments]))
		segments++;
	if (segments == n && unseal_order(s, n) == 0)
		for (size_t i = 0; i < n; i++) {
			files[i] = (char *)(uintptr_t)s[i].path; // one of files itself
			warn(&s[i]);
		}
	free(s);
}
