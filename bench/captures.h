// captures: capture files that a bench makes for itself.
#pragma once

#include <stdint.h>

// Write a pcap file of `packets` UDP frames, checksums right, whose lengths repeat `lengths` (0 at
// the end), in a folder that lives in memory where there is one.
//
// Returns its path, owned by the caller, who also unlinks it; exits where it cannot be written.
char *bench_capture_make(const uint16_t *lengths, unsigned packets);

// A path of the bench's own in that folder, owned by the caller.
char *bench_capture_path(const char *name);
