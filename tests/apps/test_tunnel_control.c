// Peers of a running tunnel, read and changed from outside and by other settings.
#include <errno.h>
#include <setjmp.h>
#include <sluice/tunnel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_PEERS = 4, MAX_PREFIXES = 8, BREATHS = 200 };

static struct sl_engine *engine;
static struct sl_error err;

// The settings: peers by their numbers, as lines of YAML.
static struct sl_graph *graph(const char *peers)
{
	static const char format[] = "apps:\n"
				     "  t: {tunnel-data: {max-peers: 4, max-prefixes: 8}}\n"
				     "  t-handshake: {tunnel-handshake: {max-peers: 4, "
				     "max-prefixes: 8, peers: [%s]}}\n"
				     "  end: sink\n"
				     "links:\n"
				     "  - t-handshake.commands -> t.commands\n"
				     "  - t.events -> t-handshake.events\n"
				     "  - t.outer4 -> end\n";
	struct sl_graph *g = sl_graph_create();
	char yaml[2000];

	snprintf(yaml, sizeof(yaml), format, peers);
	if (sl_graph_parse(g, yaml, "t.yaml", &err) < 0)
		fail_msg("%s", err.text);
	return g;
}

static int apply(const char *peers)
{
	struct sl_graph *g = graph(peers);
	int ret = sl_engine_apply(engine, g, &err);

	sl_graph_destroy(g);
	return ret;
}

static int setup(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};

	(void)state;
	if (sl_engine_create(&engine, &options, &err) < 0)
		return -1;
	return apply("");
}

static int teardown(void **state)
{
	(void)state;
	sl_engine_destroy(engine);
	return 0;
}

// A public key that is the number's.
static void key_of(uint8_t number, uint8_t key[SL_KEY])
{
	uint8_t private_key[SL_KEY] = {[0] = 8, [1] = number, [31] = 64};

	sl_key_public(private_key, key);
}

static struct sl_tunnel_change change_of(uint8_t number)
{
	struct sl_tunnel_change c = {0};

	key_of(number, c.public_key);
	return c;
}

static int change(const struct sl_tunnel_change *c)
{
	return sl_tunnel_change(engine, "t", c, &err);
}

// Peer `number` gets prefixes, a list that NULL ends.
static int allow(uint8_t number, bool replace, const char *const *prefixes)
{
	struct sl_tunnel_change c = change_of(number);

	c.allowed = prefixes;
	c.replace_allowed = replace;
	while (prefixes[c.n_allowed])
		c.n_allowed++;
	return change(&c);
}

static struct sl_tunnel_view *look(void)
{
	struct sl_tunnel_view *view;

	for (unsigned i = 0; i < BREATHS; i++)
		sl_engine_breathe(engine);
	assert_int_equal(sl_tunnel_read(engine, "t", &view, &err), 0);
	return view;
}

static const struct sl_tunnel_peer_view *find(const struct sl_tunnel_view *view, uint8_t number)
{
	uint8_t key[SL_KEY];

	key_of(number, key);
	for (size_t i = 0; i < view->n_peers; i++)
		if (!memcmp(view->peers[i].public_key, key, SL_KEY))
			return &view->peers[i];
	return NULL;
}

static bool has(const struct sl_tunnel_peer_view *peer, const char *prefix)
{
	for (size_t i = 0; i < peer->n_allowed; i++)
		if (!strcmp(peer->allowed[i], prefix))
			return true;
	return false;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_peer_that_is_added_is_there_with_all_that_was_said(void **state)
{
	struct sl_tunnel_change c = change_of(1);
	const struct sl_tunnel_peer_view *peer;
	struct sl_tunnel_view *view;

	(void)state;
	c.has_psk = c.has_keepalive = true;
	memset(c.psk, 7, sizeof(c.psk));
	c.keepalive_s = 25;
	c.endpoint = "[2001:db8::1]:51820";
	c.allowed = LIST("10.1.2.3/16", "fd00::/8");
	c.n_allowed = 2;
	assert_int_equal(change(&c), 0);
	view = look();
	assert_int_equal(view->n_peers, 1);
	assert_false(view->has_key);
	peer = find(view, 1);
	assert_memory_equal(peer->psk, c.psk, SL_KEY);
	assert_string_equal(peer->endpoint, c.endpoint);
	assert_int_equal(peer->keepalive_s, 25);
	assert_int_equal(peer->handshake_ns, 0);
	assert_int_equal(peer->n_allowed, 2);
	assert_true(has(peer, "10.1.0.0/16"));
	assert_true(has(peer, "fd00::/8"));
	sl_tunnel_free(view);
}

static void what_is_not_said_stays(void **state)
{
	struct sl_tunnel_change c = change_of(1), nothing = change_of(1);
	const struct sl_tunnel_peer_view *peer;
	struct sl_tunnel_view *view;

	(void)state;
	c.has_psk = c.has_keepalive = true;
	memset(c.psk, 7, sizeof(c.psk));
	c.keepalive_s = 25;
	c.endpoint = "192.0.2.1:1";
	assert_int_equal(change(&c), 0);
	assert_int_equal(allow(1, false, LIST("10.1.0.0/16")), 0);
	assert_int_equal(change(&nothing), 0);
	view = look();
	peer = find(view, 1);
	assert_memory_equal(peer->psk, c.psk, SL_KEY);
	assert_string_equal(peer->endpoint, "192.0.2.1:1");
	assert_int_equal(peer->keepalive_s, 25);
	assert_true(has(peer, "10.1.0.0/16"));
	sl_tunnel_free(view);
}

static void a_prefix_belongs_to_whom_it_was_given_last(void **state)
{
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(1, false, LIST("10.1.0.0/16", "10.2.0.0/16")), 0);
	assert_int_equal(allow(2, false, LIST("10.2.0.0/16")), 0);
	view = look();
	assert_int_equal(find(view, 1)->n_allowed, 1);
	assert_true(has(find(view, 1), "10.1.0.0/16"));
	assert_true(has(find(view, 2), "10.2.0.0/16"));
	sl_tunnel_free(view);
}

static void prefixes_are_replaced_and_taken_away(void **state)
{
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(1, false, LIST("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16")), 0);
	assert_int_equal(allow(1, true, LIST("10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16")), 0);
	assert_int_equal(allow(1, false, LIST("-10.4.0.0/16", "-10.9.0.0/16")), 0);
	view = look();
	assert_int_equal(find(view, 1)->n_allowed, 2);
	assert_true(has(find(view, 1), "10.3.0.0/16"));
	assert_true(has(find(view, 1), "10.5.0.0/16"));
	sl_tunnel_free(view);
}

static void as_many_prefixes_as_there_is_room_for_are_replaced_by_as_many(void **state)
{
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(1, false,
			       LIST("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16",
				    "10.4.0.0/16", "10.5.0.0/16", "10.6.0.0/16", "10.7.0.0/16")),
			 0);
	assert_int_equal(allow(1, true,
			       LIST("11.0.0.0/16", "11.1.0.0/16", "11.2.0.0/16", "11.3.0.0/16",
				    "11.4.0.0/16", "11.5.0.0/16", "11.6.0.0/16", "11.7.0.0/16")),
			 0);
	assert_int_equal(allow(1, false, LIST("12.0.0.0/16")), -ENOSPC);
	view = look();
	assert_int_equal(find(view, 1)->n_allowed, MAX_PREFIXES);
	assert_true(has(find(view, 1), "11.7.0.0/16"));
	sl_tunnel_free(view);
}

static void a_removed_peer_is_gone_with_its_prefixes(void **state)
{
	struct sl_tunnel_change c = change_of(1);
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(1, false, LIST("10.1.0.0/16")), 0);
	c.remove = true;
	assert_int_equal(change(&c), 0);
	assert_int_equal(change(&c), 0); // and again
	assert_int_equal(allow(2, false, LIST("10.2.0.0/16")), 0);
	view = look();
	assert_int_equal(view->n_peers, 1);
	assert_null(find(view, 1));
	assert_int_equal(find(view, 2)->n_allowed, 1);
	sl_tunnel_free(view);
}

static void an_update_makes_no_peer(void **state)
{
	struct sl_tunnel_change c = change_of(1);
	struct sl_tunnel_view *view;

	(void)state;
	c.update_only = true;
	assert_int_equal(change(&c), 0);
	view = look();
	assert_int_equal(view->n_peers, 0);
	sl_tunnel_free(view);
}

static void texts_that_cannot_be_read_change_nothing(void **state)
{
	struct sl_tunnel_change c = change_of(1);
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(1, false, LIST("10.1.0.0/16", "10.2.0.0/33")), -EINVAL);
	c.endpoint = "example.org:51820";
	assert_int_equal(change(&c), -EINVAL);
	view = look();
	assert_int_equal(view->n_peers, 0);
	sl_tunnel_free(view);
}

static void too_many_peers_are_refused(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= MAX_PEERS; i++) {
		struct sl_tunnel_change c = change_of(i);

		assert_int_equal(change(&c), 0);
	}
	assert_int_equal(allow(9, false, LIST("10.1.0.0/16")), -ENOSPC);
}

static void nobody_is_a_peer_of_himself(void **state)
{
	const uint8_t private_key[SL_KEY] = {[0] = 8, [1] = 1, [31] = 64}; // of key_of(1)
	struct sl_tunnel_change own = change_of(1), other = change_of(2);
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(change(&own), 0);
	assert_int_equal(change(&other), 0);
	assert_int_equal(sl_tunnel_set_key(engine, "t", private_key, &err), 0);
	assert_int_equal(change(&own), 0);
	view = look();
	assert_true(view->has_key);
	assert_memory_equal(view->private_key, private_key, SL_KEY);
	assert_int_equal(view->n_peers, 1);
	assert_non_null(find(view, 2));
	sl_tunnel_free(view);
	assert_int_equal(sl_tunnel_set_key(engine, "t", NULL, &err), 0);
	view = look();
	assert_false(view->has_key);
	sl_tunnel_free(view);
}

static void only_tunnels_are_asked(void **state)
{
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(sl_tunnel_read(engine, "x", &view, &err), -ENOENT);
	assert_string_equal(err.text, "there is no app 'x-handshake'");
	assert_int_equal(sl_engine_call(engine, "end", "tunnel-data", NULL, &err), -ENOENT);
	assert_string_equal(err.text, "'end' is a sink, not a tunnel-data that can be asked");
}

// A line of the settings.
static const char *line(uint8_t number, const char *more)
{
	static char text[2][200];
	static unsigned next;
	char key_text[SL_KEY_TEXT];
	uint8_t key[SL_KEY];

	key_of(number, key);
	sl_key_format(key, key_text);
	next = !next;
	snprintf(text[next], sizeof(text[next]), "'%s %s'", key_text, more);
	return text[next];
}

static void apply_two(uint8_t a, const char *what_a, uint8_t b, const char *what_b)
{
	char peers[500];

	snprintf(peers, sizeof(peers), "%s, %s", line(a, what_a), line(b, what_b));
	if (apply(peers) < 0)
		fail_msg("%s", err.text);
}

static void other_settings_make_the_peers_what_they_say(void **state)
{
	struct sl_tunnel_change moved = change_of(2);
	struct sl_tunnel_view *view;

	(void)state;
	assert_int_equal(allow(9, false, LIST("10.9.0.0/16")), 0);
	apply_two(1, "allowed=10.1.0.0/16", 2, "endpoint=192.0.2.1:5 allowed=10.2.0.0/16");
	moved.endpoint = "192.0.2.9:5";
	assert_int_equal(change(&moved), 0);
	apply_two(2, "endpoint=192.0.2.1:5 allowed=10.1.0.0/16 keepalive=5", 3,
		  "allowed=10.2.0.0/16");
	view = look();
	assert_int_equal(view->n_peers, 2);
	assert_string_equal(find(view, 2)->endpoint, "192.0.2.9:5");
	assert_int_equal(find(view, 2)->keepalive_s, 5);
	assert_int_equal(find(view, 2)->n_allowed, 1);
	assert_true(has(find(view, 2), "10.1.0.0/16"));
	assert_true(has(find(view, 3), "10.2.0.0/16"));
	sl_tunnel_free(view);
	apply_two(2, "endpoint=192.0.2.7:5", 3, "");
	view = look();
	assert_string_equal(find(view, 2)->endpoint, "192.0.2.7:5");
	sl_tunnel_free(view);
}

static void settings_that_cannot_be_leave_what_there_is(void **state)
{
	struct sl_tunnel_view *view;
	char peers[500];

	(void)state;
	apply_two(1, "allowed=10.1.0.0/16", 2, "");
	snprintf(peers, sizeof(peers), "%s, %s", line(3, ""), line(3, ""));
	assert_true(apply(peers) < 0);
	assert_non_null(strstr(err.text, "peers 1 and 2 have one key"));
	assert_true(apply(line(3, "allowed=10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16,"
				  "10.5.0.0/16,10.6.0.0/16,10.7.0.0/16,10.8.0.0/16,10.9.0.0/16")) <
		    0);
	assert_non_null(strstr(err.text, "9 prefixes of peers, but max-prefixes is 8"));
	view = look();
	assert_int_equal(view->n_peers, 2);
	assert_true(has(find(view, 1), "10.1.0.0/16"));
	sl_tunnel_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_peer_that_is_added_is_there_with_all_that_was_said, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_said_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_prefix_belongs_to_whom_it_was_given_last, setup,
						teardown),
		cmocka_unit_test_setup_teardown(prefixes_are_replaced_and_taken_away, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			as_many_prefixes_as_there_is_room_for_are_replaced_by_as_many, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_removed_peer_is_gone_with_its_prefixes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_update_makes_no_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(texts_that_cannot_be_read_change_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(too_many_peers_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_a_peer_of_himself, setup, teardown),
		cmocka_unit_test_setup_teardown(only_tunnels_are_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(other_settings_make_the_peers_what_they_say, setup,
						teardown),
		cmocka_unit_test_setup_teardown(settings_that_cannot_be_leave_what_there_is, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
