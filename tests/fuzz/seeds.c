// seeds: run every file of a folder through a fuzz target once, without libFuzzer.

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED_MAX = 1 << 20 };

static int run(const char *folder, const char *name)
{
	static uint8_t bytes[SEED_MAX];
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	printf("%s: %zu bytes\n", name, n);
	fflush(stdout); // so that the last line names the seed that crashed
	return LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned n = 0;
	int failed = 0;

	if (!folder) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		failed |= run(argv[1], entry->d_name);
		n++;
	}
	closedir(folder);
	return n > 0 && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
