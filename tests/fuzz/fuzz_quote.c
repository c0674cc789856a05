// fuzz_quote: any bytes as an IP packet of ICMP: refused, or an error whose quoted datagram lies
// within the packet.

#include "core/tunnel/quote.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *packet = malloc(len ? len : 1); // so that a read behind the end is seen
	struct sl_quote q;

	if (!packet)
		return 0;
	memcpy(packet, bytes, len);
	if (sl_quote_parse(packet, len, &q) &&
	    (q.payload < packet || q.payload + q.len > packet + len ||
	     q.from.ip.family != packet[0] >> 4 || q.to.ip.family != q.from.ip.family))
		abort();
	free(packet);
	return 0;
}
