#include "cli/text.h"

#include "core/config.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 80 };

const char *text_count(char *out, uint64_t n)
{
	char digits[TEXT_NUMBER];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *to = out;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

const char *text_real(char *out, double value)
{
	int decimals = value > 0 ? 2 - (int)floor(log10(value)) : 0;

	if (decimals < 0)
		decimals = 0;
	if (decimals > 9)
		decimals = 9;
	snprintf(out, TEXT_NUMBER, "%.*f", decimals, value);
	return out;
}

const char *text_duration(char *out, uint64_t ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}};
	char number[TEXT_NUMBER];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if ((double)ns < units[i].ns)
			continue;
		snprintf(out, TEXT_NUMBER, "%.20s %s", text_real(number, (double)ns / units[i].ns),
			 units[i].name);
		return out;
	}
	snprintf(out, TEXT_NUMBER, "%" PRIu64 " ns", ns);
	return out;
}

int text_parse_duration(const char *text, uint64_t *ns, struct sl_error *err)
{
	size_t len = strlen(text);
	char seconds[TEXT_NUMBER];
	int ret;

	if (len && len < sizeof(seconds) - 1 && strspn(text, "0123456789.") == len) {
		snprintf(seconds, sizeof(seconds), "%ss", text);
		text = seconds;
	}
	ret = sl_parse_duration(text, ns, err);
	return ret == 0 && *ns == 0 ? sl_error_set(err, -EINVAL, "'%s' is no time at all", text)
				    : ret;
}

// One paragraph or verbatim line. Returns where the next line starts.
static const char *wrap_paragraph(FILE *out, const char *s, unsigned indent)
{
	unsigned column = 0;

	if (*s == ' ' || *s == '\n') {
		size_t len = strcspn(s, "\n");

		fprintf(out, "%*s%.*s\n", *s == '\n' ? 0 : (int)indent, "", (int)len, s);
		return s + len + (s[len] == '\n');
	}
	while (*s && *s != '\n') {
		size_t len = strcspn(s, " \n");

		if (column && column + 1 + len > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%*s%.*s", column ? 1 : (int)indent, "", (int)len, s);
		column = (column ? column + 1 : indent) + (unsigned)len;
		s += len;
		s += strspn(s, " ");
		if (s[0] == '\n' && s[1] && s[1] != '\n' && s[1] != ' ')
			s++; // a line break inside a paragraph is a blank
	}
	fputc('\n', out);
	return s + (*s == '\n');
}

void text_wrap(FILE *out, const char *prose, unsigned indent)
{
	while (*prose)
		prose = wrap_paragraph(out, prose, indent);
}
