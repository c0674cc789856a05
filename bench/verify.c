// verify: what checksum-verify and checksum-fix cost a packet whose checksums are right, on looped
// captures. Their cost is the difference to the pipeline without them.

#include "bench/captures.h"
#include "bench/harness.h"
#include "bench/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOPED = 1000 }; // packets of a capture

static void open_through(struct bench_pipeline *b, const char *path, const char *app)
{
	char line[512];

	snprintf(line, sizeof(line), "pcap-reader file='%s' loop=forever -> %s sink", path, app);
	bench_pipeline_open(b, line, "sink");
}

static void bench_lengths(const char *title, const uint16_t *lengths)
{
	char *path = bench_capture_make(lengths, LOOPED);
	struct bench_pipeline without, verify, fix;
	struct bench benches[] = {
		{"pcap-reader -> sink", bench_pipeline_turn, &without, NULL},
		{"with checksum-verify", bench_pipeline_turn, &verify, "pcap-reader -> sink"},
		{"with checksum-fix", bench_pipeline_turn, &fix, "pcap-reader -> sink"},
	};

	open_through(&without, path, "");
	open_through(&verify, path, "checksum-verify ->");
	open_through(&fix, path, "checksum-fix ->");
	bench_run(&(struct bench_table){title, "packet", benches, 3});
	bench_pipeline_close(&without);
	bench_pipeline_close(&verify);
	bench_pipeline_close(&fix);
	unlink(path);
	free(path);
}

int main(void)
{
	static const uint16_t small[] = {64, 0}, large[] = {1514, 0};
	static const uint16_t imix[] = {64, 64, 590, 64, 64, 590, 64, 64, 590, 64, 590, 1514, 0};

	bench_eal();
	bench_start("verify");
	bench_lengths("checksums verified, 64 bytes", small);
	bench_lengths("checksums verified, IMIX (64, 590, 1514; 7:4:1)", imix);
	bench_lengths("checksums verified, 1514 bytes", large);
	return 0;
}
