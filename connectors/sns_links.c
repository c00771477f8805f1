#include "connectors/sns_links.h"

#include <pthread.h>
#include <stdlib.h>

#include "connectors/http_client.h"
#include "lib/arena.h"
#include "lib/limits.h"
#include "lib/log.h"

#define CONNECT_MS 3000
#define FETCH_MS 5000
#define CLIENT_ERRORS 400

struct sns_links {
    const struct receive_connector *connector;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread;
    bool stopping;
    struct sns_cache cache;
};

struct sns_links *sns_links_new(const struct receive_connector *connector)
{
    struct sns_links *links = xcalloc(1, sizeof *links);
    links->connector = connector;
    sns_cache_init(&links->cache, clock_monotonic_us());
    (void)pthread_mutex_init(&links->mutex, NULL);
    (void)pthread_cond_init(&links->changed, NULL);
    return links;
}

void sns_links_free(struct sns_links **links)
{
    if (links == NULL || *links == NULL)
        return;
    sns_links_stop(*links);
    if ((*links)->has_thread)
        (void)pthread_join((*links)->thread, NULL);
    sns_cache_done(&(*links)->cache);
    (void)pthread_cond_destroy(&(*links)->changed);
    (void)pthread_mutex_destroy(&(*links)->mutex);
    free(*links);
    *links = NULL;
}

/* ---- waiting ---- */

/* Outside of the mutex. */
static void wake(struct auth_wait *waits)
{
    for (struct auth_wait *next; waits != NULL; waits = next) {
        next = waits->next;
        waits->ready(waits);
    }
}

void sns_links_await(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait)
{
    (void)pthread_mutex_lock(&links->mutex);
    bool waits = !links->stopping && sns_cache_await(&links->cache, id, wait);
    (void)pthread_mutex_unlock(&links->mutex);
    if (!waits)
        wait->ready(wait);
}

void sns_links_stop(struct sns_links *links)
{
    (void)pthread_mutex_lock(&links->mutex);
    links->stopping = true;
    (void)pthread_cond_signal(&links->changed);
    for (struct auth_wait *waits; (waits = sns_cache_take_waits(&links->cache)) != NULL;) {
        (void)pthread_mutex_unlock(&links->mutex);
        wake(waits);
        (void)pthread_mutex_lock(&links->mutex);
    }
    (void)pthread_mutex_unlock(&links->mutex);
}

/* ---- fetching ---- */

static struct sns_found read_certificate(struct str pem)
{
    int64_t from_us, until_us, now_us = clock_now_us();
    struct pubkey *key = pubkey_new_certificate(pem, &from_us, &until_us);
    if (key == NULL || now_us < from_us || now_us >= until_us) {
        pubkey_free(&key);
        return (struct sns_found){SNS_LINK_BAD, NULL, 0};
    }
    return (struct sns_found){SNS_LINK_THERE, key, until_us - now_us};
}

/* A redirect leads away from SNS, and may be a proxy's. */
static struct sns_found judge(enum sns_link_kind kind, const struct http_reply *reply)
{
    enum http_verdict verdict = http_reply_verdict(reply->status);
    if (verdict == HTTP_DONE && kind == SNS_LINK_CERTIFICATE)
        return read_certificate(reply->body);
    if (verdict == HTTP_DONE)
        return (struct sns_found){SNS_LINK_THERE, NULL, 0};
    if (verdict == HTTP_BUSY || reply->status < CLIENT_ERRORS)
        return (struct sns_found){SNS_LINK_AWAY, NULL, 0};
    return (struct sns_found){SNS_LINK_BAD, NULL, 0};
}

/* Nothing of the link is logged: whoever named it is not known yet. */
static void report(const struct sns_links *links, enum sns_link_kind kind,
                   const struct sns_found *found, const struct http_reply *reply, const char *error)
{
    static const char *const failures[] = {
        [SNS_LINK_CERTIFICATE] = "no certificate of Amazon SNS at the address that a message "
                                 "names; if none is accepted, see that this machine reaches "
                                 "https://sns.REGION.amazonaws.com",
        [SNS_LINK_CONFIRMATION] = "cannot confirm a subscription to Amazon SNS; see that this "
                                  "machine reaches https://sns.REGION.amazonaws.com, and request "
                                  "the confirmation again"};
    const char *connector = links->connector->name;
    if (found->state != SNS_LINK_THERE)
        LOG_WARN(failures[kind], LOG_STR("connector", connector), LOG_INT("status", reply->status),
                 LOG_STR("error", error));
    else if (kind == SNS_LINK_CONFIRMATION)
        LOG_INFO("subscription to Amazon SNS confirmed", LOG_STR("connector", connector));
}

/* host: with its scheme; path: from its first "/" on. */
static struct sns_found fetch_from(const struct sns_links *links, enum sns_link_kind kind,
                                   const char *host, const char *path)
{
    const struct http_client_conf conf = {.url = host,
                                          .ca_file = links->connector->sns_ca_file,
                                          .connect_to = links->connector->sns_connect_to,
                                          .connect_timeout_ms = CONNECT_MS,
                                          .max_body_bytes = LIMIT_SNS_DOCUMENT_BYTES};
    const struct http_request request = {.what = "Amazon SNS",
                                         .path = path,
                                         .secret = host + strlen("https://"),
                                         .timeout_ms = FETCH_MS};
    struct http_client *client = NULL;
    struct http_reply reply = {.status = 0};
    struct err err = {.msg = ""};
    struct sns_found found = {SNS_LINK_AWAY, NULL, 0};
    enum rc rc = http_client_new(&conf, &client, &err);
    if (rc == RC_OK)
        rc = http_client_call(client, &request, &reply, &err);
    if (rc == RC_OK)
        found = judge(kind, &reply);
    else if (rc == RC_REJECT && err.code == HTTP_TOO_LARGE)
        found = (struct sns_found){SNS_LINK_BAD, NULL, 0};
    if (rc != RC_AGAIN)
        report(links, kind, &found, &reply, err.msg);
    http_client_free(&client);
    return found;
}

static struct sns_found fetch(const struct sns_links *links, const struct sns_link *link)
{
    char *host = xstrdup(link->url);
    char *path = strchr(host + strlen("https://"), '/'); /* is there: sns_message.h */
    *path = '\0';
    struct sns_found found = fetch_from(links, link->kind, host, link->url + (path - host));
    free(host);
    return found;
}

static void *run(void *context)
{
    struct sns_links *links = context;
    (void)pthread_mutex_lock(&links->mutex);
    while (!links->stopping) {
        struct sns_link *link = sns_cache_next(&links->cache);
        if (link == NULL) {
            (void)pthread_cond_wait(&links->changed, &links->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&links->mutex);
        struct sns_found found = fetch(links, link);
        (void)pthread_mutex_lock(&links->mutex);
        struct auth_wait *waits =
            sns_cache_settle(&links->cache, link, &found, clock_monotonic_us());
        (void)pthread_mutex_unlock(&links->mutex);
        wake(waits);
        (void)pthread_mutex_lock(&links->mutex);
    }
    (void)pthread_mutex_unlock(&links->mutex);
    return NULL;
}

/* ---- looking ---- */

static bool has_thread(struct sns_links *links)
{
    if (!links->has_thread && !links->stopping)
        links->has_thread = pthread_create(&links->thread, NULL, run, links) == 0;
    return links->has_thread;
}

enum sns_link_state sns_links_look(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                   unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out)
{
    enum sns_link_state state = SNS_LINK_BUSY;
    *key_out = NULL;
    (void)pthread_mutex_lock(&links->mutex);
    if (has_thread(links))
        state = sns_cache_look(&links->cache, kind, url, clock_monotonic_us(), id_out, key_out);
    (void)pthread_cond_signal(&links->changed);
    (void)pthread_mutex_unlock(&links->mutex);
    return state;
}

void sns_links_prove(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES])
{
    (void)pthread_mutex_lock(&links->mutex);
    sns_cache_prove(&links->cache, id);
    (void)pthread_mutex_unlock(&links->mutex);
}
