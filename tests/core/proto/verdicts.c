// verdicts: what the walk says about each frame of an Ethernet capture, one line per frame:
// number, captured length, names of flags, kind=verdict of each layer.

#include "core/proto/walk.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[] = {"ip", "udp", "tcp", "icmp", "icmpv6", "gre"};
static const char *const verdicts[] = {
	[SL_WALK_GOOD] = "good",
	[SL_WALK_BAD] = "bad",
	[SL_WALK_NONE] = "none",
	[SL_WALK_PARTIAL] = "partial",
};
static const char *const flags[] = {"unknown", "fragment", "too-deep", "truncated", "malformed"};

static void print(unsigned number, const struct pcap_pkthdr *h, const struct sl_walk *w)
{
	printf("%u %u", number, h->caplen);
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (w->flags >> i & 1)
			printf(" %s", flags[i]);
	}
	for (unsigned i = 0; i < w->n; i++)
		printf(" %s=%s", kinds[w->layers[i].kind], verdicts[w->layers[i].verdict]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;
	struct pcap_pkthdr *h;
	const uint8_t *frame;

	if (!pcap || pcap_datalink(pcap) != DLT_EN10MB)
		return EXIT_FAILURE;
	for (unsigned number = 1; pcap_next_ex(pcap, &h, &frame) == 1; number++) {
		struct sl_walk w;

		if (h->caplen > UINT16_MAX)
			continue;
		sl_walk(&w, frame, (uint16_t)h->caplen, false);
		sl_walk_verify(&w, frame);
		print(number, h, &w);
	}
	pcap_close(pcap);
	return EXIT_SUCCESS;
}
