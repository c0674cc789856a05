// classes: the one table of the library's classes. Nothing registers itself.

#include "apps/classes.h"

const struct sl_app_class *const sl_classes[] = {
	&sl_pcap_writer_class,
	&sl_sink_class,
	&sl_source_class,
	NULL,
};
