/* pop3_seen.h: which mails of a POP3 mailbox were read, as it is remembered between runs.
 *
 * Ids are kept as 64 bits of their SHA-256, of mails that are still in the mailbox only; two that
 * share them are met once in 10^8 mailboxes as large as may be.
 * Bounds:  POP3_MAILS_MOST.
 * Threads: one owner.
 * Source:  reference/email.md 2.7. */
#ifndef SLUICE_CONNECTORS_POP3_SEEN_H
#define SLUICE_CONNECTORS_POP3_SEEN_H

#include <stdint.h>

#include "lib/buf.h"

#define POP3_MAILS_MOST 200000
#define POP3_SUSPECTS_MOST 100
/* Of what pop3_seen_write appends. */
#define POP3_SEEN_BYTES (POP3_MAILS_MOST * 16 + POP3_SUSPECTS_MOST * 18 + 64)

struct pop3_suspect { /* a mail that the server did not give though it lists it */
    uint64_t id;
    unsigned failures; /* of runs in a row; at most 255 */
};

struct pop3_seen { /* init with zeros */
    uint64_t *ids; /* ascending, once they were read */
    size_t n, room;
    struct pop3_suspect suspects[POP3_SUSPECTS_MOST];
    size_t suspect_count;
};

uint64_t pop3_seen_id(struct str uidl);
bool pop3_seen_has(const struct pop3_seen *seen, uint64_t id);
/* Those read from JSON are found by pop3_seen_has, those added later are not yet. */
void pop3_seen_add(struct pop3_seen *seen, uint64_t id);
/* Both are about suspects. */
unsigned pop3_seen_failures(const struct pop3_seen *seen, uint64_t id);
/* Beyond POP3_SUSPECTS_MOST of them it is not remembered. */
void pop3_seen_set_failures(struct pop3_seen *seen, uint64_t id, unsigned failures);
void pop3_seen_done(struct pop3_seen *seen);

/* Anything that is not what pop3_seen_write wrote is nothing. */
void pop3_seen_read(struct pop3_seen *seen, struct str json);
void pop3_seen_write(struct buf *out, const struct pop3_seen *seen);

#endif
