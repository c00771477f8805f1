#include "lib/backoff.h"

#include <sys/random.h>

#define DOUBLINGS_MOST 30

int64_t backoff_jitter_ms(int64_t most_ms)
{
    uint64_t drawn = 0;
    if (most_ms <= 0 || getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return 0;
    return (int64_t)(drawn % ((uint64_t)most_ms + 1));
}

int64_t backoff_next_ms(struct backoff *backoff)
{
    int64_t bound = backoff->first_ms;
    for (int i = 0; i < backoff->tries && i < DOUBLINGS_MOST && bound < backoff->most_ms; i++)
        bound *= 2;
    backoff->tries++;
    return backoff_jitter_ms(bound < backoff->most_ms ? bound : backoff->most_ms);
}
