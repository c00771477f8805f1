/* backoff.h: how long to wait before a failed thing is tried again.
 *
 * Full jitter: each delay is drawn evenly from 0 to a bound that doubles from try to try, so that
 * many who failed together do not come back together.
 * Units:   milliseconds.
 * Threads: plain values; one owner each. */
#ifndef SLUICE_LIB_BACKOFF_H
#define SLUICE_LIB_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms; /* bound of the first delay */
    int64_t most_ms;  /* bound of every delay */
    int tries;        /* failed since the last success */
};

/* The delay before the next try. */
int64_t backoff_next_ms(struct backoff *backoff);
static inline void backoff_succeeded(struct backoff *backoff)
{
    backoff->tries = 0;
}

/* Drawn evenly from 0 to most_ms, both included. */
int64_t backoff_jitter_ms(int64_t most_ms);

#endif
