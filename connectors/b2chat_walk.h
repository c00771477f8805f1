/* b2chat_walk.h: paging through a list whose rows move meanwhile.
 *
 * Every page overlaps the one before by a few rows, which must be the same: else rows have moved,
 * and the list is read again from its beginning. At the end the count must be that of the list,
 * where it stands still (is_settled).
 *
 *     b2chat_walk_begin(&walk, is_settled)
 *     while (b2chat_walk_take(&walk, &page, limit) == B2CHAT_MORE)   read from walk.offset
 *
 * Bounds:  B2CHAT_REPEATS readings of one list; then it is taken as it is, and is_unsteady.
 * Source:  reference/b2chat.md 10.5.
 * Threads: plain values; one owner. */
#ifndef SLUICE_CONNECTORS_B2CHAT_WALK_H
#define SLUICE_CONNECTORS_B2CHAT_WALK_H

#include "connectors/b2chat_page.h"

#define B2CHAT_OVERLAP 10
#define B2CHAT_REPEATS 3
#define B2CHAT_ID_BYTES 80 /* longer ones are compared up to here */

enum b2chat_step { B2CHAT_MORE, B2CHAT_DONE };

struct b2chat_walk {
    bool is_settled;
    int64_t offset;                             /* of the next page */
    int64_t seen;                               /* rows of this reading, each once */
    int64_t first_total;                        /* -1: not known */
    char tail[B2CHAT_OVERLAP][B2CHAT_ID_BYTES]; /* the last ids of the page before */
    size_t tail_count;                          /* those that the next page must begin with */
    int repeats;
    bool is_unsteady;
};

void b2chat_walk_begin(struct b2chat_walk *walk, bool is_settled);
/* limit: how many rows were asked for. */
enum b2chat_step b2chat_walk_take(struct b2chat_walk *walk, const struct b2chat_page *page,
                                  int64_t limit);

#endif
