/* mail_flow.h: the mails of one mailbox on their way to the publisher.
 *
 * The run is written (pull.h) when the first mail comes: one that finds nothing leaves no trace.
 * Owns:    nothing; the pull is borrowed.
 * Errors:  those of publish.h and pull.h. A mail without sense is no error, it is a dead letter.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_MAIL_FLOW_H
#define SLUICE_CONNECTORS_MAIL_FLOW_H

#include "connectors/pull.h"

#define MAIL_ENTITY "messages" /* of runs and states */
/* Mails that are read before the mailbox's place is stored. */
#define MAIL_GROUP_MAILS 500
#define MAIL_GROUP_BYTES (32 * MIB)
#define MAIL_DURABLE_MS 60000
/* How often a mail is asked for that the server does not give: once a run. */
#define MAIL_TRIES 3

struct mail_flow {
    struct pull *pull;
    enum sync_operation operation;
    struct str metadata; /* of the run */
    uint64_t given;      /* the mark of the last mail */
};

/* Where a mail was found. */
struct mail_place {
    struct str origin; /* "imap/INBOX/1795240011/30211", for dead letters and raw bytes */
    int64_t received_at;
    bool is_sent_folder;
    const struct str *labels;
    size_t label_count;
};

enum rc mail_flow_give(struct mail_flow *flow, const struct mail_place *place, struct str mail,
                       struct err *err) MUST_USE;
/* The server cannot give it. */
enum rc mail_flow_refuse(struct mail_flow *flow, const struct mail_place *place, const char *why,
                         struct err *err) MUST_USE;
/* Until all that was given is durable. RC_RETRY: it is not, and must be given again. */
enum rc mail_flow_wait(struct mail_flow *flow, struct err *err) MUST_USE;

/* When the mailbox was last seen as a whole. */
enum rc mail_flow_succeeded(struct mail_flow *flow, int64_t started_at, struct err *err) MUST_USE;
/* A reader's result as the frame wants it: a stop is said, too. */
enum rc mail_flow_end(enum rc rc, struct err *err);

#endif
