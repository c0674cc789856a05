// noise-vectors FILE...: run public test vectors of Noise protocols.
//
// A file is JSON or lines of key=value; its first character tells which. Exit status: 0 all passed
// or skipped, 1 one failed or a file cannot be read.

#include "tests/core/noise/vector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	size_t size = 1 << 16;
	char *text = malloc(size);

	*len = 0;
	while (f && text && !feof(f) && !ferror(f)) {
		*len += fread(text + *len, 1, size - *len, f);
		if (*len == size)
			text = realloc(text, size *= 2);
	}
	if (!f || !text || ferror(f)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static int run_file(struct vector_count *count, const char *path)
{
	size_t len, blank = 0;
	char *text = read_file(path, &len);
	int ret = -EINVAL;

	if (!text)
		return ret;
	while (blank < len && strchr(" \t\r\n", text[blank]) && text[blank])
		blank++;
	if (len - blank >= 10 && !memcmp(text + blank, "handshake=", 10))
		ret = vector_run_lines(count, path, text, len);
	else
		ret = vector_run_json(count, path, text, len);
	free(text);
	return ret;
}

int main(int argc, char **argv)
{
	struct vector_count count = {0};
	int failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: noise-vectors FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		failed |= run_file(&count, argv[i]) < 0;
	printf("%u passed, %u failed, %u skipped\n", count.n[VECTOR_PASSED], count.n[VECTOR_FAILED],
	       count.n[VECTOR_SKIPPED]);
	return failed || count.n[VECTOR_FAILED] ? 1 : 0;
}
