/* err.h: what went wrong, and what the caller does next.
 *
 * Owns:    the caller owns struct err; the place that fails writes it once, with numbers and names.
 * Errors:  a function returns enum rc; struct err is filled only when the result is not RC_OK (and
 * not RC_AGAIN). Style:   message = short fact, then detail, then hint; lower case; no function
 * names; never a secret, message body, phone number or mail address. Threads: plain values. */
#ifndef SLUICE_LIB_ERR_H
#define SLUICE_LIB_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

enum rc {
    RC_OK,        /* done */
    RC_AGAIN,     /* nothing now (empty, queue full): try later, nothing was changed */
    RC_RETRY,     /* the other side is away or busy: retry with backoff */
    RC_REJECT,    /* the input can never be accepted: dead letter */
    RC_UNCERTAIN, /* sent, answer lost: repeat with the same keys, which makes it safe */
    RC_FATAL      /* stop: configuration, invariant or machine */
};

struct err {
    enum rc rc;
    int code;         /* HTTP status, Kafka or SQLite error; 0 = none */
    char sqlstate[6]; /* "" = not from PostgreSQL */
    char msg[512];
};

/* Fills err (NULL allowed) and returns rc, so that a failing function can end in "return
 * err_set(...)". */
__attribute__((format(printf, 3, 4))) enum rc err_set(struct err *err, enum rc rc,
                                                      const char *format, ...);

#endif
