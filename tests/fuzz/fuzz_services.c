// fuzz_services: a message of a stranger to a port with keys of all patterns. The first byte says
// whose mac1 is put right (and, of message 1, whose tag), so that what is behind it is reached; the
// rest is the message. Whatever it is: without the psk and the DH nothing is answered.

#include "tests/fuzz/fuzz.h"
#include "tests/harness/services.h"

#include <stdlib.h>

enum { LONGEST = 1400, OUTPUTS = 3 };

// Choices of the first byte: a pattern, and these.
enum { MAC1 = 4, TAG = 8, LATER = 16 };

static struct services s;

static void improve(unsigned choice, uint8_t *message, size_t len)
{
	const struct sl_tunnel_remote *r = &s.service[choice % SERVICES];

	if (len < SL_MAC + sizeof(struct sl_message_macs))
		return;
	if (choice & TAG)
		services_put_tag(r, message, len);
	if (choice & MAC1)
		services_put_mac1(choice & LATER ? &r->to : &r->first, message, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t message[LONGEST];

	if (!s.shake)
		must(services_open(&s));
	if (size == 0 || size - 1 > LONGEST)
		return 0;
	memcpy(message, data + 1, size - 1);
	improve(data[0], message, size - 1);
	services_feed(&s, 7, message, size - 1);
	sl_harness_advance(s.shake, 1); // in one breath, few are looked at
	sl_harness_breathe(s.shake);
	for (unsigned i = 0; i < OUTPUTS; i++)
		must(sl_harness_waiting_out(s.shake, i) == 0);
	must(sl_harness_waiting_in(s.shake, 0) == 0);
	return 0;
}
