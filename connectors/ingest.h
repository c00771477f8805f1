/* ingest.h: one authenticated body to the one set of bus messages that must be confirmed before
 * the sender is answered.
 *
 * The set: a record for each one that the normalizer makes, a dead letter for each element it
 * refuses (and for a record that cannot be encoded), and the raw body when raw traffic is archived.
 * Owns:    its normalizers and buffers. A set is borrowed until the next call with this ingest.
 * Bounds:  dead letters of one body carry the whole body each; so only INGEST_LETTERS_MOST of them,
 *          and no more than fit INGEST_LETTERS_BYTES, are made; one more then says how many were
 *          left out. Replaying any one of them replays the body.
 * Errors:  bad input is no error, it is a dead letter; RC_FATAL: a normalizer cannot be made.
 * Threads: one owner at a time. */
#ifndef SLUICE_CONNECTORS_INGEST_H
#define SLUICE_CONNECTORS_INGEST_H

#include "connectors/route.h"
#include "lib/limits.h"

#define INGEST_LETTERS_MOST ((size_t)1000)
#define INGEST_LETTERS_BYTES (8 * MIB)

struct ingest_body {
    struct str bytes;
    struct str content_type; /* NULL = the sender did not say */
    struct str request_id;
    int64_t received_at_us;
};

struct ingest_set {
    const struct bus_message *messages;
    size_t count;
    size_t records;
    size_t rejects;         /* all of them, dead letters left out included */
    uint64_t ignored;       /* parts that carry no traffic, or none that this version reads */
    uint64_t text_replaced; /* NULs and lone surrogates turned into U+FFFD */
};

/* Told of every reject, with its word for dead letters: for counting. */
typedef void ingest_rejected_fn(void *context, const char *reason);

struct ingest;

struct ingest *ingest_new(const struct route_table *routes, bool archive_raw,
                          ingest_rejected_fn *rejected, void *context);
void ingest_free(struct ingest **ingest);

/* Keys for auth_channel.check, made on first use. */
struct auth_keys *ingest_keys(struct ingest *ingest, const struct route *route);

enum rc ingest_body(struct ingest *ingest, const struct route *route,
                    const struct ingest_body *body, struct ingest_set *set_out,
                    struct err *err) MUST_USE;

/* The body as a single dead letter of stage "publish": for a set that the bus refuses. */
void ingest_refused(struct ingest *ingest, const struct route *route,
                    const struct ingest_body *body, const char *detail, struct ingest_set *set_out);

#endif
