// capture: replaying and writing capture files, beside DPDK's net_pcap on the same files.
//
// Looped: held in memory, without end. Streamed: a million packets from the file, opening
// included. Written: to /dev/null and to a file in memory.

#include "bench/captures.h"
#include "bench/harness.h"
#include "bench/peer.h"
#include "bench/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LOOPED = 1000, // packets of a looped capture
	STREAMED = 1000 * 1000,
	WRITE_BREATHS = 1024,
};

// "pcap-reader file='PATH' OPTIONS -> sink"
static void open_reader(struct bench_pipeline *b, const char *path, const char *options)
{
	char line[512];

	snprintf(line, sizeof(line), "pcap-reader file='%s' %s -> sink", path, options);
	bench_pipeline_open(b, line, "sink");
}

static void bench_looped(const char *title, const uint16_t *lengths)
{
	char *path = bench_capture_make(lengths, LOOPED), device[512];
	struct bench_pipeline ours;
	struct bench_peer peer;
	struct bench benches[] = {
		{"net_pcap infinite_rx", bench_peer_rx_turn, &peer, NULL},
		{"pcap-reader -> sink", bench_pipeline_turn, &ours, "net_pcap infinite_rx"},
	};

	snprintf(device, sizeof(device), "net_pcap_loop,rx_pcap=%s,infinite_rx=1", path);
	bench_peer_open(&peer, device);
	open_reader(&ours, path, "loop=forever");
	bench_run(&(struct bench_table){title, "packet", benches, 2});
	bench_pipeline_close(&ours);
	bench_peer_close(&peer);
	unlink(path);
	free(path);
}

static uint64_t stream_ours(void *path)
{
	struct bench_pipeline b;
	uint64_t n;

	open_reader(&b, path, "stream=yes");
	n = bench_pipeline_drain(&b);
	bench_pipeline_close(&b);
	return n;
}

static uint64_t stream_peer(void *path)
{
	struct bench_peer peer;
	char device[512];
	uint64_t n;

	snprintf(device, sizeof(device), "net_pcap_file,rx_pcap=%s", (const char *)path);
	bench_peer_open(&peer, device);
	n = bench_peer_rx_all(&peer);
	bench_peer_close(&peer);
	return n;
}

static void bench_streamed(void)
{
	static const uint16_t lengths[] = {64, 0};
	char *path = bench_capture_make(lengths, STREAMED);
	struct bench benches[] = {
		{"net_pcap", stream_peer, path, NULL},
		{"pcap-reader stream -> sink", stream_ours, path, "net_pcap"},
	};

	bench_run(&(struct bench_table){"capture file streamed, 64 bytes", "packet", benches, 2});
	unlink(path);
	free(path);
}

static void bench_written(const char *title, const char *ours_path, const char *peer_path)
{
	struct bench_pipeline ours;
	struct bench_peer peer;
	struct bench benches[] = {
		{"net_pcap", bench_peer_tx_turn, &peer, NULL},
		{"source -> pcap-writer", bench_pipeline_turn, &ours, "net_pcap"},
	};
	char device[512], line[512];

	snprintf(device, sizeof(device), "net_pcap_tx,tx_pcap=%s", peer_path);
	bench_peer_open(&peer, device);
	snprintf(line, sizeof(line), "source -> pcap-writer '%s'", ours_path);
	bench_pipeline_open(&ours, line, "pcap-writer");
	ours.breaths = WRITE_BREATHS;
	bench_run(&(struct bench_table){title, "packet", benches, 2});
	bench_pipeline_close(&ours);
	bench_peer_close(&peer);
}

int main(void)
{
	static const uint16_t small[] = {64, 0}, large[] = {1514, 0};
	static const uint16_t imix[] = {64, 64, 590, 64, 64, 590, 64, 64, 590, 64, 590, 1514, 0};
	char *ours = bench_capture_path("ours.pcap"), *peer = bench_capture_path("peer.pcap");

	bench_eal();
	bench_start("capture");
	bench_looped("capture looped, 64 bytes", small);
	bench_looped("capture looped, IMIX (64, 590, 1514; 7:4:1)", imix);
	bench_looped("capture looped, 1514 bytes", large);
	bench_streamed();
	bench_written("written to /dev/null, 60 bytes", "/dev/null", "/dev/null");
	bench_written("written to a file in memory, 60 bytes", ours, peer);
	unlink(ours);
	unlink(peer);
	free(ours);
	free(peer);
	return 0;
}
