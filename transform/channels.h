/* channels.h: the channels there are, and the shapes of bytes that each is read from.
 *
 * Threads: constant tables.
 * Source:  canonical-model 3.1 (provider, medium, sessions), 4.1 (media). */
#ifndef SLUICE_TRANSFORM_CHANNELS_H
#define SLUICE_TRANSFORM_CHANNELS_H

#include "transform/map.h"

struct channel {
    const char *word;                  /* of --channel and of the pipeline file */
    const char *medium;                /* channels.channel */
    bool is_sessioned;                 /* the provider opens and closes conversations itself */
    const struct map_ops *const *maps; /* NULL-terminated; the first is the default */
};

/* word == NULL ends the table. */
extern const struct channel channels[];

/* NULL: no such channel. */
const struct channel *channel_find(struct str word);
/* A provider or format of STR_NULL takes the first that fits; NULL: there is none. */
const struct map_ops *channel_map(const struct channel *channel, struct str provider,
                                  struct str format);

#endif
