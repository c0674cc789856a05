#include <errno.h>
#include <setjmp.h>
#include <sluice/uapi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// after the four above
#include <cmocka.h>

// Thirty-one bytes of a key in hex; one more tells keys apart.
#define REST "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

// A device that writes down what is done to it.
struct notes {
	char calls[1 << 18], answer[4096];
	int refuse; // what every call returns
	struct sl_tunnel_view view;
};

__attribute__((format(printf, 2, 3))) static int note(struct notes *n, const char *format, ...)
{
	size_t at = strlen(n->calls);
	va_list args;

	va_start(args, format);
	vsnprintf(n->calls + at, sizeof(n->calls) - at, format, args);
	va_end(args);
	return n->refuse;
}

static int set_key(void *context, const uint8_t *key)
{
	return key ? note(context, "key %02x..%02x;", key[0], key[31]) : note(context, "key none;");
}

static int set_port(void *context, uint16_t port)
{
	return note(context, "port %u;", port);
}

static int set_mark(void *context, uint32_t mark)
{
	return note(context, "mark %u;", mark);
}

static int remove_peers(void *context)
{
	return note(context, "remove peers;");
}

static int change_peer(void *context, const struct sl_tunnel_change *c)
{
	note(context, "peer %02x", c->public_key[0]);
	if (c->remove)
		note(context, " remove");
	if (c->update_only)
		note(context, " update");
	if (c->has_psk)
		note(context, " psk %02x", c->psk[0]);
	if (c->has_keepalive)
		note(context, " keepalive %u", c->keepalive_s);
	if (c->endpoint)
		note(context, " endpoint %s", c->endpoint);
	if (c->replace_allowed)
		note(context, " only");
	for (size_t i = 0; i < c->n_allowed; i++)
		note(context, " %s", c->allowed[i]);
	return note(context, ";");
}

static char *print(void *context, size_t *len)
{
	struct notes *n = context;

	return n->refuse ? NULL : sl_uapi_print(&n->view, 51820, 0, len);
}

static void answer(void *context, const char *text, size_t len)
{
	struct notes *n = context;
	size_t at = strlen(n->answer);

	snprintf(n->answer + at, sizeof(n->answer) - at, "%.*s", (int)len, text);
}

static const struct sl_uapi_device device = {
	.set_key = set_key,
	.set_port = set_port,
	.set_mark = set_mark,
	.remove_peers = remove_peers,
	.change_peer = change_peer,
	.print = print,
};

// Say len bytes, `piece` at a time.
static void say(struct notes *n, const char *text, size_t len, size_t piece)
{
	struct sl_uapi *u = sl_uapi_create(&device, n, answer, n);

	assert_non_null(u);
	for (size_t at = 0; at < len;)
		at += sl_uapi_hear(u, text + at, len - at < piece ? len - at : piece);
	sl_uapi_destroy(u);
}

struct row {
	const char *said, *calls, *answer;
};

static void check(const struct row *table, size_t n)
{
	static const size_t pieces[] = {1, 7, SIZE_MAX};
	static struct notes notes;

	for (size_t i = 0; i < n; i++) {
		for (size_t p = 0; p < 3; p++) {
			memset(&notes, 0, sizeof(notes));
			say(&notes, table[i].said, strlen(table[i].said), pieces[p]);
			assert_string_equal(notes.calls, table[i].calls);
			assert_string_equal(notes.answer, table[i].answer);
		}
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof((table)[0]))

static void one_request_is_heard_at_a_time(void **state)
{
	static const char two[] = "get=1\n\nset=1\nlisten_port=7\n\n\nget";
	static struct notes n;
	struct sl_uapi *u = sl_uapi_create(&device, &n, answer, &n);

	(void)state;
	memset(&n, 0, sizeof(n));
	assert_int_equal(sl_uapi_hear(u, two, strlen(two)), 7);
	assert_string_equal(n.calls, "");
	assert_int_equal(sl_uapi_hear(u, two + 7, strlen(two) - 7), 21);
	assert_string_equal(n.calls, "port 7;");
	assert_int_equal(sl_uapi_hear(u, two + 28, strlen(two) - 28), 4);
	assert_int_equal(sl_uapi_hear(u, two, 0), 0);
	sl_uapi_destroy(u);
}

static void device_words_are_done_at_once(void **state)
{
	static const struct row table[] = {
		{"set=1\n\n", "", "errno=0\n\n"},
		{"set=1\nprivate_key=40" REST "\n\n", "key 40..ee;", "errno=0\n\n"},
		{"set=1\nprivate_key=" ZERO "\n\n", "key none;", "errno=0\n\n"},
		{"set=1\nlisten_port=51820\nfwmark=4294967295\n\n", "port 51820;mark 4294967295;",
		 "errno=0\n\n"},
		{"set=1\nlisten_port=0\nfwmark=0\nreplace_peers=true\n\n",
		 "port 0;mark 0;remove peers;", "errno=0\n\n"},
	};

	(void)state;
	CHECK(table);
}

static void peers_are_done_when_all_is_said(void **state)
{
	static const struct row table[] = {
		{"set=1\npublic_key=01" REST "\n\n", "peer 01;", "errno=0\n\n"},
		{"set=1\npublic_key=01" REST "\npreshared_key=02" REST
		 "\nendpoint=192.0.2.1:5\npersistent_keepalive_interval=25\nprotocol_version=1\n"
		 "replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\nallowed_ip=-fd00::/8\n\n",
		 "peer 01 psk 02 keepalive 25 endpoint 192.0.2.1:5 only 10.0.0.0/8 -fd00::/8;",
		 "errno=0\n\n"},
		{"set=1\nfwmark=1\npublic_key=01" REST "\nremove=true\npublic_key=02" REST
		 "\nupdate_only=true\nallowed_ip=10.0.0.0/8\npublic_key=03" REST "\n\n",
		 "mark 1;peer 01 remove;peer 02 update 10.0.0.0/8;peer 03;", "errno=0\n\n"},
		{"set=1\npublic_key=01" REST
		 "\nallowed_ip=10.0.0.0/8\nreplace_allowed_ips=true\nallowed_ip=11.0.0.0/8\n\n",
		 "peer 01 only 11.0.0.0/8;", "errno=0\n\n"},
		{"set=1\npublic_key=01" REST "\npreshared_key=" ZERO
		 "\npersistent_keepalive_interval=0\nendpoint=[2001:db8::1]:7\n\n",
		 "peer 01 psk 00 keepalive 0 endpoint [2001:db8::1]:7;", "errno=0\n\n"},
	};

	(void)state;
	CHECK(table);
}

static void a_conversation_has_any_number_of_requests(void **state)
{
	static const struct row table[] = {
		{"", "", ""},
		{"\n\n\n", "", ""},
		{"set=1\nfwmark=1\n", "mark 1;", ""},
		{"set=1\nfwmark=1\n\nset=1\nfwmark=no\nfwmark=2\n\nset=1\nfwmark=3\n\n",
		 "mark 1;mark 3;", "errno=0\n\nerrno=-22\n\nerrno=0\n\n"},
		{"set=1\npublic_key=01" REST "\n\nset=1\nfwmark=3\n\n", "peer 01;mark 3;",
		 "errno=0\n\nerrno=0\n\n"},
		{"get=1\n\nget=1\n\n", "",
		 "listen_port=51820\nerrno=0\n\nlisten_port=51820\nerrno=0\n\n"},
	};

	(void)state;
	CHECK(table);
}

// What was done before stays.
static void mistakes_end_the_request(void **state)
{
	static const struct row table[] = {
		{"set=1\nfwmark=1\nnonsense\nfwmark=2\n\n", "mark 1;", "errno=-71\n\n"},
		{"set=1\nfwmark=1\nthis=that\n\n", "mark 1;", "errno=-22\n\n"},
		{"set=1\nlisten_port=65536\n\n", "", "errno=-22\n\n"},
		{"set=1\nlisten_port=\n\n", "", "errno=-22\n\n"},
		{"set=1\nlisten_port=-1\n\n", "", "errno=-22\n\n"},
		{"set=1\nlisten_port= 1\n\n", "", "errno=-22\n\n"},
		{"set=1\nfwmark=4294967296\n\n", "", "errno=-22\n\n"},
		{"set=1\nfwmark=99999999999999999999999999\n\n", "", "errno=-22\n\n"},
		{"set=1\nreplace_peers=false\n\n", "", "errno=-22\n\n"},
		{"set=1\nreplace_peers=1\n\n", "", "errno=-22\n\n"},
		{"set=1\nprivate_key=01\n\n", "", "errno=-22\n\n"},
		{"set=1\nprivate_key=zz" REST "\n\n", "", "errno=-22\n\n"},
		{"set=1\nprivate_key=01" REST "01\n\n", "", "errno=-22\n\n"},
		{"set=1\nallowed_ip=10.0.0.0/8\n\n", "", "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\nfwmark=1\n\n", "peer 01;", "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\npublic_key=02\n\n", "peer 01;", "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\nallowed_ip=1.0.0.0/8\npreshared_key=02\n\n",
		 "peer 01 1.0.0.0/8;", "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\nupdate_only=\n\n", "peer 01;", "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\nprotocol_version=2\n\n", "peer 01;",
		 "errno=-22\n\n"},
		{"set=1\npublic_key=01" REST "\npersistent_keepalive_interval=65536\n\n",
		 "peer 01;", "errno=-22\n\n"},
		{"get=1\nfwmark=1\n\n", "", "errno=22\n\n"},
		{"got=1\nfwmark=1\n\nset=1\n\n", "", "errno=-71\n\nerrno=0\n\n"},
		{"get=2\n\n", "", "errno=-71\n\n"},
		{"set=1 \n\n", "", "errno=-71\n\n"},
	};

	(void)state;
	CHECK(table);
}

// Of either kind, and with a NUL in it, which ends no line.
static void what_is_no_line_is_a_mistake(void **state)
{
	static struct notes notes;
	static char text[1 << 20];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "set=1\nfwmark=1", 14);
	memcpy(text + sizeof(text) - 9, "\n\nset=1\n\n", 9);
	say(&notes, text, sizeof(text), 4096);
	assert_string_equal(notes.calls, "");
	assert_string_equal(notes.answer, "errno=-71\n\nerrno=0\n\n");
	memset(&notes, 0, sizeof(notes));
	say(&notes, "set=1\nfwmark=1\0\n\nset=1\0\n\n", 25, 1);
	assert_string_equal(notes.calls, "");
	assert_string_equal(notes.answer, "errno=-71\n\nerrno=-71\n\n");
}

static void what_the_device_refuses_is_the_answer(void **state)
{
	static const struct row table[] = {
		{"set=1\nlisten_port=1\nfwmark=1\n\n", "port 1;", "errno=-98\n\n"},
		{"set=1\npublic_key=01" REST "\n\n", "peer 01;", "errno=-98\n\n"},
		{"get=1\n\n", "", "errno=12\n\n"},
	};
	static struct notes notes;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(&notes, 0, sizeof(notes));
		notes.refuse = -EADDRINUSE;
		say(&notes, table[i].said, strlen(table[i].said), SIZE_MAX);
		assert_string_equal(notes.calls, table[i].calls);
		assert_string_equal(notes.answer, table[i].answer);
	}
}

static void many_prefixes_are_done_in_parts(void **state)
{
	enum { PREFIXES = 3000 };
	static char text[PREFIXES * 32];
	static struct notes notes;
	size_t len, parts = 0, prefixes = 0;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text),
			       "set=1\npublic_key=01" REST "\nreplace_allowed_ips=true\n"
			       "persistent_keepalive_interval=7\n");
	for (unsigned i = 0; i < PREFIXES; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"allowed_ip=10.%u.%u.0/24\n", i / 256, i % 256);
	text[len++] = '\n';
	say(&notes, text, len, 1000);
	assert_string_equal(notes.answer, "errno=0\n\n");
	for (const char *at = notes.calls; (at = strchr(at, ';')); at++)
		parts++;
	for (const char *at = notes.calls; (at = strchr(at, '/')); at++)
		prefixes++;
	assert_int_equal(parts, 3);
	assert_int_equal(prefixes, PREFIXES);
	// the first part only: the others add to it
	assert_ptr_equal(strstr(notes.calls, " only"), notes.calls + strlen("peer 01 keepalive 7"));
	assert_null(strstr(strchr(notes.calls, ';'), "only"));
	assert_null(strstr(strchr(notes.calls, ';'), "keepalive"));
}

static void a_get_prints_all_there_is(void **state)
{
	static char allowed[2][SL_TUNNEL_PREFIX_TEXT] = {"10.0.0.0/8", "fd00::/8"};
	static struct sl_tunnel_peer_view peers[] = {
		{.public_key = {1},
		 .psk = {2},
		 .endpoint = "[2001:db8::1]:51820",
		 .handshake_ns = 1700000000123456789,
		 .rx_bytes = 1372,
		 .tx_bytes = 1460,
		 .keepalive_s = 25,
		 .allowed = allowed,
		 .n_allowed = 2},
		{.public_key = {3}},
	};
	struct sl_tunnel_view v = {
		.private_key = {4}, .has_key = true, .peers = peers, .n_peers = 2};
	size_t len;
	char *text = sl_uapi_print(&v, 51820, 0x1234, &len);

#define TAIL "00000000000000000000000000000000000000000000000000000000000000\n"
	(void)state;
	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text,
			    "private_key=04" TAIL "listen_port=51820\n"
			    "fwmark=4660\n"
			    "public_key=01" TAIL "preshared_key=02" TAIL "protocol_version=1\n"
			    "endpoint=[2001:db8::1]:51820\n"
			    "last_handshake_time_sec=1700000000\n"
			    "last_handshake_time_nsec=123456789\n"
			    "tx_bytes=1460\n"
			    "rx_bytes=1372\n"
			    "persistent_keepalive_interval=25\n"
			    "allowed_ip=10.0.0.0/8\n"
			    "allowed_ip=fd00::/8\n"
			    "public_key=03" TAIL "preshared_key=00" TAIL "protocol_version=1\n"
			    "last_handshake_time_sec=0\n"
			    "last_handshake_time_nsec=0\n"
			    "tx_bytes=0\n"
			    "rx_bytes=0\n"
			    "persistent_keepalive_interval=0\n");
	free(text);
}

// The longest of everything fits the room that was set aside.
static void a_get_has_room_for_the_largest(void **state)
{
	enum { PEERS = 50 };
	static char allowed[1][SL_TUNNEL_PREFIX_TEXT];
	static struct sl_tunnel_peer_view peers[PEERS];
	struct sl_tunnel_view v = {.has_key = true, .peers = peers, .n_peers = PEERS};
	size_t len;
	char *text;

	(void)state;
	memset(allowed[0], 'f', sizeof(allowed[0]) - 1);
	for (unsigned i = 0; i < PEERS; i++) {
		memset(&peers[i], 0xff, sizeof(peers[i]));
		memset(peers[i].endpoint, 'f', sizeof(peers[i].endpoint) - 1);
		peers[i].endpoint[sizeof(peers[i].endpoint) - 1] = '\0';
		peers[i].allowed = allowed;
		peers[i].n_allowed = 1;
	}
	text = sl_uapi_print(&v, UINT16_MAX, UINT32_MAX, &len);
	assert_non_null(text);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text + len - 5, "ffff\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_is_heard_at_a_time),
		cmocka_unit_test(device_words_are_done_at_once),
		cmocka_unit_test(peers_are_done_when_all_is_said),
		cmocka_unit_test(a_conversation_has_any_number_of_requests),
		cmocka_unit_test(mistakes_end_the_request),
		cmocka_unit_test(what_is_no_line_is_a_mistake),
		cmocka_unit_test(what_the_device_refuses_is_the_answer),
		cmocka_unit_test(many_prefixes_are_done_in_parts),
		cmocka_unit_test(a_get_prints_all_there_is),
		cmocka_unit_test(a_get_has_room_for_the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
