/* outset.h: one set of bus messages that is being gathered: records, then dead letters, then raw
 * bytes.
 *
 * Owns:    encoded records and the texts of dead letters; payloads, raw bytes, keys and the
 *          envelope are borrowed from the caller (outset_keep copies what would not last) until
 *          outset_reset.
 * Bounds:  its buffers hold LIMIT_BUS_QUEUE_BYTES of records and LIMIT_SCOPE_ARENA_BYTES of the
 *          rest.
 * Errors:  RC_REJECT: the record is too large, or the set is full.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_OUTSET_H
#define SLUICE_CONNECTORS_OUTSET_H

#include "connectors/envelope.h"

struct outset;

struct outset *outset_new(void);
void outset_free(struct outset **set);
/* Empty again; gives back what a large set took. */
void outset_reset(struct outset *set);

enum rc outset_add_record(struct outset *set, const struct envelope *envelope,
                          const struct record *record, struct err *err) MUST_USE;

/* The record that was added last; valid until the set changes. */
struct str outset_last_record(const struct outset *set);
void outset_drop_record(struct outset *set);

/* Fills who the letter belongs to. Its texts need to live only as long as the call, but for payload
 * and key. false: no memory is left for it. */
bool outset_add_letter(struct outset *set, const struct envelope *envelope,
                       const struct deadletter *letter, struct str key);

struct outset_raw {
    struct str bytes;
    struct str key;          /* and header "request-id" */
    struct str format;       /* STR_NULL: what its route says */
    struct str content_type; /* STR_NULL: not known */
    int64_t received_at_us;
};
bool outset_add_raw(struct outset *set, const struct envelope *envelope,
                    const struct outset_raw *raw);

/* A copy that lives as long as the set; STR_NULL: no memory is left. */
struct str outset_keep(struct outset *set, struct str bytes);

size_t outset_count(const struct outset *set); /* messages */
size_t outset_bytes(const struct outset *set); /* of records, kept texts and kept bytes */
/* Valid until the set changes. */
const struct bus_message *outset_messages(struct outset *set);

#endif
