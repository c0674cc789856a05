// replay_files: the order in which the files of a replay go.
#pragma once

#include <stddef.h>

// Put files that are all segments of sealed captures in the order in which they follow one another,
// whatever order a folder lists them in, and warn of those that are missing. Other files stay as
// they are. Nothing is changed where something fails: the replay will say why.
void replay_files_order(char **files, size_t n);
