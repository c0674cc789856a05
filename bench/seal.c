// seal: how fast captures are sealed and unsealed, in bytes: the format alone, in memory; and
// pcap-writer beside the plain one, to /dev/null. SHA-256, which names segments, has a thread of
// its own.

#include "bench/harness.h"
#include "bench/pipeline.h"
#include "core/noise/sealer.h"
#include "core/noise/unsealer.h"
#include "drivers/savefile.h"

#include <rte_cycles.h>
#include <sluice/capability.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FLUSHES = 4, // a turn: short, so that many turns have the core to themselves
	FLUSH = SL_SAVEFILE_BUFFER,
	WRITE_BREATHS = 32,
};

static uint8_t text[FLUSH], sealed[FLUSH + FLUSH / SL_SEALED_TEXT * SL_SEALED_EXTRA];
static uint8_t opened[SL_UNSEALER_BURST * SL_SEALED_TEXT];
static struct sl_sealer sealer;
static struct sl_unsealer unsealer;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "seal: %s\n", what);
	exit(1);
}

static uint64_t copy(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < FLUSHES; i++) {
		memcpy(sealed, text, FLUSH);
		__asm__ volatile("" ::: "memory"); // or only the last one is made
	}
	return (uint64_t)FLUSHES * FLUSH;
}

static uint64_t seal(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < FLUSHES; i++)
		check(sl_sealer_seal(&sealer, text, FLUSH, 0, sealed) > 0, "not sealed");
	return (uint64_t)FLUSHES * FLUSH;
}

// The same flush again and again, with the number that it has.
static uint64_t unseal(void *arg)
{
	const struct sl_unsealer *begin = arg;
	struct sl_unsealed done;

	for (unsigned i = 0; i < FLUSHES; i++) {
		unsealer = *begin;
		check(sl_unsealer_open(&unsealer, sealed, sizeof(sealed), opened, &done) == 0 &&
			      done.len == FLUSH,
		      "not opened");
	}
	return (uint64_t)FLUSHES * FLUSH;
}

static uint64_t hash(void *arg)
{
	uint8_t sum[crypto_hash_sha256_BYTES];

	(void)arg;
	crypto_hash_sha256(sum, text, FLUSH);
	return FLUSH;
}

static void make_capability(struct sl_capability *c, char *path, char *line)
{
	uint8_t key[SL_KEY];

	*c = (struct sl_capability){0};
	check(sl_key_generate(key, NULL) == 0 && sl_key_generate(c->psk, NULL) == 0, "no keys");
	sl_key_public(key, c->key);
	check(sl_capability_set_pattern(c, "N", NULL) == 0, "no pattern");
	check(sl_capability_format(c, line, NULL) == 0, "no capability");
	check(mkdtemp(path) != NULL, "no folder");
	strcat(path, "/cap");
	check(sl_secret_save(path, line, NULL) == 0, "no file");
}

static void print_speed(const char *name, double bytes)
{
	printf("  %-34s %6.2f GB/s\n", name,
	       bytes * (double)rte_get_tsc_hz() / bench_result(name) / 1e9);
}

static void bench_format(const struct sl_capability *c)
{
	struct bench benches[] = {
		{"memcpy", copy, NULL, NULL},
		{"seal", seal, NULL, "memcpy"},
		{"unseal", unseal, NULL, "memcpy"},
		{"SHA-256 (libsodium)", hash, NULL, NULL},
	};
	struct sl_unsealer begin;
	struct sl_sealed_place place = {0};
	uint8_t header[SL_SEALED_HEADER_MAX];

	check(sl_sealer_init(&sealer, &(struct sl_sealer_keys){.to = c}, &place, header, NULL) > 0,
	      "no header");
	begin = (struct sl_unsealer){.cipher = sealer.cipher};
	// The chunks that unseal opens are those of the first flush; seal's turns overwrite them,
	// so this table runs them apart.
	bench_run(&(struct bench_table){"format, flushes of 256 KiB", "byte", benches, 2});
	print_speed("memcpy", 1);
	print_speed("seal", 1);
	sealer.cipher = begin.cipher;
	check(sl_sealer_seal(&sealer, text, FLUSH, 0, sealed) == sizeof(sealed), "not sealed");
	benches[2].arg = &begin;
	bench_run(&(struct bench_table){"", "byte", benches + 2, 2});
	print_speed("unseal", 1);
	print_speed("SHA-256 (libsodium)", 1);
}

static void bench_writer(const char *cap, unsigned length)
{
	struct bench_pipeline plain, ours;
	struct bench benches[] = {
		{"pcap-writer", bench_pipeline_turn, &plain, NULL},
		{"pcap-writer, sealed", bench_pipeline_turn, &ours, "pcap-writer"},
	};
	char line[512], title[64];

	snprintf(line, sizeof(line), "source length=%u -> pcap-writer /dev/null", length);
	bench_pipeline_open(&plain, line, "pcap-writer");
	snprintf(line, sizeof(line), "source length=%u -> pcap-writer /dev/null seal='%s'", length,
		 cap);
	bench_pipeline_open(&ours, line, "pcap-writer");
	plain.breaths = ours.breaths = WRITE_BREATHS;
	snprintf(title, sizeof(title), "written to /dev/null, %u bytes", length);
	bench_run(&(struct bench_table){title, "packet", benches, 2});
	print_speed("pcap-writer", length + 16);
	print_speed("pcap-writer, sealed", length + 16);
	bench_pipeline_close(&plain);
	bench_pipeline_close(&ours);
}

int main(void)
{
	char path[64] = "/tmp/sluice-seal-XXXXXX", line[SL_CAPABILITY_TEXT];
	struct sl_capability c;

	bench_eal();
	bench_start("seal");
	make_capability(&c, path, line);
	bench_format(&c);
	bench_writer(path, 1514);
	bench_writer(path, 60);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return 0;
}
