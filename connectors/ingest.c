#include "connectors/ingest.h"

#include <stdlib.h>
#include <strings.h>

#include "connectors/outset.h"
#include "lib/arena.h"
#include "lib/limits.h"

/* What is the same for all bodies of a route. */
struct lane {
    struct normalizer *normalizer;
    struct normalizer_counts counts; /* of all bodies before the one in hand */
    struct auth_keys *keys;
    struct channel_account *accounts;
    struct normalizer_conf conf;
    struct envelope envelope;
};

struct ingest {
    const struct route_table *routes;
    bool archive_raw;
    ingest_rejected_fn *rejected;
    void *rejected_context;
    struct lane **lanes; /* by route index; NULL until first used */

    /* of the body in hand */
    const struct route *route;
    const struct ingest_body *body;
    size_t record_count;
    size_t reject_count;
    size_t letter_count;
    struct outset *outset;
    struct arena *arena; /* texts of one dead letter */
};

struct ingest *ingest_new(const struct route_table *routes, bool archive_raw,
                          ingest_rejected_fn *rejected, void *context)
{
    struct ingest *ingest = xcalloc(1, sizeof *ingest);
    ingest->routes = routes;
    ingest->archive_raw = archive_raw;
    ingest->rejected = rejected;
    ingest->rejected_context = context;
    ingest->lanes = xcalloc(route_count(routes), sizeof(struct lane *));
    ingest->arena = arena_new("ingest", LIMIT_SCOPE_ARENA_BYTES);
    ingest->outset = outset_new();
    return ingest;
}

static void lane_free(const struct route *route, struct lane *lane)
{
    if (lane == NULL)
        return;
    normalizer_free(&lane->normalizer);
    route->auth->keys_free(&lane->keys);
    free(lane->accounts);
    free(lane);
}

void ingest_free(struct ingest **ingest)
{
    if (ingest == NULL || *ingest == NULL)
        return;
    for (size_t i = 0; i < route_count((*ingest)->routes); i++)
        lane_free(route_at((*ingest)->routes, i), (*ingest)->lanes[i]);
    free((*ingest)->lanes);
    arena_free(&(*ingest)->arena);
    outset_free(&(*ingest)->outset);
    free(*ingest);
    *ingest = NULL;
}

static struct channel_account account_of(const struct receive_connector *connector)
{
    return (struct channel_account){str_of(connector->account), str_of(connector->provider),
                                    connector->channel_id, &connector->settings};
}

/* The connector's own account, then all others of the tenant on this channel: a platform's app has
 * one callback address for all its numbers (reference/whatsapp.md 1.1), so a body may carry any of
 * them, whatever its route. */
static size_t accounts_of(const struct route_table *routes,
                          const struct receive_connector *connector,
                          struct channel_account **accounts_out)
{
    size_t connector_count;
    const struct receive_connector *connectors = route_connectors(routes, &connector_count);
    struct channel_account *accounts = xcalloc(connector_count, sizeof *accounts);
    size_t count = 0;
    accounts[count++] = account_of(connector);
    for (size_t i = 0; i < connector_count; i++) {
        const struct receive_connector *other = &connectors[i];
        if (other != connector && strcmp(other->tenant, connector->tenant) == 0 &&
            strcmp(other->channel, connector->channel) == 0)
            accounts[count++] = account_of(other);
    }
    *accounts_out = accounts;
    return count;
}

/* Canonical records say themselves which of the tenant's channels they belong to. */
static bool takes_any_account(const struct receive_connector *connector)
{
    return strcmp(connector->channel, "canonical") == 0;
}

static struct lane *lane_new(const struct route_table *routes, const struct route *route)
{
    const struct receive_connector *connector = route->connector;
    struct lane *lane = xcalloc(1, sizeof *lane);
    size_t account_count = accounts_of(routes, connector, &lane->accounts);
    lane->conf = (struct normalizer_conf){.channel = str_of(connector->channel),
                                          .provider = str_of(connector->map_provider),
                                          .format = route->format,
                                          .tenant = str_of(connector->tenant),
                                          .tenant_id = connector->tenant_id,
                                          .accounts = lane->accounts,
                                          .account_count = account_count,
                                          .any_account = takes_any_account(connector)};
    envelope_init(&lane->envelope, connector->tenant, &connector->tenant_id, connector->name,
                  &connector->channel_id);
    lane->keys = route->auth->keys_new(connector, route->shared);
    return lane;
}

static struct lane *lane_of(struct ingest *ingest, const struct route *route)
{
    struct lane **lane = &ingest->lanes[route->index];
    if (*lane == NULL)
        *lane = lane_new(ingest->routes, route);
    return *lane;
}

struct auth_keys *ingest_keys(struct ingest *ingest, const struct route *route)
{
    return lane_of(ingest, route)->keys;
}

/* ---- dead letters ---- */

static bool letter_fits(const struct ingest *ingest)
{
    size_t bytes = ingest->body->bytes.n;
    return ingest->letter_count < INGEST_LETTERS_MOST &&
           (ingest->letter_count == 0 ||
            bytes <= INGEST_LETTERS_BYTES / (ingest->letter_count + 1));
}

static void put_letter(struct ingest *ingest, const struct deadletter *why)
{
    const struct ingest_body *body = ingest->body;
    struct deadletter letter = *why;
    letter.origin =
        arena_printf(ingest->arena, "%s/%.*s", ingest->route->is_sent ? "sent" : "webhook",
                     STR_ARGS(body->request_id));
    letter.first_seen_us = body->received_at_us;
    letter.payload = body->bytes;
    if (outset_add_letter(ingest->outset, &lane_of(ingest, ingest->route)->envelope, &letter,
                          body->request_id))
        ingest->letter_count++; /* else: counted, and summed up in the last letter */
}

static void refuse(struct ingest *ingest, const struct deadletter *why)
{
    ingest->reject_count++;
    ingest->rejected(ingest->rejected_context, why->reason.p);
    if (letter_fits(ingest))
        put_letter(ingest, why);
}

static enum rc on_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct ingest *ingest = context;
    struct deadletter why = {
        .stage = envelope_stage(reject->code),
        .reason = str_of(reject_code_name(reject->code)),
        .detail = arena_printf(ingest->arena, "%.*s (at byte %lld)", STR_ARGS(reject->detail),
                               (long long)reject->offset),
        .path = reject->path,
    };
    refuse(ingest, &why);
    return RC_OK;
}

static void refuse_record(struct ingest *ingest, const struct record *record,
                          const struct err *fault)
{
    struct deadletter why = {
        .stage = STR_LIT("normalize"),
        .entity_type = str_of(record_kind_name(record->kind)),
        .external_id = record->external_id,
        .reason = str_of(reject_code_name(REJECT_BAD_VALUE)),
        .detail = str_of(fault->msg),
    };
    refuse(ingest, &why);
}

/* Only when letters were left out: says how many. */
static void sum_up_letters(struct ingest *ingest)
{
    size_t missing = ingest->reject_count - ingest->letter_count;
    if (missing == 0)
        return;
    struct deadletter why = {
        .stage = STR_LIT("normalize"),
        .reason = STR_LIT("more_rejects"),
        .detail =
            arena_printf(ingest->arena, "%zu further elements of this body were refused", missing),
    };
    put_letter(ingest, &why);
}

/* ---- records ---- */

static enum rc on_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    struct ingest *ingest = context;
    struct err fault;
    const struct lane *lane = lane_of(ingest, ingest->route);
    if (outset_add_record(ingest->outset, &lane->envelope, record, &fault) == RC_OK)
        ingest->record_count++;
    else
        refuse_record(ingest, record, &fault);
    return RC_OK;
}

static enum source_kind source_of(const struct route *route)
{
    return route->is_sent ? SOURCE_SENT : SOURCE_WEBHOOK;
}

static bool is_media_type(struct str content_type, const char *type)
{
    size_t n = strlen(type);
    return content_type.n >= n && strncasecmp(content_type.p, type, n) == 0 &&
           (content_type.n == n || memchr("; \t", content_type.p[n], 3) != NULL);
}

/* Only of a tenant's own programs; a platform that names such a type still sends what its map
 * reads.
 */
static bool is_lines(const struct route *route, struct str content_type)
{
    return (route->is_sent || takes_any_account(route->connector)) &&
           (is_media_type(content_type, "application/x-ndjson") ||
            is_media_type(content_type, "application/jsonl"));
}

static enum rc normalize(struct ingest *ingest, struct lane *lane, struct err *err)
{
    if (lane->normalizer == NULL) {
        struct normalizer_sink sink = {on_record, on_reject, ingest};
        enum rc rc = normalizer_new(&lane->conf, &sink, &lane->normalizer, err);
        if (rc != RC_OK)
            return rc;
    }
    struct document document = document_at(ingest->body->received_at_us, source_of(ingest->route));
    document.is_lines = is_lines(ingest->route, ingest->body->content_type);
    normalizer_begin(lane->normalizer, &document);
    enum rc rc =
        normalizer_feed(lane->normalizer, ingest->body->bytes.p, ingest->body->bytes.n, err);
    return rc == RC_OK ? normalizer_end(lane->normalizer, err) : rc;
}

/* ---- the set ---- */

static void add_raw(struct ingest *ingest, const struct lane *lane)
{
    const struct ingest_body *body = ingest->body;
    const struct outset_raw raw = {.bytes = body->bytes,
                                   .key = body->request_id,
                                   .format =
                                       ingest->route->is_sent ? ingest->route->format : STR_NULL,
                                   .content_type = body->content_type,
                                   .received_at_us = body->received_at_us};
    bool added = outset_add_raw(ingest->outset, &lane->envelope, &raw);
    (void)added; /* letters leave room: letter_fits */
}

static void begin(struct ingest *ingest, const struct route *route, const struct ingest_body *body)
{
    outset_reset(ingest->outset);
    arena_reset(ingest->arena);
    ingest->route = route;
    ingest->body = body;
    ingest->record_count = ingest->reject_count = ingest->letter_count = 0;
}

static void finish(struct ingest *ingest, bool with_raw, struct ingest_set *set_out)
{
    if (with_raw)
        add_raw(ingest, lane_of(ingest, ingest->route));
    *set_out = (struct ingest_set){
        .messages = outset_messages(ingest->outset),
        .count = outset_count(ingest->outset),
        .records = ingest->record_count,
        .rejects = ingest->reject_count,
    };
}

/* The normalizer counts since it was made; the set states what this body added. */
static void take_counts(struct lane *lane, struct ingest_set *set)
{
    struct normalizer_counts now;
    normalizer_counts(lane->normalizer, &now);
    set->ignored = now.ignored - lane->counts.ignored;
    set->text_replaced = now.text_replaced - lane->counts.text_replaced;
    lane->counts = now;
}

enum rc ingest_body(struct ingest *ingest, const struct route *route,
                    const struct ingest_body *body, struct ingest_set *set_out, struct err *err)
{
    begin(ingest, route, body);
    enum rc rc = normalize(ingest, lane_of(ingest, route), err);
    if (rc != RC_OK)
        return rc;
    sum_up_letters(ingest);
    finish(ingest, ingest->archive_raw, set_out);
    take_counts(lane_of(ingest, route), set_out);
    return RC_OK;
}

void ingest_refused(struct ingest *ingest, const struct route *route,
                    const struct ingest_body *body, const char *detail, struct ingest_set *set_out)
{
    begin(ingest, route, body);
    struct deadletter why = {.stage = STR_LIT("publish"),
                             .reason = str_of(reject_code_name(REJECT_TOO_LARGE)),
                             .detail = str_of(detail)};
    refuse(ingest, &why);
    finish(ingest, false, set_out);
}
