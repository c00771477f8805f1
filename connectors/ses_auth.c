#include "connectors/ses_auth.h"

#include <stdlib.h>

#include "connectors/auth_password.h"
#include "connectors/sns_links.h"
#include "connectors/sns_message.h"
#include "lib/arena.h"
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"

#define TOLERANCE_S (12 * 60 * 60)
#define SIGNATURE_MOST_BYTES 1024 /* RSA of 8192 bits */

struct auth_keys {
    const struct receive_connector *connector;
    struct auth_password *password;
    struct sns_links *links; /* shared; borrowed */
    struct jpath *jpath;
    struct arena *arena; /* of the body in hand */
};

struct auth_shared {
    struct sns_links *links;
};

/* ---- what is kept ---- */

static struct auth_shared *shared_new(const struct receive_connector *connector)
{
    struct auth_shared *shared = xcalloc(1, sizeof *shared);
    shared->links = sns_links_new(connector);
    return shared;
}

static void shared_stop(struct auth_shared *shared)
{
    sns_links_stop(shared->links);
}

static void shared_free(struct auth_shared **shared)
{
    if (shared == NULL || *shared == NULL)
        return;
    sns_links_free(&(*shared)->links);
    free(*shared);
    *shared = NULL;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->connector = connector;
    keys->password = auth_password_new(connector);
    keys->links = shared->links;
    keys->jpath = jpath_new(sns_message_rules);
    keys->arena = arena_new("message of Amazon SNS", LIMIT_AUTH_PROOF_BYTES);
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_password_free(&(*keys)->password);
    jpath_free(&(*keys)->jpath);
    arena_free(&(*keys)->arena);
    free(*keys);
    *keys = NULL;
}

/* ---- headers ---- */

static bool is_topic(const struct receive_connector *connector, struct str topic)
{
    for (size_t i = 0; i < connector->topics.n; i++)
        if (str_is(topic, connector->topics.v[i]))
            return true;
    return false;
}

static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    claim_out->kind = auth_header(source, "x-amz-sns-message-type");
    claim_out->id = auth_header(source, "x-amz-sns-message-id");
    if (sns_type_of(claim_out->kind) == SNS_TYPES || claim_out->id.n == 0 ||
        !is_topic(connector, auth_header(source, "x-amz-sns-topic-arn")))
        return AUTH_REFUSED;
    return connector->basic.n > 0 ? auth_password_claim(connector, source, claim_out) : AUTH_OK;
}

/* ---- the body ---- */

static bool read_message(struct auth_keys *keys, struct str body, struct sns_message *message_out)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_SNS_BODY_BYTES,
                                               LIMIT_SNS_BODY_BYTES};
    struct err err;
    memset(message_out, 0, sizeof *message_out);
    arena_reset(keys->arena);
    jpath_begin(keys->jpath, &limits, keys->arena, message_out, NULL);
    return body.n <= LIMIT_SNS_BODY_BYTES &&
           jpath_feed(keys->jpath, body.p, body.n, &err) == RC_OK &&
           jpath_finish(keys->jpath, &err) == RC_OK;
}

static bool is_in_time(const struct auth_keys *keys, struct str timestamp, int64_t now_us)
{
    int64_t tolerance_s = keys->connector->tolerance_s;
    int64_t at_us;
    if (tolerance_s <= 0)
        tolerance_s = TOLERANCE_S;
    return clock_parse(timestamp, &at_us) && llabs(at_us - now_us) <= tolerance_s * US_PER_SECOND;
}

static bool is_ours(const struct auth_keys *keys, const struct auth_claim *claimed,
                    const struct sns_message *message)
{
    bool is_version = str_is(message->version, "2") ||
                      (str_is(message->version, "1") && !keys->connector->refuses_sha1);
    return is_version && str_equal(message->type, claimed->kind) &&
           str_equal(message->id, claimed->id) && sns_message_is_whole(message) &&
           is_topic(keys->connector, message->topic) &&
           is_in_time(keys, message->timestamp, claimed->now_us) &&
           sns_is_certificate_url(message->certificate_url);
}

static enum auth_result result_of(enum sns_link_state state)
{
    static const enum auth_result results[] = {
        [SNS_LINK_THERE] = AUTH_OK,    [SNS_LINK_PENDING] = AUTH_WAIT,
        [SNS_LINK_BUSY] = AUTH_BUSY,   [SNS_LINK_AWAY] = AUTH_UNAVAILABLE,
        [SNS_LINK_BAD] = AUTH_REFUSED,
    };
    return results[state];
}

static bool is_signature_right(const struct pubkey *key, const struct sns_message *message)
{
    unsigned char signature[SIGNATURE_MOST_BYTES];
    struct str parts[SNS_PARTS_MOST];
    size_t n;
    if (!base64_read(message->signature, signature, sizeof signature, &n))
        return false;
    enum pubkey_digest digest = str_is(message->version, "1") ? PUBKEY_SHA1 : PUBKEY_SHA256;
    size_t count = sns_message_signed(message, parts);
    return pubkey_verify(key, digest, parts, count, (struct str){(const char *)signature, n});
}

static enum auth_result verify(struct auth_keys *keys, struct auth_claim *claimed,
                               const struct sns_message *message)
{
    struct pubkey *key;
    enum auth_result result = result_of(sns_links_look(
        keys->links, SNS_LINK_CERTIFICATE, message->certificate_url, claimed->awaited, &key));
    if (result == AUTH_OK && !is_signature_right(key, message))
        result = AUTH_REFUSED;
    if (result == AUTH_OK)
        sns_links_prove(keys->links, claimed->awaited);
    pubkey_free(&key);
    return result;
}

/* A link that Amazon does not take any more confirms nothing, however often the message comes. */
static enum auth_result confirm(struct auth_keys *keys, struct auth_claim *claimed,
                                const struct sns_message *message)
{
    struct pubkey *none;
    enum sns_link_state state = sns_links_look(keys->links, SNS_LINK_CONFIRMATION,
                                               message->subscribe_url, claimed->awaited, &none);
    return state == SNS_LINK_BAD ? AUTH_OK : result_of(state);
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    struct sns_message message;
    if (keys->connector->basic.n > 0 && auth_password_check(keys->password, claimed) != AUTH_OK)
        return AUTH_REFUSED;
    if (!read_message(keys, body, &message) || !is_ours(keys, claimed, &message))
        return AUTH_REFUSED;
    enum auth_result result = verify(keys, claimed, &message);
    enum sns_type type = sns_type_of(message.type);
    if (result == AUTH_OK && type == SNS_SUBSCRIPTION_CONFIRMATION)
        result = confirm(keys, claimed, &message);
    if (result == AUTH_OK && type == SNS_UNSUBSCRIBE_CONFIRMATION)
        LOG_WARN("Amazon SNS has ended a subscription: nothing of its topic comes any more; "
                 "subscribe again if that was not meant",
                 LOG_STR("connector", keys->connector->name), LOG_STRN("topic", message.topic));
    return result;
}

static void await(struct auth_shared *shared, const struct auth_claim *claimed,
                  struct auth_wait *wait)
{
    sns_links_await(shared->links, claimed->awaited, wait);
}

const struct auth_channel ses_auth = {
    .channel = "email",
    .provider = "ses",
    .client_errors_are_final = true,
    .proof_is_in_body = true,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
    .shared_new = shared_new,
    .shared_stop = shared_stop,
    .shared_free = shared_free,
    .await = await,
};
