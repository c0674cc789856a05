#include "cli/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool live; // whether the cursor stands behind a live line

void say_live_clear(void)
{
	if (live)
		fputs("\r\033[K", stderr);
	live = false;
}

void say_live(const char *text)
{
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	live = true;
}

void say(const char *format, ...)
{
	va_list args;

	say_live_clear();
	fputs("sluice: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void say_error(const struct sl_error *err)
{
	char text[1200];

	if (!err->file[0]) {
		say("%s", err->text);
		return;
	}
	say_live_clear();
	sl_error_format(err, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
}
