#include "connectors/b2chat_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf_value.h"
#include "lib/limits.h"
#include "lib/stop.h"
#include "transform/jpath.h"

#define NUMBER_BYTES 24
#define TOKEN_BYTES 4096
#define CONNECT_MS 10000
#define CALL_MS 120000
#define SLOW_S 30
#define TRIES 6
#define FIRST_MS 1000
#define MOST_MS 60000
#define LIMIT_LEAST 25
#define GOOD_PAGES 20
#define RENEW_S 60        /* a token is renewed so long before it ends */
#define SHORT_LIVED_S 120 /* one that ends sooner comes again and again until it has ended */

static const struct {
    const char *name;
    const char *path;
    int64_t limit;
    const char *from, *to, *order;
} lists[] = {
    {"chats", "/chats/export", 200, "date_range_from", "date_range_to", "asc"},
    {"contacts", "/contacts/export", 1000, "updated_from", "updated_to", "ASC"},
};

struct token {
    struct str access_token;
    struct str expires_in;
};

struct b2chat_api {
    struct b2chat_api_conf conf;
    struct http_client *client;
    struct b2chat_page_reader *pages;
    struct jpath *token_reader;
    struct arena *arena; /* of a token's reply */
    struct token token_reply;
    char token[TOKEN_BYTES]; /* "" = none */
    int64_t token_until_us;  /* monotonic */
    int64_t skew_us;
    double bucket; /* calls that may be made at once */
    int64_t bucket_us;
    int good_pages;
    /* of the call under way */
    const struct b2chat_query *query;
    char limit_text[NUMBER_BYTES];
    struct b2chat_page page;
};

const char *b2chat_api_path(enum b2chat_list list)
{
    return lists[list].path;
}

int64_t b2chat_api_now(const struct b2chat_api *api)
{
    return clock_now_us() + api->skew_us;
}

int64_t b2chat_api_skew_us(const struct b2chat_api *api)
{
    return api->skew_us;
}

/* The header has whole seconds: a difference below two is none. */
static void learn_clock(struct b2chat_api *api, const struct http_reply *reply)
{
    if (reply->date_us == TIME_NONE)
        return;
    int64_t skew = reply->date_us - clock_now_us();
    api->skew_us = skew > -2 * US_PER_SECOND && skew < 2 * US_PER_SECOND ? 0 : skew;
}

/* ---- how often ---- */

static void wait_for_bucket(struct b2chat_api *api)
{
    double rate = (double)api->conf.calls_per_second;
    for (;;) {
        int64_t now = clock_monotonic_us();
        api->bucket += (double)(now - api->bucket_us) * rate / (double)US_PER_SECOND;
        api->bucket = api->bucket > rate ? rate : api->bucket;
        api->bucket_us = now;
        if (api->bucket >= 1 || stop_requested())
            break;
        stop_sleep_ms((int)((1 - api->bucket) * 1000 / rate) + 1);
    }
    api->bucket -= 1;
}

static enum rc count_call(struct b2chat_api *api, struct err *err)
{
    struct b2chat_pace *pace = api->conf.pace;
    int32_t today = day_of(zone_to_local(api->conf.zone, clock_now_us()));
    if (pace->day != today)
        pace->calls = 0;
    pace->day = today;
    if (pace->calls >= api->conf.calls_per_day)
        return err_set(err, RC_REJECT,
                       "the %" PRId64
                       " calls of this day are used up; it goes on tomorrow, or raise "
                       "calls_per_day",
                       api->conf.calls_per_day);
    pace->calls++;
    return RC_OK;
}

static enum rc before_call(void *context, struct err *err)
{
    struct b2chat_api *api = context;
    wait_for_bucket(api);
    if (stop_requested())
        return err_set(err, RC_AGAIN, "a stop was requested");
    return count_call(api, err);
}

/* ---- the token ---- */

static const struct jpath_rule token_rules[] = {
    JPATH_STR("access_token", struct token, access_token),
    JPATH_SCALAR("expires_in", struct token, expires_in),
    JPATH_RULES_END,
};

static bool is_token(void *context, const struct http_reply *reply)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, TOKEN_BYTES, 16 * KIB};
    struct b2chat_api *api = context;
    struct err ignored;
    api->token_reply = (struct token){.access_token = STR_NULL};
    arena_reset(api->arena);
    jpath_begin(api->token_reader, &limits, api->arena, &api->token_reply, NULL);
    return jpath_feed(api->token_reader, reply->body.p, reply->body.n, &ignored) == RC_OK &&
           jpath_finish(api->token_reader, &ignored) == RC_OK &&
           api->token_reply.access_token.n > 0 && api->token_reply.access_token.n < TOKEN_BYTES;
}

static void keep_token(struct b2chat_api *api)
{
    int64_t lives_s = 0;
    (void)conf_value_int(api->token_reply.expires_in, &lives_s);
    lives_s += lives_s < SHORT_LIVED_S ? 1 : -RENEW_S;
    (void)snprintf(api->token, sizeof api->token, "%.*s", STR_ARGS(api->token_reply.access_token));
    api->token_until_us = clock_monotonic_us() + lives_s * US_PER_SECOND;
}

static struct http_retry patience(struct b2chat_api *api,
                                  bool (*is_sound)(void *context, const struct http_reply *reply),
                                  void (*failed)(void *context, const struct err *err))
{
    return (struct http_retry){.tries = api->conf.is_hasty ? 1 : TRIES,
                               .first_ms = FIRST_MS,
                               .most_ms = MOST_MS,
                               .is_sound = is_sound,
                               .before = before_call,
                               .failed = failed,
                               .context = api,
                               .counts = api->conf.counts};
}

static enum rc fetch_token(struct b2chat_api *api, struct err *err)
{
    static const struct http_parameter grant = {"grant_type", "client_credentials"};
    const struct http_retry retry = patience(api, is_token, NULL);
    const struct http_request request = {.what = "/oauth/token",
                                         .path = "/oauth/token",
                                         .parameters = &grant,
                                         .parameter_count = 1,
                                         .user = api->conf.client_id,
                                         .password = api->conf.client_secret,
                                         .is_post = true,
                                         .timeout_ms = CALL_MS,
                                         .slow_s = SLOW_S};
    struct http_reply reply;
    api->token[0] = '\0';
    enum rc rc = http_retry_call(api->client, &request, &retry, &reply, err);
    if (rc != RC_OK)
        return rc;
    learn_clock(api, &reply);
    if (http_reply_verdict(reply.status) == HTTP_UNAUTHORIZED)
        return err_set(
            err, RC_REJECT,
            "/oauth/token: HTTP %d: client_id and client_secret are not those of a client "
            "of this account; the console shows them under Integrations, BotApi",
            reply.status);
    keep_token(api);
    return RC_OK;
}

enum rc b2chat_api_login(struct b2chat_api *api, struct err *err)
{
    bool is_good = api->token[0] != '\0' && clock_monotonic_us() < api->token_until_us;
    return is_good ? RC_OK : fetch_token(api, err);
}

/* ---- pages ---- */

static bool is_page(void *context, const struct http_reply *reply)
{
    struct b2chat_api *api = context;
    return b2chat_page_read(api->pages, lists[api->query->list].name, reply->body, &api->page);
}

static void set_limit(struct b2chat_api *api, int64_t limit)
{
    api->conf.pace->limits[api->query->list] = limit;
    (void)snprintf(api->limit_text, sizeof api->limit_text, "%" PRId64, limit);
}

static void halve_limit(struct b2chat_api *api, int64_t least)
{
    int64_t half = api->conf.pace->limits[api->query->list] / 2;
    api->good_pages = 0;
    set_limit(api, half > least ? half : least);
}

static void page_failed(void *context, const struct err *err)
{
    if (err->code == HTTP_TIMED_OUT || err->code == 504)
        halve_limit(context, LIMIT_LEAST);
}

static void page_was_good(struct b2chat_api *api)
{
    int64_t *limit = &api->conf.pace->limits[api->query->list];
    int64_t most = lists[api->query->list].limit;
    if (++api->good_pages < GOOD_PAGES)
        return;
    api->good_pages = 0;
    *limit = 2 * *limit < most ? 2 * *limit : most;
}

static enum rc fetch_page(struct b2chat_api *api, struct http_reply *reply, struct err *err)
{
    const struct b2chat_query *query = api->query;
    bool is_contacts = query->list == B2CHAT_CONTACTS;
    char from[DAY_TEXT_BYTES], to[DAY_TEXT_BYTES], offset[NUMBER_BYTES];
    day_format(query->from, from);
    day_format(query->to, to);
    (void)snprintf(offset, sizeof offset, "%" PRId64, query->offset);
    const struct http_parameter parameters[] = {
        {lists[query->list].from, from},
        {lists[query->list].to, to},
        {"order_dir", lists[query->list].order},
        {"offset", offset},
        {"limit", api->limit_text}, /* changed between tries */
        {"skip_custom_attributes", is_contacts ? "false" : NULL},
        {"skip_tags", is_contacts ? "false" : NULL},
    };
    const struct http_retry retry = patience(api, is_page, page_failed);
    const struct http_request request = {.what = lists[query->list].path,
                                         .path = lists[query->list].path,
                                         .parameters = parameters,
                                         .parameter_count = sizeof parameters / sizeof *parameters,
                                         .bearer = api->token,
                                         .timeout_ms = CALL_MS,
                                         .slow_s = SLOW_S};
    return http_retry_call(api->client, &request, &retry, reply, err);
}

static enum rc fetch_fitting(struct b2chat_api *api, struct http_reply *reply, struct err *err)
{
    enum rc rc = fetch_page(api, reply, err);
    while (rc == RC_REJECT && err->code == HTTP_TOO_LARGE &&
           api->conf.pace->limits[api->query->list] > 1) {
        halve_limit(api, 1);
        rc = fetch_page(api, reply, err);
    }
    return rc;
}

/* A token may end before its time, or be another's doing: once it is fetched anew. */
static enum rc fetch_signed(struct b2chat_api *api, struct http_reply *reply, struct err *err)
{
    enum rc rc = b2chat_api_login(api, err);
    if (rc == RC_OK)
        rc = fetch_fitting(api, reply, err);
    if (rc != RC_OK || http_reply_verdict(reply->status) != HTTP_UNAUTHORIZED)
        return rc;
    rc = fetch_token(api, err);
    if (rc == RC_OK)
        rc = fetch_fitting(api, reply, err);
    if (rc != RC_OK || http_reply_verdict(reply->status) != HTTP_UNAUTHORIZED)
        return rc;
    api->token[0] = '\0';
    return err_set(
        err, RC_REJECT,
        "%s: HTTP 401 with a token that was just given; ask B2Chat whether this client may "
        "export",
        lists[api->query->list].path);
}

enum rc b2chat_api_page(struct b2chat_api *api, const struct b2chat_query *query,
                        struct b2chat_reply *reply_out, struct err *err)
{
    struct http_reply reply;
    api->query = query;
    set_limit(api, api->conf.pace->limits[query->list]);
    enum rc rc = fetch_signed(api, &reply, err);
    if (rc != RC_OK)
        return rc;
    learn_clock(api, &reply);
    *reply_out = (struct b2chat_reply){.page = api->page,
                                       .body = reply.body,
                                       .limit = api->conf.pace->limits[query->list],
                                       .fetched_at = clock_now_us()};
    if (reply.body.n > LIMIT_BODY_MOST_BYTES && api->conf.pace->limits[query->list] > 1)
        halve_limit(api, 1); /* the next ones shall fit into one message of the bus */
    else
        page_was_good(api);
    return RC_OK;
}

/* ---- life ---- */

enum rc b2chat_api_open(const struct b2chat_api_conf *conf, struct b2chat_api **api_out,
                        struct err *err)
{
    const struct http_client_conf http = {.url = conf->url,
                                          .ca_file = conf->ca_file,
                                          .connect_timeout_ms = CONNECT_MS,
                                          .max_body_bytes = LIMIT_HTTP_REPLY_BYTES};
    struct http_client *client = NULL;
    *api_out = NULL;
    enum rc rc = http_client_new(&http, &client, err);
    if (rc != RC_OK)
        return rc;
    struct b2chat_api *api = xcalloc(1, sizeof *api);
    api->conf = *conf;
    api->client = client;
    api->pages = b2chat_page_reader_new();
    api->token_reader = jpath_new(token_rules);
    api->arena = arena_new("b2chat token", 64 * KIB);
    api->bucket = (double)conf->calls_per_second;
    api->bucket_us = clock_monotonic_us();
    for (int list = 0; list < B2CHAT_LISTS; list++)
        if (conf->pace->limits[list] <= 0 || conf->pace->limits[list] > lists[list].limit)
            conf->pace->limits[list] = lists[list].limit;
    *api_out = api;
    return RC_OK;
}

void b2chat_api_close(struct b2chat_api **api)
{
    if (api == NULL || *api == NULL)
        return;
    http_client_free(&(*api)->client);
    b2chat_page_reader_free(&(*api)->pages);
    jpath_free(&(*api)->token_reader);
    arena_free(&(*api)->arena);
    free(*api);
    *api = NULL;
}
