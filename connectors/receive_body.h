/* receive_body.h: the body of one request, as its sender sent it and unfolded, within what all
 * bodies together may take.
 *
 * Units:   bytes. What is counted in the budget is what was received, not what was announced: a
 *          stranger cannot take room by promising a body.
 * Errors:  enum body_result says what to answer.
 * Threads: a body belongs to one, the budget to all. */
#ifndef SLUICE_CONNECTORS_RECEIVE_BODY_H
#define SLUICE_CONNECTORS_RECEIVE_BODY_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/buf.h"

struct body_budget {
    size_t most;
    atomic_size_t held;
};

bool body_budget_has(const struct body_budget *budget, uint64_t bytes);

enum body_result {
    BODY_OK,
    BODY_TOO_LARGE, /* than "most" */
    BODY_BUSY,      /* than what is left of the budget */
    BODY_MALFORMED  /* it is no gzip, is cut short, or something follows */
};

struct receive_body {
    struct body_budget *budget;
    size_t most;
    size_t held;
    bool is_unfolded;
    struct buf sent;
    struct buf unfolded;
};

/* The budget is borrowed. */
void receive_body_init(struct receive_body *body, struct body_budget *budget);
void receive_body_done(struct receive_body *body);

/* Empties it and gives its room back; memory is kept for the next one, except much of it. */
void receive_body_reset(struct receive_body *body);
void receive_body_limit(struct receive_body *body, size_t most);

enum body_result receive_body_add(struct receive_body *body, const char *bytes, size_t n);
/* The bytes are gzip: from here on receive_body_peek gives what they unfold to, at most "most". The
 * bytes as sent are dropped. */
enum body_result receive_body_unfold(struct receive_body *body);

struct str receive_body_peek(const struct receive_body *body);

#endif
