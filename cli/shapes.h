/* shapes.h: the shapes of bytes that "sluice normalize" reads, for its help and its hints.
 *
 * The list is transform/channels.h's own: what is added there stands here too.
 * Threads: no state. */
#ifndef SLUICE_CLI_SHAPES_H
#define SLUICE_CLI_SHAPES_H

#include <stdio.h>

#include "lib/str.h"
#include "transform/map.h"

/* The table of channels, providers and formats, and an example for each channel. */
void shapes_print(FILE *out);

/* The options with which a document that begins with these bytes is read, such as "--channel
 * telegram --format export"; NULL: nothing that is known, or what it was read with anyway. */
const char *shapes_guess(struct str beginning, struct str channel, const struct map_ops *map);

#endif
