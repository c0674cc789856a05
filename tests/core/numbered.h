// numbered: a source whose packets carry 0, 1, 2, ... as time stamp, and a sink that checks it.
#pragma once

#include <sluice/stats.h>

// "numbers": config `count` (0 = without end); metric `room` of its packets' buffers, bytes. Waits
// where its link is full.
extern const struct sl_app_class numbers_class;
// "check": metric `wrong` counts packets that are not the successor of the one before.
extern const struct sl_app_class check_class;
// "pass": gives on what it takes; config `note` means nothing, but changing it is a change.
extern const struct sl_app_class pass_class;
// "refuse": its configure fails.
extern const struct sl_app_class refuse_class;

// Instances made by configure and given up by stop, of all classes here.
extern unsigned numbered_made, numbered_stopped;
