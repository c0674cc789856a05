// A tunnel that serves who holds a capability, and its clients, in one engine: each client sends
// packets through the tunnel to where they are sent back.
#include "core/ip/address.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "tests/harness/app_harness.h"
#include "tests/harness/key_file.h"

#include <errno.h>
#include <setjmp.h>
#include <sluice/stats.h>
#include <sluice/tunnel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEN = 100, BREATHS = 20000, CLIENTS = 4 };

static struct sl_engine *engine;
static struct sl_error err;
static char folder[64];

// ---- the inner ends

// Sends a packet a breath from one address to another, and counts what comes back.
struct probe {
	struct sl_app app;
	struct sl_ip from, to;
	uint64_t back;
};

struct probe_config {
	const char *from, *to;
};

static int probe_configure(struct sl_app *app, const void *config, struct sl_error *e)
{
	const struct probe_config *c = config;
	struct probe *self = (struct probe *)app;

	if (sl_ip_parse(c->from, &self->from) && sl_ip_parse(c->to, &self->to))
		return 0;
	return sl_error_set(e, -EINVAL, "no address");
}

static void probe_pull(struct sl_app *app)
{
	struct probe *self = (struct probe *)app;
	struct sl_ipv4_hdr *ip;
	struct rte_mbuf *p;
	uint16_t checksum;

	if (!sl_alloc_burst(app->pool, &p, 1))
		return;
	memset(sl_append(p, LEN), 0, LEN);
	ip = (struct sl_ipv4_hdr *)sl_data(p);
	ip->version_ihl = 0x45;
	ip->ttl = 64;
	store_be16(ip->total_len, LEN);
	memcpy(ip->src, self->from.bytes, 4);
	memcpy(ip->dst, self->to.bytes, 4);
	checksum = (uint16_t)~sl_checksum_sum_short(ip, sizeof(*ip), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
	sl_app_created(app, 1);
	sl_app_give_one(app, 0, p);
}

static void probe_push(struct sl_app *app)
{
	struct probe *self = (struct probe *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	for (unsigned i = 0; i < n; i++)
		if (sl_len(p[i]) == LEN && !memcmp(sl_data(p[i]) + 16, self->from.bytes, 4))
			self->back++;
	sl_app_metric(app, 0, self->back);
	sl_app_consumed(app, n);
	sl_free_burst(p, n);
}

static const struct sl_key probe_keys[] = {
	{.name = "from",
	 .type = SL_STRING,
	 .offset = offsetof(struct probe_config, from),
	 .required = true,
	 .help = "address of the client"},
	{.name = "to",
	 .type = SL_STRING,
	 .offset = offsetof(struct probe_config, to),
	 .required = true,
	 .help = "address that it sends to"},
	{0},
};

static const struct sl_app_class probe_class = {
	.name = "probe",
	.help = "sends IP packets and counts those that come back",
	.inputs = {"in"},
	.outputs = {"out"},
	.metrics = {"back"},
	.keys = probe_keys,
	.config_size = sizeof(struct probe_config),
	.size = sizeof(struct probe),
	.loops = true,
	.configure = probe_configure,
	.pull = probe_pull,
	.push = probe_push,
};

// Sends everything back to where it came from.
static void mirror_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);
	uint8_t src[4];

	for (unsigned i = 0; i < n; i++) {
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)sl_data(p[i]);

		memcpy(src, ip->src, 4);
		memcpy(ip->src, ip->dst, 4);
		memcpy(ip->dst, src, 4);
	}
	sl_app_give(app, 0, p, n);
}

static const struct sl_app_class mirror_class = {
	.name = "mirror",
	.help = "sends IP packets back",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.loops = true,
	.push = mirror_push,
};

// ---- keys

static const char *const files[] = {"nk.key", "kk.key", "xk.key", "own.key", "other.key",
				    "0.psk",  "1.psk",  "2.psk",  "3.psk"};
static char publics[RTE_DIM(files)][SL_KEY_TEXT];

static const char *public_of(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(files); i++)
		if (!strcmp(files[i], name))
			return publics[i];
	fail();
	return NULL;
}

static int setup(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sluice-services-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < RTE_DIM(files); i++)
		assert_true(key_file_make(folder, files[i], publics[i]));
	return sl_engine_create(&engine, &options, &err);
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	sl_engine_destroy(engine);
	for (size_t i = 0; i < RTE_DIM(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	return rmdir(folder);
}

// ---- the graph

// A client: its pattern, key and psk, where it sends to, and what it says of the service.
struct client {
	const char *noise, *key, *psk, *from, *to, *more;
};

static size_t print_client(char *out, size_t size, unsigned i, const struct client *c)
{
	const char *service = !strcmp(c->noise, "NK")   ? "nk.key"
			      : !strcmp(c->noise, "KK") ? "kk.key"
							: "xk.key";
	char key[128] = "";

	if (c->key)
		snprintf(key, sizeof(key), "key: %s, ", c->key);
	return (size_t)snprintf(
		out, size,
		"  p%u: {probe: {from: %s, to: %s}}\n"
		"  c%u: tunnel-data\n"
		"  c%u-handshake: {tunnel-handshake: {noise: %s, %sport: %u, peers: ['%s "
		"psk=%s/%s endpoint=192.0.2.9:9 keepalive=25 %s']}}\n",
		i, c->from, c->to, i, i, c->noise, key, i + 1, public_of(service), folder, c->psk,
		c->more ? c->more : "");
}

static size_t print_links(char *out, size_t size, unsigned i)
{
	return (size_t)snprintf(out, size,
				"  - p%u -> c%u.inner\n"
				"  - c%u.inner4 -> p%u\n"
				"  - c%u.outer4 -> to-s\n"
				"  - c%u-handshake.outer4 -> to-s\n"
				"  - back -> c%u.outer\n"
				"  - c%u.handshake -> c%u-handshake.handshake\n"
				"  - c%u.events -> c%u-handshake.events\n"
				"  - c%u-handshake.commands -> c%u.commands\n",
				i, i, i, i, i, i, i, i, i, i, i, i, i);
}

// The services' clients as lines of YAML, "" = none; NULL ends them.
static struct sl_graph *graph(const struct client *clients, unsigned n, const char *const *lines)
{
	struct sl_graph *g = sl_graph_create();
	char yaml[8000], name[128];
	size_t at = 0, size = sizeof(yaml);

	at += (size_t)snprintf(
		yaml, size,
		"apps:\n"
		"  to-s: join\n"
		"  from-s: join\n"
		"  back: tee\n"
		"  mirror: mirror\n"
		"  s: tunnel-data\n"
		"  s-handshake:\n"
		"    tunnel-handshake:\n"
		"      port: 9\n"
		"      services:\n"
		"        - nk NK key=%s/nk.key pool=10.9.0.1/24\n"
		"        - kk KK key=%s/kk.key pool=10.8.0.1/24 networks=192.0.2.0/24 mtu=1380\n"
		"        - xk XK key=%s/xk.key pool=10.7.0.1/24\n"
		"      peers:\n",
		folder, folder, folder);
	for (; *lines; lines++)
		at += (size_t)snprintf(yaml + at, size - at, "        - %s\n", *lines);
	for (unsigned i = 0; i < n; i++)
		at += print_client(yaml + at, size - at, i, &clients[i]);
	at += (size_t)snprintf(yaml + at, size - at,
			       "links:\n"
			       "  - to-s -> s.outer\n"
			       "  - s.outer4 -> from-s\n"
			       "  - s-handshake.outer4 -> from-s -> back\n"
			       "  - s.inner4 -> mirror -> s.inner\n"
			       "  - s.handshake -> s-handshake.handshake\n"
			       "  - s.events -> s-handshake.events\n"
			       "  - s-handshake.commands -> s.commands\n");
	for (unsigned i = 0; i < n; i++)
		at += print_links(yaml + at, size - at, i);
	assert_true(at < size);
	snprintf(name, sizeof(name), "%s/services.yaml", folder);
	if (sl_graph_parse(g, yaml, name, &err) < 0)
		fail_msg("%u:%u: %s\n%s", err.line, err.column, err.text, yaml);
	return g;
}

// The line of a client of a service.
static const char *line(const char *service, const char *psk, const char *more)
{
	static char lines[2 * CLIENTS][256];
	static unsigned next;
	char *out = lines[next++ % RTE_DIM(lines)];

	snprintf(out, sizeof(lines[0]), "service=%s psk=%s/%s %s", service, folder, psk, more);
	return out;
}

// Words of a client's, and that it has the key own.key.
static const char *with_key(const char *words)
{
	static char out[128];

	snprintf(out, sizeof(out), "%s key=%s", words, public_of("own.key"));
	return out;
}

static int apply(const struct client *clients, unsigned n, const char *const *lines)
{
	struct sl_graph *g = graph(clients, n, lines);
	int ret;

	err = (struct sl_error){0};
	ret = sl_engine_apply(engine, g, &err);

	sl_graph_destroy(g);
	return ret;
}

static void must_apply(const struct client *clients, unsigned n, const char *const *lines)
{
	if (apply(clients, n, lines) < 0)
		fail_msg("%s", err.text);
}

// ---- looking

static uint64_t counter(const char *app, const char *name)
{
	const struct sl_stats *s = sl_stats_read(engine);
	uint64_t value = UINT64_MAX;

	for (size_t i = 0; i < s->n_apps; i++) {
		const struct sl_app_stats *a = &s->apps[i];

		for (size_t m = 0; !strcmp(a->name, app) && m < a->n_metrics; m++)
			if (!strcmp(a->metrics[m].name, name))
				value = a->metrics[m].value;
		for (size_t d = 0; !strcmp(a->name, app) && d < a->n_drops; d++)
			if (!strcmp(a->drops[d].name, name))
				value = a->drops[d].value;
	}
	sl_stats_free(s);
	return value;
}

static void breathe(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		sl_engine_breathe(engine);
		if (i % 16 == 0)
			usleep(50); // ticks come by the clock
	}
}

// Until a counter has grown by so much. Returns whether it has.
static bool grows(const char *app, const char *name, uint64_t by)
{
	uint64_t before = counter(app, name);

	for (unsigned i = 0; i < BREATHS / 16 && counter(app, name) - before < by; i++)
		breathe(16);
	return counter(app, name) - before >= by;
}

static void expect_lease(const char *tunnel, const char *address, uint16_t mtu, size_t networks)
{
	struct sl_tunnel_view *v;

	assert_int_equal(sl_tunnel_read(engine, tunnel, &v, &err), 0);
	assert_int_equal(v->n_peers, 1);
	assert_true(v->peers[0].has_lease);
	assert_string_equal(v->peers[0].lease.ipv4, address);
	assert_int_equal(v->peers[0].lease.mtu, mtu);
	assert_int_equal(v->peers[0].lease.n_networks, networks);
	sl_tunnel_free(v);
}

// ---- tests

static void clients_of_each_pattern_connect_and_are_told_what_they_get(void **state)
{
	const struct client clients[] = {
		{"NK", NULL, "0.psk", "10.9.0.20", "10.9.0.1", NULL},
		{"NK", NULL, "1.psk", "10.9.0.21", "10.9.0.1", NULL},
		{"KK", "own.key", "2.psk", "10.8.0.20", "192.0.2.77", NULL},
		{"XK", "own.key", "3.psk", "10.7.0.20", "10.7.0.1", NULL},
	};
	const char *const lines[] = {
		line("nk", "0.psk", "address=10.9.0.20"),
		line("nk", "1.psk", "address=10.9.0.21"),
		line("kk", "2.psk", with_key("address=10.8.0.20")),
		line("xk", "3.psk", with_key("address=10.7.0.20")),
		NULL,
	};

	(void)state;
	must_apply(clients, CLIENTS, lines);
	for (unsigned i = 0; i < CLIENTS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		assert_true(grows(name, "back", 100));
	}
	expect_lease("c0", "10.9.0.20/24", 0, 0);
	expect_lease("c1", "10.9.0.21/24", 0, 0);
	expect_lease("c2", "10.8.0.20/24", 1380, 1);
	expect_lease("c3", "10.7.0.20/24", 0, 0);
	assert_int_equal(counter("s-handshake", "initiations_taken"), CLIENTS);
	assert_int_equal(counter("s", "sessions"), CLIENTS);
	assert_int_equal(counter("s", "unknown_index"), 0); // no data comes before its session
}

static void who_is_revoked_is_out_at_once_and_nobody_else(void **state)
{
	const struct client clients[] = {
		{"NK", NULL, "0.psk", "10.9.0.20", "10.9.0.1", NULL},
		{"NK", NULL, "1.psk", "10.9.0.21", "10.9.0.1", NULL},
	};
	const char *const a = line("nk", "0.psk", "address=10.9.0.20");
	const char *const b = line("nk", "1.psk", "address=10.9.0.21");

	(void)state;
	must_apply(clients, 2, (const char *const[]){a, b, NULL});
	assert_true(grows("p0", "back", 100));
	assert_true(grows("p1", "back", 100));
	must_apply(clients, 2, (const char *const[]){b, NULL});
	breathe(64); // what is on its way
	assert_int_equal(counter("s", "sessions"), 1);
	assert_true(grows("p1", "back", 1000));
	assert_false(grows("p0", "back", 1));
	assert_int_equal(counter("c1-handshake", "initiations_sent"), 1); // its session goes on
	must_apply(clients, 2, (const char *const[]){b, a, NULL});
	assert_int_equal(counter("s-handshake", "peers"), 2);
}

static void who_lacks_the_psk_or_the_key_gets_no_answer(void **state)
{
	const struct client clients[] = {
		{"NK", NULL, "1.psk", "10.9.0.20", "10.9.0.1", NULL},
		{"XK", "other.key", "3.psk", "10.7.0.20", "10.7.0.1", NULL},
	};
	const char *const lines[] = {
		line("nk", "0.psk", "address=10.9.0.20"),
		line("xk", "3.psk", with_key("address=10.7.0.20")),
		NULL,
	};

	(void)state;
	must_apply(clients, 2, lines);
	breathe(BREATHS / 16);
	assert_int_equal(counter("s-handshake", "unknown_peer"), 1);
	assert_int_equal(counter("s-handshake", "not_authentic"), 1); // its key is another
	assert_int_equal(counter("c0-handshake", "responses_taken"), 0);
	assert_int_equal(counter("s", "sessions"), 0);
	assert_int_equal(counter("p0", "back"), 0);
	assert_int_equal(counter("p1", "back"), 0);
}

static void a_client_reaches_what_it_was_given_and_no_more(void **state)
{
	const struct client clients[] = {
		{"NK", NULL, "0.psk", "10.9.0.20", "198.51.100.1", "allowed=0.0.0.0/0"},
	};

	(void)state;
	must_apply(clients, 1,
		   (const char *const[]){line("nk", "0.psk", "address=10.9.0.20"), NULL});
	assert_true(grows("s", "foreign_destination", 100));
	assert_int_equal(counter("p0", "back"), 0);
	must_apply(clients, 1,
		   (const char *const[]){line("nk", "0.psk",
					      "address=10.9.0.20 "
					      "networks=198.51.100.0/24"),
					 NULL});
	// What it was told has changed: it must connect anew.
	breathe(16);
	assert_int_equal(counter("s", "sessions"), 0);
}

static void a_client_has_no_more_than_its_rate(void **state)
{
	const struct client clients[] = {
		{"NK", NULL, "0.psk", "10.9.0.20", "10.9.0.1", NULL},
	};

	(void)state;
	must_apply(
		clients, 1,
		(const char *const[]){line("nk", "0.psk", "address=10.9.0.20 rate=8kbps"), NULL});
	assert_true(grows("s", "over_rate", 1000));
	// A burst of 16 KiB, and 10 packets a second.
	assert_true(counter("p0", "back") > 100);
	assert_true(counter("p0", "back") < 1000);
}

static void an_address_of_the_pool_is_the_same_after_a_restart(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};
	const struct client nobody = {"NK", NULL, "1.psk", "10.9.0.20", "10.9.0.1", NULL};
	const char *const lines[] = {line("nk", "0.psk", ""), NULL};
	char before[SL_TUNNEL_PREFIX_TEXT];
	struct sl_tunnel_view *v;

	(void)state;
	must_apply(&nobody, 1, lines);
	assert_int_equal(sl_tunnel_read(engine, "s", &v, &err), 0);
	assert_true(v->peers[0].is_client);
	memcpy(before, v->peers[0].lease.ipv4, sizeof(before));
	assert_int_equal(v->peers[0].n_allowed, 1);
	sl_tunnel_free(v);
	sl_engine_destroy(engine);
	assert_int_equal(sl_engine_create(&engine, &options, &err), 0);
	must_apply(&nobody, 1, lines);
	expect_lease("s", before, 0, 0);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *service, *more, *text;
	} cases[] = {
		{"no", "", "there is no service no"},
		{"kk", "", "clients of service kk need key="},
		{"nk", "address=10.9.0.1", "service nk: 10.9.0.1 is taken"},
		{"nk", "address=10.8.0.1", "service nk: 10.8.0.1 is not in the pool"},
	};
	const struct client nobody = {"NK", NULL, "1.psk", "10.9.0.20", "10.9.0.1", NULL};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const char *const lines[] = {line(cases[i].service, "0.psk", cases[i].more), NULL};

		assert_true(apply(&nobody, 1, lines) < 0);
		if (!strstr(err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

// Or two clients would have one inner address, and the first would hear nothing more.
static void pools_of_services_are_apart(void **state)
{
	static const char *const pools[][2] = {
		{"10.9.0.1/24", "10.9.0.2/24"},
		{"10.9.3.1/24", "10.9.0.1/16"},
		{"10.9.0.1/24,fd00::1/64", "10.8.0.1/24,fd00::2/48"}};
	char line[512];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(pools); i++) {
		snprintf(line, sizeof(line),
			 "tunnel-handshake services='a NK key=%s/nk.key pool=%s' "
			 "services='b NK key=%s/kk.key pool=%s'",
			 folder, pools[i][0], folder, pools[i][1]);
		assert_null(sl_harness_create(&(struct sl_harness_options){.line = line}, &err));
		assert_non_null(strstr(err.text, "the pools of services a and b overlap"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			clients_of_each_pattern_connect_and_are_told_what_they_get, setup,
			teardown),
		cmocka_unit_test_setup_teardown(who_is_revoked_is_out_at_once_and_nobody_else,
						setup, teardown),
		cmocka_unit_test_setup_teardown(who_lacks_the_psk_or_the_key_gets_no_answer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_client_reaches_what_it_was_given_and_no_more,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_has_no_more_than_its_rate, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_address_of_the_pool_is_the_same_after_a_restart,
						setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(pools_of_services_are_apart, setup, teardown),
	};

	if (sl_class_register(&probe_class) || sl_class_register(&mirror_class))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
