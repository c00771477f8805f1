/* shapes.h: the shapes of bytes that "sluice normalize" reads, for its help and its hints.
 *
 * The list is transform/channels.h's own: what is added there stands here too.
 * Threads: no state. */
#ifndef SLUICE_CLI_SHAPES_H
#define SLUICE_CLI_SHAPES_H

#include <stdio.h>

#include "lib/buf.h"
#include "transform/map.h"

/* The table of channels, providers and formats, and an example for each channel. */
void shapes_print(FILE *out);

/* Appends the options with which a document that begins with these bytes is read, such as
 * "--channel telegram --format export"; false: nothing that is known, or what it was read with
 * anyway. */
bool shapes_guess(struct str beginning, const struct map_ops *chosen, struct buf *options);

#endif
