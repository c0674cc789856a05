// Two tunnels in one engine, each the other's peer: what goes into one comes out of the other.
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "tests/harness/key_file.h"

#include <errno.h>
#include <setjmp.h>
#include <sluice/engine.h>
#include <sluice/stats.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKETS = 1000, LEN = 100, BREATHS = 20000 };

static struct sl_engine *engine;
static struct sl_error err;
static char folder[64];

// Brings in packets from 10.1.0.1 to 10.2.0.1 that bear their number.
struct feed {
	struct sl_app app;
	uint32_t n;
};

static void build(uint8_t bytes[LEN], uint32_t n)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)bytes;
	uint16_t checksum;

	memset(bytes, 0, LEN);
	ip->version_ihl = 0x45;
	ip->ttl = 64;
	store_be16(ip->total_len, LEN);
	memcpy(ip->src, (uint8_t[]){10, 1, 0, 1}, 4);
	memcpy(ip->dst, (uint8_t[]){10, 2, 0, 1}, 4);
	checksum = (uint16_t)~sl_checksum_sum_short(ip, sizeof(*ip), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
	store_be32(bytes + sizeof(*ip), n);
}

static void feed_pull(struct sl_app *app)
{
	struct feed *self = (struct feed *)app;
	uint8_t bytes[LEN];
	struct rte_mbuf *p;

	if (self->n == PACKETS) {
		sl_app_finish(app);
		return;
	}
	if (!sl_alloc_burst(app->pool, &p, 1))
		return;
	build(bytes, self->n++);
	memcpy(sl_append(p, LEN), bytes, LEN);
	sl_app_created(app, 1);
	sl_app_give_one(app, 0, p);
}

static const struct sl_app_class feed_class = {
	.name = "feed",
	.help = "brings in numbered IP packets",
	.outputs = {"out"},
	.size = sizeof(struct feed),
	.pull = feed_pull,
};

// Takes them, and counts those that come in order.
struct collect {
	struct sl_app app;
	uint32_t n;
};

static void collect_push(struct sl_app *app)
{
	struct collect *self = (struct collect *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	for (unsigned i = 0; i < n; i++)
		if (sl_len(p[i]) == LEN && load_be32(sl_data(p[i]) + 20) == self->n)
			self->n++;
	sl_app_metric(app, 0, self->n);
	sl_app_consumed(app, n);
	sl_free_burst(p, n);
}

static const struct sl_app_class collect_class = {
	.name = "collect",
	.help = "takes numbered IP packets",
	.inputs = {"in"},
	.metrics = {"in_order"},
	.size = sizeof(struct collect),
	.push = collect_push,
};

static char left[SL_KEY_TEXT], right[SL_KEY_TEXT];

static void make_keys(void)
{
	char psk[SL_KEY_TEXT];

	assert_true(key_file_make(folder, "left.key", left));
	assert_true(key_file_make(folder, "right.key", right));
	assert_true(key_file_make(folder, "psk.key", psk));
}

// noise: the pattern; more: further peers of the left one, behind a comma.
static struct sl_graph *graph(const char *noise, const char *between, const char *more)
{
	static const char format[] =
		"apps:\n"
		"  feed: feed\n"
		"  collect: collect\n"
		"  left: tunnel-data\n"
		"  right: tunnel-data\n"
		"  left-h: {tunnel-handshake: {noise: %s, key: left.key, port: 1, peers: ['%s "
		"psk=%s/psk.key endpoint=192.0.2.2:2 allowed=10.2.0.0/16'%s]}}\n"
		"  right-h: {tunnel-handshake: {noise: %s, key: right.key, port: 2, peers: ['%s "
		"psk=%s/psk.key endpoint=192.0.2.1:1 allowed=10.1.0.0/16']}}\n"
		"  to-left: join\n"
		"  to-right: join\n"
		"  way: %s\n"
		"links:\n"
		"  - feed -> left.inner\n"
		"  - left.outer4 -> to-right\n"
		"  - left-h.outer4 -> to-right -> way -> right.outer\n"
		"  - right.outer4 -> to-left\n"
		"  - right-h.outer4 -> to-left -> left.outer\n"
		"  - left.handshake -> left-h.handshake\n"
		"  - left.events -> left-h.events\n"
		"  - left-h.commands -> left.commands\n"
		"  - right.handshake -> right-h.handshake\n"
		"  - right.events -> right-h.events\n"
		"  - right-h.commands -> right.commands\n"
		"  - right.inner4 -> collect\n";
	char yaml[3000], name[128];
	struct sl_graph *g = sl_graph_create();

	snprintf(yaml, sizeof(yaml), format, noise, right, folder, more, noise, left, folder,
		 between);
	snprintf(name, sizeof(name), "%s/tunnel.yaml", folder);
	if (sl_graph_parse(g, yaml, name, &err) < 0)
		fail_msg("%u:%u: %s", err.line, err.column, err.text);
	return g;
}

static uint64_t metric(const char *app, const char *name)
{
	const struct sl_stats *s = sl_stats_read(engine);
	uint64_t value = UINT64_MAX;

	for (size_t i = 0; i < s->n_apps; i++)
		for (size_t m = 0; !strcmp(s->apps[i].name, app) && m < s->apps[i].n_metrics; m++)
			if (!strcmp(s->apps[i].metrics[m].name, name))
				value = s->apps[i].metrics[m].value;
	sl_stats_free(s);
	return value;
}

static int setup(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sluice-tunnel-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return sl_engine_create(&engine, &options, &err);
}

static int teardown(void **state)
{
	static const char *const files[] = {"left.key", "right.key", "psk.key"};
	char path[128];

	(void)state;
	sl_engine_destroy(engine);
	for (size_t i = 0; i < RTE_DIM(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void apply(struct sl_graph *g)
{
	if (sl_engine_apply(engine, g, &err) < 0)
		fail_msg("%s", err.text);
	sl_graph_destroy(g);
}

static void run_until(uint64_t packets)
{
	for (unsigned i = 0; i < BREATHS && metric("collect", "in_order") < packets; i++) {
		sl_engine_breathe(engine);
		if (i > 100)
			usleep(50); // ticks come by the clock
	}
}

static void the_first_packet_brings_up_a_session_and_none_is_lost(void **state)
{
	(void)state;
	make_keys();
	apply(graph("IK", "counter", ""));
	run_until(PACKETS);
	assert_int_equal(metric("left-h", "initiations_sent"), 1);
	assert_int_equal(metric("right-h", "initiations_taken"), 1);
	assert_int_equal(metric("left-h", "responses_taken"), 1);
	assert_int_equal(metric("left", "sessions"), 1);
	assert_int_equal(metric("right", "sessions"), 1);
	assert_int_equal(metric("collect", "in_order"), PACKETS);
}

// Without a service there is no lease, and each side may begin.
static void peers_may_agree_by_kk(void **state)
{
	(void)state;
	make_keys();
	apply(graph("KK", "counter", ""));
	run_until(PACKETS);
	assert_int_equal(metric("right-h", "initiations_taken"), 1);
	assert_int_equal(metric("right", "sessions"), 1);
	assert_int_equal(metric("collect", "in_order"), PACKETS);
}

static void one_peer_more_leaves_the_session_of_another(void **state)
{
	static const char more[] =
		", 'B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw= allowed=10.3.0.0/16'";

	(void)state;
	make_keys();
	apply(graph("IK", "counter", ""));
	run_until(PACKETS / 2);
	apply(graph("IK", "counter", more));
	assert_int_equal(metric("left-h", "peers"), 2);
	run_until(PACKETS);
	assert_int_equal(metric("left", "peers"), 2);
	assert_int_equal(metric("left", "sessions"), 1);
	assert_int_equal(metric("right-h", "initiations_taken"), 1);
	assert_int_equal(metric("collect", "in_order"), PACKETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_packet_brings_up_a_session_and_none_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_may_agree_by_kk, setup, teardown),
		cmocka_unit_test_setup_teardown(one_peer_more_leaves_the_session_of_another, setup,
						teardown),
	};

	if (sl_class_register(&feed_class) || sl_class_register(&collect_class))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
