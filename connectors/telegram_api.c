#include "connectors/telegram_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/conf_value.h"
#include "lib/limits.h"
#include "transform/jpath.h"

#define PATH_BYTES 512
#define NUMBER_BYTES 24
#define ARENA_BYTES (1 * MIB)
#define CONNECT_MS 10000
#define CALL_MS 30000 /* beside what the server is asked to wait */
#define TRIES 6
#define FIRST_MS 1000
#define MOST_MS 60000
#define UPDATES_MOST "100"
#define CONFLICT 409
#define DEPTH_MOST                                                                                 \
    500 /* what is deeper than a map reads is its dead letter, not an answer to ask for again */

/* reference/telegram.md 3.5: asked for with every call, since the server remembers the last list.
 */
#define ALLOWED                                                                                    \
    "[\"message\",\"edited_message\",\"channel_post\",\"edited_channel_post\","                    \
    "\"business_connection\",\"business_message\",\"edited_business_message\","                    \
    "\"deleted_business_messages\",\"guest_message\",\"message_reaction\","                        \
    "\"message_reaction_count\",\"callback_query\",\"poll\",\"poll_answer\",\"my_chat_member\","   \
    "\"chat_member\",\"chat_join_request\"]"

struct update {
    struct jpath_element element;
    struct str id;
};

struct batch { /* of getUpdates */
    struct str ok;
    int64_t count, last_id;
};

struct answer { /* of the other methods */
    struct str ok;
    struct str url, pending; /* getWebhookInfo */
    struct str username;     /* getMe */
};

struct telegram_api {
    struct telegram_api_conf conf;
    struct http_client *client;
    struct jpath *batch_reader;
    struct jpath *answer_reader;
    struct arena *arena; /* what is read of one answer */
    struct batch batch;
    struct answer answer;
};

/* ---- answers ---- */

/* The last id of the answer, and not the highest: after a week of silence ids begin anew, perhaps
 * lower. */
static enum rc update_end(void *context, void *element, struct err *err)
{
    struct telegram_api *api = context;
    const struct update *update = element;
    (void)err;
    api->batch.count++;
    if (!conf_value_int(update->id, &api->batch.last_id))
        api->batch.last_id = -1;
    return RC_OK;
}

static const struct jpath_rule update_rules[] = {
    JPATH_NUMBER("update_id", struct update, id),
    JPATH_RULES_END,
};

static const struct jpath_rule batch_rules[] = {
    JPATH_BOOL("ok", struct batch, ok),
    JPATH_END("result[]", struct update, update_rules, update_end),
    JPATH_RULES_END,
};

static const struct jpath_rule answer_rules[] = {
    JPATH_BOOL("ok", struct answer, ok),
    JPATH_STR("result.url", struct answer, url),
    JPATH_NUMBER("result.pending_update_count", struct answer, pending),
    JPATH_STR("result.username", struct answer, username),
    JPATH_RULES_END,
};

static bool read_json(struct telegram_api *api, struct jpath *reader, void *root, struct str body)
{
    static const struct jpath_limits limits = {DEPTH_MOST, LIMIT_HTTP_REPLY_BYTES,
                                               LIMIT_HTTP_REPLY_BYTES};
    struct err ignored;
    arena_reset(api->arena);
    jpath_begin(reader, &limits, api->arena, root, api);
    return jpath_feed(reader, body.p, body.n, &ignored) == RC_OK &&
           jpath_finish(reader, &ignored) == RC_OK;
}

static bool is_batch(void *context, const struct http_reply *reply)
{
    struct telegram_api *api = context;
    api->batch = (struct batch){.last_id = -1};
    return read_json(api, api->batch_reader, &api->batch, reply->body) &&
           str_is(api->batch.ok, "true") && (api->batch.count == 0 || api->batch.last_id >= 0);
}

static bool is_answer(void *context, const struct http_reply *reply)
{
    struct telegram_api *api = context;
    api->answer = (struct answer){.ok = STR_NULL};
    return read_json(api, api->answer_reader, &api->answer, reply->body) &&
           str_is(api->answer.ok, "true");
}

/* ---- calls ---- */

enum rc telegram_api_has_webhook(struct err *err)
{
    return err_set(
        err, RC_REJECT,
        "the updates of this bot go to a webhook, so they cannot be polled; call the Bot "
        "API's deleteWebhook, or set mode: webhook");
}

static enum rc refused(enum rc rc, struct err *err)
{
    struct err said = *err;
    if (said.code == CONFLICT && strstr(said.msg, "webhook") != NULL)
        return telegram_api_has_webhook(err);
    if (said.code == CONFLICT)
        return err_set(err, RC_RETRY, "another program polls this bot; end it: %.300s", said.msg);
    if (rc == RC_REJECT && said.code != 0)
        return err_set(err, rc, "%.300s; compare token and url", said.msg);
    return rc;
}

static enum rc call(struct telegram_api *api, struct http_request *request,
                    bool (*is_sound)(void *context, const struct http_reply *reply),
                    struct http_reply *reply, struct err *err)
{
    char path[PATH_BYTES];
    const struct http_retry retry = {.tries = api->conf.is_hasty ? 1 : TRIES,
                                     .first_ms = FIRST_MS,
                                     .most_ms = MOST_MS,
                                     .is_sound = is_sound,
                                     .context = api,
                                     .counts = api->conf.counts};
    int n = snprintf(path, sizeof path, "/bot%s/%s", api->conf.token, request->what);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(err, RC_REJECT, "%s: the token is too long", request->what);
    request->path = path;
    request->secret = api->conf.token;
    enum rc rc = http_retry_call(api->client, request, &retry, reply, err);
    if (rc == RC_OK && http_reply_verdict(reply->status) == HTTP_UNAUTHORIZED)
        return err_set(
            err, RC_REJECT,
            "%s: HTTP %d: the token is no longer good; ask BotFather for the current one",
            request->what, reply->status);
    return rc == RC_OK ? RC_OK : refused(rc, err);
}

enum rc telegram_api_updates(struct telegram_api *api, int64_t offset, int timeout_s,
                             struct telegram_updates *updates_out, struct err *err)
{
    char from[NUMBER_BYTES], wait[NUMBER_BYTES];
    struct http_reply reply;
    (void)snprintf(from, sizeof from, "%" PRId64, offset);
    (void)snprintf(wait, sizeof wait, "%d", timeout_s);
    const struct http_parameter parameters[] = {{"offset", offset > 0 ? from : NULL},
                                                {"limit", UPDATES_MOST},
                                                {"timeout", wait},
                                                {"allowed_updates", ALLOWED}};
    struct http_request request = {.what = "getUpdates",
                                   .parameters = parameters,
                                   .parameter_count = sizeof parameters / sizeof *parameters,
                                   .timeout_ms = CALL_MS + timeout_s * 1000};
    enum rc rc = call(api, &request, is_batch, &reply, err);
    *updates_out = (struct telegram_updates){reply.body, api->batch.count, api->batch.last_id};
    return rc;
}

enum rc telegram_api_webhook(struct telegram_api *api, struct telegram_webhook *webhook_out,
                             struct err *err)
{
    struct http_reply reply;
    struct http_request request = {.what = "getWebhookInfo", .timeout_ms = CALL_MS};
    *webhook_out = (struct telegram_webhook){.pending = 0};
    enum rc rc = call(api, &request, is_answer, &reply, err);
    if (rc != RC_OK)
        return rc;
    webhook_out->is_set = api->answer.url.n > 0;
    (void)conf_value_int(api->answer.pending, &webhook_out->pending);
    return RC_OK;
}

enum rc telegram_api_name(struct telegram_api *api, char name_out[static TELEGRAM_NAME_BYTES],
                          struct err *err)
{
    struct http_reply reply;
    struct http_request request = {.what = "getMe", .timeout_ms = CALL_MS};
    enum rc rc = call(api, &request, is_answer, &reply, err);
    if (rc == RC_OK)
        (void)snprintf(name_out, TELEGRAM_NAME_BYTES, "%.*s", STR_ARGS(api->answer.username));
    return rc;
}

/* ---- life ---- */

enum rc telegram_api_open(const struct telegram_api_conf *conf, struct telegram_api **api_out,
                          struct err *err)
{
    const struct http_client_conf http = {.url = conf->url != NULL ? conf->url : TELEGRAM_URL,
                                          .ca_file = conf->ca_file,
                                          .connect_timeout_ms = CONNECT_MS,
                                          .max_body_bytes = LIMIT_HTTP_REPLY_BYTES};
    struct http_client *client = NULL;
    *api_out = NULL;
    enum rc rc = http_client_new(&http, &client, err);
    if (rc != RC_OK)
        return rc;
    struct telegram_api *api = xcalloc(1, sizeof *api);
    api->conf = *conf;
    api->client = client;
    api->batch_reader = jpath_new(batch_rules);
    api->answer_reader = jpath_new(answer_rules);
    api->arena = arena_new("telegram answer", ARENA_BYTES);
    *api_out = api;
    return RC_OK;
}

void telegram_api_close(struct telegram_api **api)
{
    if (api == NULL || *api == NULL)
        return;
    http_client_free(&(*api)->client);
    jpath_free(&(*api)->batch_reader);
    jpath_free(&(*api)->answer_reader);
    arena_free(&(*api)->arena);
    free(*api);
    *api = NULL;
}
