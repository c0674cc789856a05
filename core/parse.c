#include "core/config.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit counts[] = {
	{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
};

static const struct unit sizes[] = {
	{"", 1},         {"B", 1},          {"k", 1000},        {"kB", 1000},     {"M", 1000000},
	{"MB", 1000000}, {"G", 1000000000}, {"GB", 1000000000}, {"Ki", 1 << 10},  {"KiB", 1 << 10},
	{"Mi", 1 << 20}, {"MiB", 1 << 20},  {"Gi", 1 << 30},    {"GiB", 1 << 30}, {NULL, 0},
};

static const struct unit durations[] = {
	{"ns", 1},         {"us", 1000},         {"ms", 1000000},
	{"s", 1000000000}, {"min", 60000000000}, {"h", 3600000000000},
	{NULL, 0},
};

static const struct unit packet_rates[] = {
	{"pps", 1}, {"kpps", 1000}, {"Mpps", 1000000}, {"Gpps", 1000000000}, {NULL, 0},
};

static const struct unit bit_rates[] = {
	{"bps", 1},           {"kbps", 1000},          {"Mbps", 1000000},
	{"Gbps", 1000000000}, {"Tbps", 1000000000000}, {NULL, 0},
};

static int not_a(const char *text, const char *what, struct sl_error *err)
{
	return sl_error_set(err, -EINVAL, "'%.64s' is not %s", text, what);
}

// The factor of a unit's name, 0 where it is none. There is no milli to confuse with Mega, so
// capitals do not matter.
static uint64_t find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (!strcasecmp(units->name, name))
			return units->factor;
	return 0;
}

static bool add_digit(uint64_t *n, char digit)
{
	return !__builtin_mul_overflow(*n, UINT64_C(10), n) &&
	       !__builtin_add_overflow(*n, (uint64_t)(digit - '0'), n);
}

// Parse "12", "1.5k", "2MiB" to a whole number of the smallest unit, exactly.
// Returns false where it is no such number, too large or not whole.
static bool read_exact(const char *s, const struct unit *units, uint64_t *out)
{
	uint64_t whole = 0, part = 0, scale = 1, factor;
	const char *start = s;

	for (; isdigit((unsigned char)*s); s++)
		if (!add_digit(&whole, *s))
			return false;
	if (s == start)
		return false;
	if (s[0] == '.' && isdigit((unsigned char)s[1])) {
		for (s++; isdigit((unsigned char)*s); s++, scale *= 10)
			if (scale == 1000000000 || !add_digit(&part, *s))
				return false;
	}
	factor = find_unit(units, s);
	if (factor == 0 || __builtin_mul_overflow(whole, factor, &whole) ||
	    __builtin_mul_overflow(part, factor, &part) || part % scale != 0)
		return false;
	return !__builtin_add_overflow(whole, part / scale, out);
}

// Parse the decimal number at *s and step behind it. No locale has a say in it, unlike strtod.
// Exact for up to 15 digits: a whole number divided by a power of ten rounds once.
static bool read_real(const char **s, double *out)
{
	double digits = 0, scale = 1;
	const char *start = *s;

	for (; isdigit((unsigned char)**s); (*s)++)
		digits = digits * 10 + (**s - '0');
	if (*s == start)
		return false;
	if ((*s)[0] == '.' && isdigit((unsigned char)(*s)[1]))
		for ((*s)++; isdigit((unsigned char)**s); (*s)++, scale *= 10)
			digits = digits * 10 + (**s - '0');
	*out = digits / scale;
	return digits < 1e18 && scale < 1e18;
}

int sl_parse_bool(const char *text, bool *out, struct sl_error *err)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(text, words[i])) {
			*out = i & 1;
			return 0;
		}
	}
	return not_a(text, "yes or no", err);
}

static bool read_hex(const char *s, uint64_t *out)
{
	size_t n = strlen(s);

	*out = 0;
	if (n == 0 || n > 16 || strspn(s, "0123456789abcdefABCDEF") != n)
		return false;
	for (; *s; s++)
		*out = *out << 4 |
		       (uint64_t)(isdigit((unsigned char)*s) ? *s - '0' : (*s | 0x20) - 'a' + 10);
	return true;
}

int sl_parse_uint(const char *text, uint64_t *out, struct sl_error *err)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	if (is_hex ? read_hex(text + 2, out) : read_exact(text, counts, out))
		return 0;
	return not_a(text, "a whole number such as 1000, 0x3e8 or 1k", err);
}

int sl_parse_real(const char *text, double *out, struct sl_error *err)
{
	const char *s = text;
	bool negative = *s == '-';

	if (negative)
		s++;
	if (!read_real(&s, out))
		return not_a(text, "a number such as 0.25 or 25%", err);
	if (*s == '%') {
		*out /= 100;
		s++;
	}
	if (*s)
		return not_a(text, "a number such as 0.25 or 25%", err);
	if (negative)
		*out = -*out;
	return 0;
}

int sl_parse_bytes(const char *text, uint64_t *out, struct sl_error *err)
{
	if (read_exact(text, sizes, out))
		return 0;
	return not_a(text, "a size such as 1500, 64k or 2MiB", err);
}

int sl_parse_duration(const char *text, uint64_t *out, struct sl_error *err)
{
	if (!strcmp(text, "0")) { // the one number that needs no unit
		*out = 0;
		return 0;
	}
	if (read_exact(text, durations, out))
		return 0;
	return not_a(text, "a duration such as 10us, 1.5ms or 2s", err);
}

int sl_parse_rate(const char *text, struct sl_rate *out, struct sl_error *err)
{
	const char *unit = text;
	uint64_t bits, packets;
	double number;

	if (!read_real(&unit, &number))
		return not_a(text, "a rate such as 5Mpps or 2Gbps", err);
	bits = find_unit(bit_rates, unit);
	packets = find_unit(packet_rates, unit);
	if ((!bits && !packets) || number <= 0)
		return not_a(text, "a rate such as 5Mpps or 2Gbps", err);
	*out = (struct sl_rate){
		.per_second = number * (double)(bits ? bits : packets),
		.is_bits = bits != 0,
	};
	return 0;
}
