/* receive_answer.h: what a webhook request can come to, and the answer to each.
 *
 * Owns:    the prepared responses; they are shared by all requests and never changed.
 * Threads: constant after receive_answers_new. */
#ifndef SLUICE_CONNECTORS_RECEIVE_ANSWER_H
#define SLUICE_CONNECTORS_RECEIVE_ANSWER_H

#include <microhttpd.h>
#include <stdbool.h>

enum verdict {
    VERDICT_OPEN,     /* not decided yet */
    VERDICT_STORED,   /* the bus has confirmed all of it */
    VERDICT_VERIFIED, /* GET verification: the challenge is echoed */
    VERDICT_MALFORMED,
    VERDICT_UNAUTHORIZED,
    VERDICT_ASKED, /* for credentials */
    VERDICT_FORBIDDEN,
    VERDICT_NOT_FOUND,
    VERDICT_METHOD,
    VERDICT_TOO_LARGE,
    VERDICT_ENCODING,    /* compressed in a way that is not taken */
    VERDICT_BUSY,        /* a bounded queue is full */
    VERDICT_UNAVAILABLE, /* the bus is away, or this process is stopping */
    VERDICT_ABORTED,     /* the sender went away or was too slow: no answer */
    VERDICTS
};

struct receive_answers;

struct receive_answers *receive_answers_new(void);
void receive_answers_free(struct receive_answers **answers);

/* The stable word of a verdict, for metrics and logs. */
const char *verdict_name(enum verdict verdict);

/* no_4xx: what this sender is to send again is answered 503 (auth.h, client_errors_are_final).
 * closing: the connection is closed after the answer. */
enum MHD_Result receive_answer(const struct receive_answers *answers,
                               struct MHD_Connection *connection, enum verdict verdict, bool no_4xx,
                               bool closing);

#endif
