/* linger.h: connections that were answered and closed, but whose peer may still be sending.
 *
 * Closing a TCP socket with unread bytes makes the kernel send a reset, which throws away what the
 * peer has not read yet: the answer. So the socket is only shut down for writing, what still comes
 * is read and dropped until the peer closes, at most LINGER_US, and then it is closed.
 * Bounds:  LINGER_MOST connections; over that they are closed at once.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_LINGER_H
#define SLUICE_CONNECTORS_LINGER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/clock.h"

#define LINGER_US (2 * US_PER_SECOND)
#define LINGER_MOST 256

struct linger_set;

struct linger_set *linger_new(void); /* NULL: no descriptor left */
void linger_free(struct linger_set **linger);

/* fd stays the caller's, who closes it: a duplicate is kept, unless the peer has closed already. */
void linger_take(struct linger_set *linger, int fd);
int linger_fd(const struct linger_set *linger);         /* readable: linger_run is due */
int linger_timeout_ms(const struct linger_set *linger); /* so is it then; -1 = never */
void linger_run(struct linger_set *linger);
bool linger_is_empty(const struct linger_set *linger);

#endif
