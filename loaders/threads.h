/* threads.h: which conversations are one thread, of one batch and what is stored about them
 * (canonical-model 11.2). Unions of sets, in memory.
 *
 * The representative of a thread is its smallest id: a minimum over a set, so no order of arrival
 * changes it.
 * Owns:    its nodes.
 * Threads: one owner. */
#ifndef SLUICE_LOADERS_THREADS_H
#define SLUICE_LOADERS_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/uuid.h"

struct threads;

struct threads *threads_new(void);
void threads_free(struct threads **threads);

/* Two conversations that are one thread. */
void threads_join(struct threads *threads, const struct uuid *a, const struct uuid *b);
/* What the table of aliases holds. */
void threads_join_stored(struct threads *threads, const struct uuid *from, const struct uuid *to);

size_t threads_count(const struct threads *threads);
/* In the order in which they were first named. */
const struct uuid *threads_id(const struct threads *threads, size_t node);
/* Whether the node's alias is not stored yet, or stored with another representative. */
bool threads_is_news(struct threads *threads, size_t node, const struct uuid **representative_out);

#endif
