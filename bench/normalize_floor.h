/* normalize_floor.h: what the libraries take for the same bytes when nobody does anything with what
 * they read: the floor that the maps are held against.
 *
 * Errors:  input that the library cannot read ends the program with words.
 * Threads: no state. */
#ifndef SLUICE_BENCH_NORMALIZE_FLOOR_H
#define SLUICE_BENCH_NORMALIZE_FLOOR_H

#include "lib/str.h"

typedef void normalize_floor_fn(struct str document);

/* yajl with empty callbacks, one handle for the document, in pieces of 64 KiB. */
void normalize_floor_yajl(struct str document);
/* GMime: the mail from memory to its tree of parts, nothing decoded. */
void normalize_floor_gmime(struct str document);

#endif
