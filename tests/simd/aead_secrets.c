// aead-secrets: shows, under valgrind, that no branch and no address of the AEAD kernels depends on
// a key or a text. Their bytes are marked as undefined, and memcheck tells where undefined
// bytes decide. With the word `leak` something of its own does, which must be told.
//
// Exit status: 0, or 2 where it does not run under valgrind; valgrind's own says the rest.
#include "simd/aead.h"
#include "tests/simd/aead_packets.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

static const unsigned bursts[] = {1, 2, 3, 8, 32, 64};

static void hide(unsigned i)
{
	VALGRIND_MAKE_MEM_UNDEFINED(packets[i].key, sizeof(packets[i].key));
	VALGRIND_MAKE_MEM_UNDEFINED(packets[i].plain, sizeof(packets[i].plain));
}

static void show(unsigned i)
{
	VALGRIND_MAKE_MEM_DEFINED(packets[i].key, sizeof(packets[i].key));
	VALGRIND_MAKE_MEM_DEFINED(packets[i].plain, sizeof(packets[i].plain));
	VALGRIND_MAKE_MEM_DEFINED(packets[i].sealed, sizeof(packets[i].sealed));
	VALGRIND_MAKE_MEM_DEFINED(packets[i].tag, sizeof(packets[i].tag));
}

// Seal a burst and open it again, its last packet forged. What is on the wire is no secret.
static void seal_and_open(const struct sl_simd_kernels *k, unsigned n, uint32_t longest)
{
	for (unsigned i = 0; i < n; i++) {
		set_item(i, random_below(longest + 1), random_below(40), i % 16);
		hide(i);
	}
	sl_aead_seal_with(k, items, n);
	for (unsigned i = 0; i < n; i++) {
		show(i);
		turn_to_open(i);
		VALGRIND_MAKE_MEM_UNDEFINED(packets[i].key, sizeof(packets[i].key));
	}
	items[n - 1].tag[0] ^= 1;
	sl_aead_open_with(k, items, n);
	for (unsigned i = 0; i < n; i++)
		show(i);
}

static void check(const struct sl_simd_kernels *k)
{
	static const uint32_t longest[] = {0, 64, 300, 1500};

	for (unsigned i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		for (unsigned j = 0; j < sizeof(longest) / sizeof(longest[0]); j++)
			seal_and_open(k, bursts[i], longest[j]);
	printf("%s\n", k->name);
}

static void leak(void)
{
	hide(0);
	if (packets[0].key[0] & 1)
		printf("odd\n");
}

int main(int argc, char **argv)
{
	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "aead-secrets: this shows nothing but under valgrind\n");
		return 2;
	}
	if (argc > 1 && strcmp(argv[1], "leak") == 0)
		leak();
	else
		for_each_level(check);
	return 0;
}
