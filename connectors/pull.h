/* pull.h: a connector that is pulled: what it is, what it is given, and what it says of its runs.
 *
 * Each way of pulling is a struct pull_kind: telegram_pull.c, b2chat_pull.c, ... The frame
 * (puller.h) opens one reader per connector on a thread of its own, calls "run" whenever it is due,
 * and sees to the lock, to errors and to the times between runs. A reader
 *
 *     asks its source for what is there          (http_retry.h, imap_session.h)
 *     publishes it and waits until it is durable (publish.h)
 *     then stores its cursor                     (sync.h)
 *
 * in that order, again and again, until nothing is left or a stop is requested.
 *
 * Owns:    struct pull belongs to the frame, its publisher and run to the reader's thread.
 * Errors:  of "run": RC_OK = nothing is left for now; RC_AGAIN = a stop was requested; RC_RETRY =
 *          the source, the bus or the database is away: the frame waits and locks anew, so that
 *          the reader begins at its stored cursor; RC_REJECT = somebody must mend it (a token, a
 *          certificate, a mode): the message says what to do, the frame tries again later, for
 *          others may have mended it; RC_FATAL = the process ends.
 * Threads: one for each connector; what is shared is constant or says so. */
#ifndef SLUICE_CONNECTORS_PULL_H
#define SLUICE_CONNECTORS_PULL_H

#include "connectors/mail_login.h"
#include "connectors/publish.h"
#include "connectors/sync.h"

struct pull_kind;
struct pull_tally;

struct pull_conf { /* a connector of the pipeline file; texts NULL where it has none */
    const struct connector *connector;
    const struct pull_kind *kind;
    int64_t every_ms; /* from the start of one run to that of the next; 0 = the reader itself waits
                         for what is new */
    const char *url;  /* of the API or server */
    const char *ca_file;
    const char *token;                     /* telegram */
    const char *client_id, *client_secret; /* b2chat */
    const char *from_day; /* b2chat, imap: where the first run begins, "2025-03-04" */
    int64_t calls_per_second, calls_per_day; /* b2chat */
    struct mail_login login;
    const char *const *folders; /* imap: names and patterns; none: the usual ones */
    size_t folder_count;
};

struct pull_run {
    bool is_begun;
    struct uuid id;
    const char *entity;
    int64_t started_at;
    struct publish_counts before; /* of the publisher */
};

struct pull {
    const struct pull_conf *conf;
    const struct connector *connectors; /* all of the pipeline */
    size_t connector_count;
    struct bus_producer *producer;
    bool archive_raw;
    bool is_once; /* the reader does not wait for what is new */
    const char *triggered_by;
    struct sync *sync; /* locked for "pull" */
    struct pull_tally *tally;
    struct publisher *publisher; /* NULL until pull_publisher_open */
    struct pull_run run;
};

#define PULL_DETAIL_BYTES 256
#define PULL_CURSOR_BYTES (1 * MIB)

struct pull_days {         /* local to the connector's time zone, both included */
    const char *from, *to; /* "2025-03-04"; NULL = from the beginning, to today */
};

struct pull_kind {
    const char *channel;
    const char *mode;   /* of the pipeline file; NULL = the channel has none */
    const char *entity; /* of sync_states: the last success of this one says when it is due */
    enum rc (*open)(struct pull *pull, void **reader_out, struct err *err);
    enum rc (*run)(void *reader, struct err *err);
    /* History, checkpointed day by day; a day that an earlier one of the same days has completed is
     * left out with is_resumed. NULL: the source has none. */
    enum rc (*backfill)(void *reader, const struct pull_days *days, bool is_resumed,
                        struct err *err);
    void (*close)(void **reader); /* accepts NULL */
    /* Reaches the source and says what it is, or why not. */
    enum rc (*check)(const struct pull_conf *conf, char detail[static PULL_DETAIL_BYTES],
                     struct err *err);
};

/* NULL: connectors of this channel and mode are not pulled. */
const struct pull_kind *pull_kind_find(const char *channel, const char *mode);

/* ---- for readers ---- */

/* Makes pull->publisher; durable and wants as in struct publisher_conf, NULL: none. */
enum rc pull_publisher_open(struct pull *pull,
                            void (*durable)(void *context, const struct publish_durable *durable),
                            bool (*wants)(void *context, const struct record *record),
                            void *context, struct err *err) MUST_USE;

/* Writes the run; one that is under way goes on. metadata: STR_NULL = nothing. */
enum rc pull_begin_run(struct pull *pull, const char *entity, enum sync_operation operation,
                       struct str metadata, struct err *err) MUST_USE;
/* Ends the run that is under way, if any: with success, or partly where something was rejected or
 * is_partial says so. Everything given to the publisher must be durable. */
enum rc pull_end_run(struct pull *pull, bool is_partial, struct str metadata,
                     struct err *err) MUST_USE;
/* What the run has read, written, rejected so far. */
struct sync_counts pull_run_counts(const struct pull *pull);

/* ---- for the frame ---- */

/* Ends the run that is under way, or else writes one, as an error, which the state then says too,
 * or as cancelled; what cannot be written is left. */
void pull_fail_run(struct pull *pull, enum sync_outcome outcome, const char *message);
void pull_close(struct pull *pull);

#endif
