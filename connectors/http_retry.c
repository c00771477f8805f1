#include "connectors/http_retry.h"

#include <stdio.h>

#include "lib/backoff.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/stop.h"

#define SAID_BYTES 200
#define SAID_READ_BYTES 1000 /* at least SAID_BYTES and a secret */
#define ASKED_JITTER_MS 500

/* What the server said, as one line of plain characters. The secret goes before the line is cut,
 * which could leave a part of it. */
static const char *said(const struct http_reply *reply, const char *secret,
                        char text[static SAID_READ_BYTES])
{
    struct str body = reply->body;
    size_t n = 0;
    if (body.n == 0)
        return "an empty body";
    if (body.p[0] == '<')
        return "a page of HTML or XML";
    for (size_t i = 0; i < body.n && n < SAID_READ_BYTES - 1; i++)
        if (body.p[i] >= ' ' && body.p[i] <= '~')
            text[n++] = body.p[i];
    text[n] = '\0';
    http_scrub(text, secret);
    text[strnlen(text, SAID_BYTES)] = '\0';
    return text;
}

static enum rc unwanted(const struct http_request *request, const struct http_reply *reply,
                        enum rc rc, const char *what, struct err *err)
{
    char text[SAID_READ_BYTES];
    (void)err_set(err, rc, "%s: HTTP %d, %s%s", request->what, reply->status, what,
                  said(reply, request->secret, text));
    if (err != NULL)
        err->code = reply->status;
    return rc;
}

static enum rc judge(const struct http_request *request, const struct http_retry *retry,
                     const struct http_reply *reply, struct err *err)
{
    switch (http_reply_verdict(reply->status)) {
    case HTTP_UNAUTHORIZED:
        return RC_OK;
    case HTTP_BUSY:
        return unwanted(request, reply, RC_RETRY, "", err);
    case HTTP_REFUSED:
        return unwanted(request, reply, RC_REJECT, "", err);
    case HTTP_DONE:
        break;
    }
    if (retry->is_sound(retry->context, reply))
        return RC_OK;
    return unwanted(request, reply, RC_RETRY, "not what was asked for: ", err);
}

static enum rc try_once(struct http_client *client, const struct http_request *request,
                        const struct http_retry *retry, struct http_reply *reply_out,
                        struct err *err)
{
    enum rc rc = retry->before != NULL ? retry->before(retry->context, err) : RC_OK;
    if (rc != RC_OK)
        return rc;
    retry->counts->calls++;
    rc = http_client_call(client, request, reply_out, err);
    return rc == RC_OK ? judge(request, retry, reply_out, err) : rc;
}

/* Those who were told the same do not come back at the same moment either. */
static int64_t delay_of(struct backoff *backoff, int64_t asked_ms)
{
    int64_t own_ms = backoff_next_ms(backoff);
    int64_t least_ms = asked_ms > 0 ? asked_ms + backoff_jitter_ms(ASKED_JITTER_MS) : 0;
    return own_ms > least_ms ? own_ms : least_ms;
}

enum rc http_retry_call(struct http_client *client, const struct http_request *request,
                        const struct http_retry *retry, struct http_reply *reply_out,
                        struct err *err)
{
    struct backoff backoff = {.first_ms = retry->first_ms, .most_ms = retry->most_ms};
    *reply_out = (struct http_reply){.date_us = TIME_NONE};
    enum rc rc = try_once(client, request, retry, reply_out, err);
    for (int tries = 1; rc == RC_RETRY && tries < retry->tries; tries++) {
        if (reply_out->retry_after_ms > HTTP_RETRY_AFTER_MOST_MS)
            break;
        if (retry->failed != NULL)
            retry->failed(retry->context, err);
        int64_t delay_ms = delay_of(&backoff, reply_out->retry_after_ms);
        LOG_DEBUG("a call is tried again", LOG_STR("call", request->what),
                  LOG_STR("error", err->msg), LOG_INT("in_ms", delay_ms));
        stop_sleep_ms((int)delay_ms);
        if (stop_requested())
            return err_set(err, RC_AGAIN, "%s: given up, a stop was requested", request->what);
        retry->counts->retries++;
        rc = try_once(client, request, retry, reply_out, err);
    }
    return rc;
}
