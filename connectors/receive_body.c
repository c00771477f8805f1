#include "connectors/receive_body.h"

#include "connectors/gunzip.h"
#include "lib/limits.h"

#define KEPT_BYTES (64 * KIB)
#define PIECE_BYTES (16 * KIB)

bool body_budget_has(const struct body_budget *budget, uint64_t bytes)
{
    size_t held = atomic_load(&budget->held);
    return held <= budget->most && bytes <= budget->most - held;
}

void receive_body_init(struct receive_body *body, struct body_budget *budget)
{
    *body = (struct receive_body){.budget = budget};
    buf_init(&body->sent, 0);
    buf_init(&body->unfolded, 0);
}

void receive_body_done(struct receive_body *body)
{
    receive_body_reset(body);
    buf_done(&body->sent);
    buf_done(&body->unfolded);
}

static void empty(struct buf *buf)
{
    if (buf->cap > KEPT_BYTES)
        buf_done(buf);
    buf_reset(buf);
}

void receive_body_reset(struct receive_body *body)
{
    atomic_fetch_sub(&body->budget->held, body->held);
    body->held = 0;
    body->is_unfolded = false;
    empty(&body->sent);
    empty(&body->unfolded);
}

void receive_body_limit(struct receive_body *body, size_t most)
{
    body->most = body->sent.max = body->unfolded.max = most;
}

static enum body_result append(struct receive_body *body, struct buf *to, const char *bytes,
                               size_t n)
{
    size_t held = atomic_fetch_add(&body->budget->held, n) + n;
    body->held += n;
    if (held > body->budget->most)
        return BODY_BUSY;
    return buf_add(to, bytes, n) ? BODY_OK : BODY_TOO_LARGE;
}

enum body_result receive_body_add(struct receive_body *body, const char *bytes, size_t n)
{
    return append(body, &body->sent, bytes, n);
}

static enum body_result unfold(struct receive_body *body, struct gunzip *gunzip)
{
    char piece[PIECE_BYTES];
    size_t n;
    enum gunzip_result result;
    gunzip_feed(gunzip, buf_peek(&body->sent));
    while ((result = gunzip_next(gunzip, piece, sizeof piece, &n)) == GUNZIP_PIECE) {
        enum body_result added = append(body, &body->unfolded, piece, n);
        if (added != BODY_OK)
            return added;
    }
    return result == GUNZIP_HUNGRY && gunzip_is_complete(gunzip) ? BODY_OK : BODY_MALFORMED;
}

enum body_result receive_body_unfold(struct receive_body *body)
{
    struct gunzip *gunzip = gunzip_new();
    enum body_result result = unfold(body, gunzip);
    gunzip_free(&gunzip);
    atomic_fetch_sub(&body->budget->held, body->sent.n);
    body->held -= body->sent.n;
    body->is_unfolded = true;
    empty(&body->sent);
    return result;
}

struct str receive_body_peek(const struct receive_body *body)
{
    return buf_peek(body->is_unfolded ? &body->unfolded : &body->sent);
}
