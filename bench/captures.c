#include "bench/captures.h"

#include "core/proto/walk.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 1514 };

// Ethernet, IPv4, UDP, with the checksums of a payload of zeros.
static void write_headers(uint8_t *frame, uint16_t length)
{
	static const uint8_t head[] = {
		2,    0,    0, 0,  0, 2, 2, 0, 0,  0,  0, 1, 8,   0, // Ethernet
		0x45, 0,    0, 0,  0, 0, 0, 0, 64, 17, 0, 0, 198, 18, 0, 1, 198, 19, 0, 1, // IPv4
		0x30, 0x39, 0, 53, 0, 0, 1, 0, // UDP to 53, with a checksum
	};
	struct sl_walk w;

	memcpy(frame, head, sizeof(head));
	frame[16] = (uint8_t)((length - 14) >> 8);
	frame[17] = (uint8_t)(length - 14);
	frame[38] = (uint8_t)((length - 34) >> 8);
	frame[39] = (uint8_t)(length - 34);
	sl_walk(&w, frame, length, false);
	sl_walk_fix(&w, frame);
}

char *bench_capture_path(const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/sluice-bench-%d-%s", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm",
		     (int)getpid(), name) < 0)
		exit(1);
	return path;
}

char *bench_capture_make(const uint16_t *lengths, unsigned packets)
{
	static unsigned count;
	uint8_t frame[LONGEST] = {0};
	char name[32], *path;
	pcap_dumper_t *out;
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);

	snprintf(name, sizeof(name), "%u.pcap", count++);
	path = bench_capture_path(name);
	out = pcap_dump_open(pcap, path);
	if (!out) {
		fprintf(stderr, "bench: %s\n", pcap_geterr(pcap));
		exit(1);
	}
	for (unsigned i = 0, k = 0; i < packets; i++, k = lengths[k + 1] ? k + 1 : 0) {
		struct pcap_pkthdr h = {
			.ts = {.tv_sec = 1700000000 + i / 1000000, .tv_usec = i % 1000000},
			.caplen = lengths[k],
			.len = lengths[k],
		};

		write_headers(frame, lengths[k]);
		pcap_dump((u_char *)out, &h, frame);
	}
	pcap_dump_close(out);
	pcap_close(pcap);
	return path;
}
