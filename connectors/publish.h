/* publish.h: documents that were pulled or read from files, to durable records on the bus.
 *
 * Whoever pulls gives each document (an API's page, a mail, a file piece by piece) with a mark of
 * its own: an update id, a UID, a number. The publisher normalizes it, gathers records, dead
 * letters and (when archived) raw bytes into sets, and keeps many sets on their way to the bus.
 * conf.durable then says, in order, up to which mark nothing is missing: only that far may the
 * other side be told (an offset confirmed, a cursor or checkpoint stored).
 *
 *     publish_whole(p, &document, bytes, &err)            one document in one piece
 *     publish_begin, publish_feed ..., publish_end        one document in many pieces
 *     publish_wait(p, timeout_ms, &err)                   until all that was given is durable
 *
 * Owns:    its normalizers and buffers; connector, producer, filter are borrowed. Document and
 *          bytes are borrowed during the call (the document's texts of publish_begin until
 *          publish_end).
 * Bounds:  PUBLISH_OUT_BYTES unconfirmed: then a call waits for the bus. Memory is flat, whatever
 *          a streamed document's size.
 * Errors:  bad input is no error, it is a dead letter: the document goes on. RC_RETRY: the bus
 *          does not take or confirm: nothing behind the last durable mark is certain; wait, then
 *          publish_restart_after_mark, and give every document behind that mark again (repeats
 *          are harmless). RC_AGAIN: a stop was requested (lib/stop.h) while it waited, or
 *          publish_wait's time was over. RC_FATAL: as normalizer_new and bus.h.
 *          A record that the bus refuses for its size becomes a dead letter of stage "publish".
 * Threads: one owner; conf's functions are called on its thread, from within these functions. The
 *          producer may be shared by publishers of many threads.
 * Numbers: an "output" is a record or a reject, in the order in which the normalizer gives them;
 *          the same bytes give the same outputs however they are cut, so that a file's reader can
 *          begin again within a document: publish_restart_from. */
#ifndef SLUICE_CONNECTORS_PUBLISH_H
#define SLUICE_CONNECTORS_PUBLISH_H

#include "bus/bus.h"
#include "connectors/connector.h"
#include "lib/limits.h"

/* One set: what is gathered before it leaves. */
#define PUBLISH_SET_BYTES (256 * KIB)
#define PUBLISH_SET_MESSAGES 1000
/* Sets without confirmation, of one publisher. */
#define PUBLISH_OUT_BYTES (16 * MIB)
#define PUBLISH_OUT_SETS 1024
/* Of a document given in pieces, a dead letter carries so much from before and after the place
 * where it was noticed; of one in one piece, all of it that fits. */
#define PUBLISH_EXCERPT_BYTES (32 * KIB)

struct publisher;

struct publish_counts {
    uint64_t documents;
    uint64_t records;       /* put on the bus */
    uint64_t rejects;       /* elements refused, those summed up in one dead letter included */
    uint64_t letters;       /* dead letters put on the bus */
    uint64_t ignored;       /* parts without traffic; records that conf.wants did not want */
    uint64_t text_replaced; /* NULs and lone surrogates turned into U+FFFD */
};

struct publish_durable {
    bool has_mark;
    uint64_t mark;    /* of the last document of which, and before which, nothing is missing */
    uint64_t outputs; /* the same, counted in outputs since publisher_new or the last restart */
    struct publish_counts counts; /* of what is durable, since publisher_new */
};

struct publisher_conf {
    const struct connector *connector;
    const struct connector *connectors; /* all of the pipeline: connector_accounts */
    size_t connector_count;
    struct bus_producer *producer;
    bool archive_raw; /* documents in one piece go to the raw topic too */
    /* Told whenever more is durable; NULL: ask publish_durable. */
    void (*durable)(void *context, const struct publish_durable *durable);
    /* Whether a record is to go to the bus, such as one of the days asked for; NULL: all are. */
    bool (*wants)(void *context, const struct record *record);
    /* Told of every reject: what, and in which document; for people and metrics. NULL: nobody. */
    void (*rejected)(void *context, const struct reject *reject, struct str origin);
    void *context;
};

struct publish_document {
    struct document about;   /* document_at(observed_at, SOURCE_POLL), ... */
    struct str provider;     /* STR_NULL: the connector's */
    struct str format;       /* STR_NULL: the provider's first */
    struct str origin;       /* for dead letters: "poll/getUpdates", "file/result.json" */
    struct str key;          /* of raw bytes and dead letters on the bus: a request id, a UID */
    struct str content_type; /* STR_NULL: not known */
    uint64_t mark;           /* growing from document to document */
};

/* RC_FATAL: the connector's channel has no map. */
enum rc publisher_new(const struct publisher_conf *conf, struct publisher **publisher_out,
                      struct err *err) MUST_USE;
/* What is on its way is awaited (the producer must still be open, or closed before); what was
 * only gathered is dropped. */
void publisher_free(struct publisher **publisher);

enum rc publish_whole(struct publisher *publisher, const struct publish_document *document,
                      struct str bytes, struct err *err) MUST_USE;

/* RC_FATAL: no such provider or format. */
enum rc publish_begin(struct publisher *publisher, const struct publish_document *document,
                      struct err *err) MUST_USE;
enum rc publish_feed(struct publisher *publisher, const char *bytes, size_t n,
                     struct err *err) MUST_USE;
enum rc publish_end(struct publisher *publisher, struct err *err) MUST_USE;

/* Something is wrong with a document that the normalizer cannot see, such as a mail that is too
 * large to be fetched: a dead letter like a reject, in its place among the outputs. */
enum rc publish_fault(struct publisher *publisher, const struct publish_document *document,
                      const struct reject *fault, struct err *err) MUST_USE;

/* Sends what is gathered, without waiting for its confirmation. */
enum rc publish_flush(struct publisher *publisher, struct err *err) MUST_USE;
/* publish_flush, then waits until everything is durable, and tells conf.durable. */
enum rc publish_wait(struct publisher *publisher, int timeout_ms, struct err *err) MUST_USE;

struct publish_durable publish_durable(struct publisher *publisher);
/* Waits for what is on its way, however it ends, so that publish_durable says all there is. */
void publish_settle(struct publisher *publisher);

/* After a failure, and after a document that was not ended: the next documents are those behind
 * the durable mark. */
void publish_restart_after_mark(struct publisher *publisher);
/* The documents come again from their very beginning, of which the first "outputs" outputs are
 * durable, from this process or one before: they are dropped. publish_durable(p).outputs is the
 * number to give after a failure. */
void publish_restart_from(struct publisher *publisher, uint64_t outputs);

#endif
