#include "connectors/sns_links.h"

#include <pthread.h>
#include <stdlib.h>

#include "connectors/http_client.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"

#define KEEP_CERTIFICATE_US (24 * 3600 * US_PER_SECOND)
#define KEEP_CONFIRMATION_US (600 * US_PER_SECOND)
#define KEEP_BAD_US (300 * US_PER_SECOND)
#define KEEP_AWAY_US (10 * US_PER_SECOND)

#define CONNECT_MS 3000
#define FETCH_MS 5000
#define CLIENT_ERRORS 400

struct link {
    bool is_used;
    unsigned char id[DIGEST_SHA256_BYTES];
    enum sns_link_kind kind;
    enum sns_link_state state;
    char *url;
    int64_t since_us; /* monotonic, as all times here: when it took its state */
    int64_t until_us; /* then it is as if unknown; of no meaning while it is pending */
    bool is_proven;
    struct pubkey *key;
    struct auth_wait *waits;
};

struct sns_links {
    const struct receive_connector *connector;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread;
    struct link links[SNS_LINKS_MOST];
    bool stopping;
    size_t pending;
    size_t waiting;
    int64_t fetches;    /* that may begin at once */
    int64_t counted_us; /* when that was counted */
};

struct found { /* what came of a fetch */
    enum sns_link_state state;
    struct pubkey *key;
    int64_t keep_us;
};

struct sns_links *sns_links_new(const struct receive_connector *connector)
{
    struct sns_links *links = xcalloc(1, sizeof *links);
    links->connector = connector;
    links->fetches = SNS_LINKS_BURST;
    links->counted_us = clock_monotonic_us();
    (void)pthread_mutex_init(&links->mutex, NULL);
    (void)pthread_cond_init(&links->changed, NULL);
    return links;
}

static void forget(struct link *link)
{
    pubkey_free(&link->key);
    free(link->url);
    *link = (struct link){.is_used = false};
}

void sns_links_free(struct sns_links **links)
{
    if (links == NULL || *links == NULL)
        return;
    sns_links_stop(*links);
    if ((*links)->has_thread)
        (void)pthread_join((*links)->thread, NULL);
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        forget(&(*links)->links[i]);
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

/* Within the mutex. */
static struct auth_wait *take_waits(struct sns_links *links, struct link *link)
{
    struct auth_wait *waits = link->waits;
    link->waits = NULL;
    for (struct auth_wait *wait = waits; wait != NULL; wait = wait->next)
        links->waiting--;
    return waits;
}

static struct link *find(struct sns_links *links, const unsigned char *id)
{
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        if (links->links[i].is_used && memcmp(links->links[i].id, id, DIGEST_SHA256_BYTES) == 0)
            return &links->links[i];
    return NULL;
}

void sns_links_await(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES],
                     struct auth_wait *wait)
{
    (void)pthread_mutex_lock(&links->mutex);
    struct link *link = find(links, id);
    bool waits = link != NULL && link->state == SNS_LINK_PENDING &&
                 links->waiting < SNS_LINKS_WAITS && !links->stopping;
    if (waits) {
        wait->next = link->waits;
        link->waits = wait;
        links->waiting++;
    }
    (void)pthread_mutex_unlock(&links->mutex);
    if (!waits)
        wait->ready(wait);
}

void sns_links_stop(struct sns_links *links)
{
    (void)pthread_mutex_lock(&links->mutex);
    links->stopping = true;
    (void)pthread_cond_signal(&links->changed);
    struct auth_wait *waits[SNS_LINKS_MOST];
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        waits[i] = take_waits(links, &links->links[i]);
    (void)pthread_mutex_unlock(&links->mutex);
    for (size_t i = 0; i < SNS_LINKS_MOST; i++)
        wake(waits[i]);
}

/* ---- fetching ---- */

static struct found read_certificate(struct str pem)
{
    int64_t from_us, until_us, now_us = clock_now_us();
    struct pubkey *key = pubkey_new_certificate(pem, &from_us, &until_us);
    if (key == NULL || now_us < from_us || now_us >= until_us) {
        pubkey_free(&key);
        return (struct found){SNS_LINK_BAD, NULL, KEEP_BAD_US};
    }
    int64_t left_us = until_us - now_us;
    return (struct found){SNS_LINK_THERE, key,
                          left_us < KEEP_CERTIFICATE_US ? left_us : KEEP_CERTIFICATE_US};
}

/* A redirect leads away from SNS, and may be a proxy's. */
static struct found judge(enum sns_link_kind kind, const struct http_reply *reply)
{
    enum http_verdict verdict = http_reply_verdict(reply->status);
    if (verdict == HTTP_DONE && kind == SNS_LINK_CERTIFICATE)
        return read_certificate(reply->body);
    if (verdict == HTTP_DONE)
        return (struct found){SNS_LINK_THERE, NULL, KEEP_CONFIRMATION_US};
    if (verdict == HTTP_BUSY || reply->status < CLIENT_ERRORS)
        return (struct found){SNS_LINK_AWAY, NULL, KEEP_AWAY_US};
    return (struct found){SNS_LINK_BAD, NULL, KEEP_BAD_US};
}

/* Nothing of the link is logged: whoever named it is not known yet. */
static void report(const struct sns_links *links, enum sns_link_kind kind,
                   const struct found *found, const struct http_reply *reply, const char *error)
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
static struct found fetch_from(const struct sns_links *links, enum sns_link_kind kind,
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
    struct found found = {SNS_LINK_AWAY, NULL, KEEP_AWAY_US};
    enum rc rc = http_client_new(&conf, &client, &err);
    if (rc == RC_OK)
        rc = http_client_call(client, &request, &reply, &err);
    if (rc == RC_OK)
        found = judge(kind, &reply);
    else if (rc == RC_REJECT && err.code == HTTP_TOO_LARGE)
        found = (struct found){SNS_LINK_BAD, NULL, KEEP_BAD_US};
    if (rc != RC_AGAIN)
        report(links, kind, &found, &reply, err.msg);
    http_client_free(&client);
    return found;
}

static struct found fetch(const struct sns_links *links, const struct link *link)
{
    char *host = xstrdup(link->url);
    char *path = strchr(host + strlen("https://"), '/'); /* is there: sns_message.h */
    *path = '\0';
    struct found found = fetch_from(links, link->kind, host, link->url + (path - host));
    free(host);
    return found;
}

/* A pending link is neither forgotten nor changed by anybody else. */
static struct link *next_pending(struct sns_links *links)
{
    struct link *next = NULL;
    for (size_t i = 0; i < SNS_LINKS_MOST; i++) {
        struct link *link = &links->links[i];
        if (link->is_used && link->state == SNS_LINK_PENDING &&
            (next == NULL || link->since_us < next->since_us))
            next = link;
    }
    return next;
}

static void settle(struct sns_links *links, struct link *link, const struct found *found)
{
    link->state = found->state;
    link->key = found->key;
    link->since_us = clock_monotonic_us();
    link->until_us = link->since_us + found->keep_us;
    links->pending--;
}

static void *run(void *context)
{
    struct sns_links *links = context;
    (void)pthread_mutex_lock(&links->mutex);
    while (!links->stopping) {
        struct link *link = next_pending(links);
        if (link == NULL) {
            (void)pthread_cond_wait(&links->changed, &links->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&links->mutex);
        struct found found = fetch(links, link);
        (void)pthread_mutex_lock(&links->mutex);
        settle(links, link, &found);
        struct auth_wait *waits = take_waits(links, link);
        (void)pthread_mutex_unlock(&links->mutex);
        wake(waits);
        (void)pthread_mutex_lock(&links->mutex);
    }
    (void)pthread_mutex_unlock(&links->mutex);
    return NULL;
}

/* ---- looking ---- */

static bool may_fetch(struct sns_links *links, int64_t now_us)
{
    int64_t more = (now_us - links->counted_us) / SNS_LINKS_EVERY_US;
    links->counted_us += more * SNS_LINKS_EVERY_US;
    links->fetches =
        links->fetches + more < SNS_LINKS_BURST ? links->fetches + more : SNS_LINKS_BURST;
    return links->fetches > 0 && links->pending < SNS_LINKS_PENDING && !links->stopping;
}

/* How much it is worth to remember. */
static int worth(const struct link *link, int64_t now_us)
{
    if (!link->is_used)
        return 0;
    if (link->state == SNS_LINK_PENDING)
        return INT32_MAX;
    if (now_us >= link->until_us)
        return 1;
    if (link->state != SNS_LINK_THERE)
        return 2;
    return link->is_proven ? 4 : 3;
}

/* The place of the least worth, the oldest of those. There are fewer pending ones than places. */
static struct link *make_room(struct sns_links *links, int64_t now_us)
{
    struct link *least = &links->links[0];
    for (size_t i = 1; i < SNS_LINKS_MOST; i++) {
        struct link *link = &links->links[i];
        int difference = worth(link, now_us) - worth(least, now_us);
        if (difference < 0 || (difference == 0 && link->since_us < least->since_us))
            least = link;
    }
    forget(least);
    return least;
}

static bool has_thread(struct sns_links *links)
{
    if (!links->has_thread)
        links->has_thread = pthread_create(&links->thread, NULL, run, links) == 0;
    return links->has_thread;
}

static enum sns_link_state begin(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                 const unsigned char *id, int64_t now_us)
{
    if (!may_fetch(links, now_us) || !has_thread(links))
        return SNS_LINK_BUSY;
    struct link *link = find(links, id);
    bool was_proven = link != NULL && link->is_proven;
    if (link != NULL)
        forget(link);
    else
        link = make_room(links, now_us);
    *link = (struct link){.is_used = true,
                          .kind = kind,
                          .state = SNS_LINK_PENDING,
                          .url = xmalloc(url.n + 1),
                          .since_us = now_us,
                          .is_proven = was_proven};
    memcpy(link->id, id, sizeof link->id);
    memcpy(link->url, url.p, url.n);
    link->url[url.n] = '\0';
    links->fetches--;
    links->pending++;
    (void)pthread_cond_signal(&links->changed);
    return SNS_LINK_PENDING;
}

static enum sns_link_state look(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                const unsigned char *id, struct pubkey **key_out)
{
    int64_t now_us = clock_monotonic_us();
    struct link *link = find(links, id);
    if (link == NULL || (link->state != SNS_LINK_PENDING && now_us >= link->until_us))
        return begin(links, kind, url, id, now_us);
    if (link->state == SNS_LINK_PENDING && links->waiting >= SNS_LINKS_WAITS)
        return SNS_LINK_BUSY;
    if (link->key != NULL)
        *key_out = pubkey_dup(link->key);
    return link->state;
}

/* The kind is a part of the name: what confirms is no certificate. */
static void name_link(enum sns_link_kind kind, struct str url, unsigned char *id_out)
{
    digest_sha256(url, id_out);
    id_out[0] = (unsigned char)((id_out[0] & 0xfe) | (kind == SNS_LINK_CONFIRMATION));
}

enum sns_link_state sns_links_look(struct sns_links *links, enum sns_link_kind kind, struct str url,
                                   unsigned char id_out[static DIGEST_SHA256_BYTES],
                                   struct pubkey **key_out)
{
    *key_out = NULL;
    name_link(kind, url, id_out);
    (void)pthread_mutex_lock(&links->mutex);
    enum sns_link_state state = look(links, kind, url, id_out, key_out);
    (void)pthread_mutex_unlock(&links->mutex);
    return state;
}

void sns_links_prove(struct sns_links *links, const unsigned char id[static DIGEST_SHA256_BYTES])
{
    (void)pthread_mutex_lock(&links->mutex);
    struct link *link = find(links, id);
    if (link != NULL && link->state == SNS_LINK_THERE)
        link->is_proven = true;
    (void)pthread_mutex_unlock(&links->mutex);
}
