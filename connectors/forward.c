#include "connectors/forward.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bus/deadletter.h"
#include "connectors/flights.h"
#include "connectors/spool.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "transform/ids.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS 5000
#define PAUSE_STEP_MS 20
#define LOOK_MS 200 /* into an empty spool */
#define LOOK_HURRIED_MS 1
#define ROOM_WAIT_MS 10
#define NOTE_EVERY_US (1 * US_PER_SECOND)
#define LAST_CONFIRMATIONS_MS 2000
#define PATH_PREFIX "/hooks/"
/* Behind whoever answers senders, but not behind without end: beside threads that never rest it
 * still gets about a tenth of a processor. */
#define NICE_BEHIND 10

struct forward {
    struct forward_conf conf;
    pthread_t thread;
    bool is_running;
    atomic_bool stopping;
    atomic_bool doubted; /* the bus is to be reached anew */
    struct flights *flights;
    struct ingest *ingest;
    atomic_bool has_failed; /* "failure" was written before */
    struct err failure;

    /* of the thread, while the bus is reached */
    struct bus_producer *producer;
    struct spool_reader *reader;
    bool is_away;    /* the bus takes nothing */
    uint64_t before; /* bodies confirmed, when it was reached */
    bool has_sent;   /* since then */
    int64_t noted;   /* the place that the spool knows */
    int64_t noted_us;

    int64_t
        refused; /* the place behind a body that goes as dead letter, since the bus refuses it */
    char refusal[sizeof((struct err *)0)->msg];
};

/* ---- a body whose connector is gone ---- */

struct homeless { /* what its message borrows */
    struct deadletter letter;
    struct deadletter_scratch scratch;
    char tenant_id[UUID_TEXT_BYTES];
    char origin[128];
    struct bus_message message;
};

static struct str until_slash(struct str *rest)
{
    const char *slash = memchr(rest->p, '/', rest->n);
    struct str part = {rest->p, slash != NULL ? (size_t)(slash - rest->p) : rest->n};
    size_t skip = part.n + (slash != NULL);
    *rest = (struct str){rest->p + skip, rest->n - skip};
    return part;
}

static void make_homeless(const struct spooled *spooled, struct homeless *homeless)
{
    struct str rest = str_of(spooled->path);
    if (str_starts_with(rest, PATH_PREFIX))
        rest = (struct str){rest.p + sizeof PATH_PREFIX - 1, rest.n - (sizeof PATH_PREFIX - 1)};
    struct str tenant = until_slash(&rest);
    struct str connector = until_slash(&rest);
    struct uuid id = ids_tenant(tenant);
    uuid_format(&id, homeless->tenant_id);
    (void)snprintf(homeless->origin, sizeof homeless->origin, "webhook/%.*s",
                   STR_ARGS(spooled->body.request_id));
    homeless->letter =
        (struct deadletter){.tenant = tenant,
                            .tenant_id = str_of(homeless->tenant_id),
                            .connector = connector,
                            .stage = STR_LIT("receive"),
                            .reason = STR_LIT("unknown_connector"),
                            .detail = STR_LIT("the connector left the pipeline file while the "
                                              "body was in the spool; add it, then replay"),
                            .origin = str_of(homeless->origin),
                            .first_seen_us = spooled->body.received_at_us,
                            .payload = spooled->body.bytes};
    deadletter_to_message(&homeless->letter, &homeless->scratch, &homeless->message);
    homeless->message.key = spooled->body.request_id;
}

/* ---- a body to a set ---- */

struct sending { /* one body on its way out of the spool */
    const struct spooled *spooled;
    const struct route *route;
    struct homeless homeless;
    struct ingest_set set;
};

static enum rc make_set(struct forward *forward, struct sending *sending, struct err *err)
{
    const struct spooled *spooled = sending->spooled;
    struct str no_token;
    sending->route = route_find(forward->conf.routes, spooled->path, &no_token);
    if (sending->route == NULL) {
        make_homeless(spooled, &sending->homeless);
        sending->set = (struct ingest_set){.messages = &sending->homeless.message, .count = 1};
        return RC_OK;
    }
    if (forward->refused == spooled->next) {
        ingest_refused(forward->ingest, sending->route, &spooled->body, forward->refusal,
                       &sending->set);
        return RC_OK;
    }
    return ingest_body(forward->ingest, sending->route, &spooled->body, &sending->set, err);
}

static bool may_go_on(struct forward *forward)
{
    return !atomic_load(&forward->stopping) && !atomic_load(&forward->doubted) &&
           !flights_state(forward->flights).has_failed;
}

/* Waits for room; RC_AGAIN: it is to go no further. */
static enum rc send_set(struct forward *forward, const struct sending *sending, struct err *err)
{
    const struct ingest_set *set = &sending->set;
    while (may_go_on(forward)) {
        void *flight = flights_begin(forward->flights, sending->spooled->next);
        if (flight != NULL) {
            enum rc rc = bus_produce(forward->producer, set->messages, set->count, flights_landed,
                                     flight, err);
            if (rc == RC_OK)
                return RC_OK;
            flights_cancel(forward->flights);
            forward->is_away |= rc == RC_RETRY;
            if (rc != RC_AGAIN)
                return rc;
        }
        flights_wait(forward->flights, ROOM_WAIT_MS);
    }
    return RC_AGAIN;
}

static void refuse(struct forward *forward, int64_t place, const struct err *why)
{
    if (forward->refused == place) /* as a dead letter too */
        LOG_ERROR("the bus refuses a body of the spool, and its dead letter: nothing behind it is "
                  "forwarded; let the brokers take larger messages (max.message.bytes)",
                  LOG_STR("error", why->msg));
    forward->refused = place;
    (void)snprintf(forward->refusal, sizeof forward->refusal, "%s", why->msg);
}

static enum rc send_body(struct forward *forward, const struct spooled *spooled, struct err *err)
{
    struct sending sending = {.spooled = spooled};
    enum rc rc = make_set(forward, &sending, err);
    if (rc == RC_OK)
        rc = send_set(forward, &sending, err);
    forward->has_sent |= rc == RC_OK;
    if (rc == RC_OK)
        receive_metrics_put(forward->conf.metrics, &sending.set, spooled->body.bytes.n);
    if (rc == RC_REJECT) { /* the body is read again, and goes as a dead letter */
        refuse(forward, spooled->next, err);
        rc = err->rc = RC_RETRY;
    }
    return rc;
}

/* ---- the spool ---- */

static enum rc note(struct forward *forward, struct err *err)
{
    int64_t confirmed = flights_state(forward->flights).confirmed;
    if (confirmed <= forward->noted)
        return RC_OK;
    enum rc rc = spool_reader_done(forward->reader, confirmed, err);
    if (rc == RC_OK)
        forward->noted = confirmed;
    return rc;
}

/* A full disk is no reason to stop: what is confirmed is then noted later. */
static enum rc note_now_and_then(struct forward *forward, struct err *err)
{
    int64_t now_us = clock_monotonic_us();
    if (now_us - forward->noted_us < NOTE_EVERY_US)
        return RC_OK;
    forward->noted_us = now_us;
    enum rc rc = note(forward, err);
    return rc == RC_FATAL ? rc : RC_OK;
}

/* That it could be reached does not say that the bus takes anything; a confirmation does. */
static bool is_proven(struct forward *forward)
{
    return !forward->has_sent || flights_state(forward->flights).count > forward->before;
}

static enum rc take_one(struct forward *forward, struct err *err)
{
    struct spooled spooled;
    const struct forward_conf *conf = &forward->conf;
    bool nothing_out = flights_state(forward->flights).out == 0;
    struct forward_look look = conf->look(conf->context);
    enum rc rc = spool_reader_next(forward->reader, look.in_a_hurry ? LOOK_HURRIED_MS : LOOK_MS,
                                   &spooled, err);
    if (rc == RC_OK)
        return send_body(forward, &spooled, err);
    if (rc != RC_AGAIN)
        return rc;
    if (!may_go_on(forward) || !spool_reader_is_the_one(forward->reader))
        return RC_OK;
    if (nothing_out)
        conf->drained(conf->context, look.mark);
    if (is_proven(forward))
        conf->caught_up(conf->context);
    return RC_OK;
}

static enum rc pass_on(struct forward *forward, struct err *err)
{
    enum rc rc = RC_OK;
    while (rc == RC_OK && may_go_on(forward)) {
        rc = take_one(forward, err);
        if (rc == RC_OK)
            rc = note_now_and_then(forward, err);
    }
    return rc == RC_AGAIN ? RC_OK : rc;
}

/* ---- the thread ---- */

/* False: it is to end, and the bus has not said what became of everything. */
static bool land_all(struct forward *forward)
{
    bool landed = false;
    while (!landed && !atomic_load(&forward->stopping))
        landed = flights_wait_for_all(forward->flights, LAST_CONFIRMATIONS_MS);
    return landed || flights_wait_for_all(forward->flights, LAST_CONFIRMATIONS_MS);
}

static enum rc take_stock(struct forward *forward, enum rc rc, struct err *err)
{
    struct err why = {0}, ignored;
    int64_t failed = -1;
    if (land_all(forward))
        flights_restart(forward->flights, &failed, &why);
    (void)!note(forward, &ignored);
    if (failed < 0)
        return rc;
    if (why.rc == RC_REJECT)
        refuse(forward, failed, &why);
    forward->is_away |= why.rc == RC_RETRY;
    if (rc == RC_FATAL)
        return rc;
    *err = why;
    return RC_RETRY;
}

/* From reaching the bus to losing it. */
static enum rc run_once(struct forward *forward, struct err *err)
{
    atomic_store(&forward->doubted, false);
    enum rc rc = forward->conf.reach(forward->conf.context, &forward->producer, err);
    forward->is_away = rc != RC_OK;
    if (rc == RC_OK)
        rc = spool_reader_open(forward->conf.spool, &forward->reader, err);
    if (rc == RC_OK) {
        forward->noted = -1;
        forward->has_sent = false;
        forward->before = flights_state(forward->flights).count;
        rc = pass_on(forward, err);
        rc = take_stock(forward, rc, err);
    }
    spool_reader_close(&forward->reader);
    forward->conf.interrupted(forward->conf.context, forward->is_away);
    return rc;
}

static void pause_for(struct forward *forward, int ms)
{
    for (int left = ms; left > 0 && !atomic_load(&forward->stopping); left -= PAUSE_STEP_MS)
        (void)usleep(PAUSE_STEP_MS * 1000);
}

/* A burst is answered from the spool first, and brought to the bus when it is over. What writes to
 * the bus is started by this thread and inherits its priority. */
static void step_behind(void)
{
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_BEHIND);
}

static void *run(void *context)
{
    struct forward *forward = context;
    int pause_ms = PAUSE_FIRST_MS;
    if (forward->conf.spool->always)
        step_behind();
    while (!atomic_load(&forward->stopping)) {
        struct err err = {0};
        uint64_t before = flights_state(forward->flights).count;
        enum rc rc = run_once(forward, &err);
        if (rc == RC_FATAL) {
            forward->failure = err;
            atomic_store(&forward->has_failed, true);
            break;
        }
        if (atomic_load(&forward->stopping))
            break;
        if (flights_state(forward->flights).count > before)
            pause_ms = PAUSE_FIRST_MS;
        if (rc == RC_OK) /* doubted */
            continue;
        LOG_WARN("bodies stay in the spool; forwarding is tried again", LOG_STR("error", err.msg),
                 LOG_INT("retry_ms", pause_ms));
        pause_for(forward, pause_ms);
        pause_ms = 2 * pause_ms < PAUSE_MOST_MS ? 2 * pause_ms : PAUSE_MOST_MS;
    }
    return NULL;
}

enum rc forward_start(const struct forward_conf *conf, struct forward **forward_out,
                      struct err *err)
{
    struct forward *forward = xcalloc(1, sizeof *forward);
    forward->conf = *conf;
    forward->refused = -1;
    forward->flights = flights_new();
    forward->ingest = ingest_pool_take(conf->ingests);
    forward->is_running = pthread_create(&forward->thread, NULL, run, forward) == 0;
    *forward_out = forward;
    return forward->is_running
               ? RC_OK
               : err_set(err, RC_FATAL, "cannot start the thread that empties the spool");
}

void forward_doubt(struct forward *forward)
{
    atomic_store(&forward->doubted, true);
}

void forward_stop(struct forward *forward)
{
    if (forward != NULL)
        atomic_store(&forward->stopping, true);
}

void forward_join(struct forward *forward)
{
    if (forward == NULL || !forward->is_running)
        return;
    (void)pthread_join(forward->thread, NULL);
    forward->is_running = false;
    ingest_pool_give(forward->conf.ingests, forward->ingest);
    forward->ingest = NULL;
}

void forward_free(struct forward **forward)
{
    if (forward == NULL || *forward == NULL)
        return;
    forward_stop(*forward);
    forward_join(*forward);
    if ((*forward)->ingest != NULL)
        ingest_pool_give((*forward)->conf.ingests, (*forward)->ingest);
    flights_free(&(*forward)->flights);
    free(*forward);
    *forward = NULL;
}

bool forward_has_failed(struct forward *forward, struct err *err_out)
{
    if (forward == NULL || !atomic_load(&forward->has_failed))
        return false;
    *err_out = forward->failure;
    return true;
}

uint64_t forward_count(struct forward *forward)
{
    return forward != NULL ? flights_state(forward->flights).count : 0;
}
