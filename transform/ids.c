#include "transform/ids.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/decimal.h"

#define SHA1_BYTES 20
#define USUAL_NAME_BYTES 512 /* longer names are joined on the heap */
#define SCOPES 64            /* a power of two */
#define LAST_BYTES 96
#define SEPARATOR "\x1f"

/* e07eee82-723a-5041-bd89-b8e5b82da15b */
static const struct uuid namespace_id = {{0xe0, 0x7e, 0xee, 0x82, 0x72, 0x3a, 0x50, 0x41, 0xbd,
                                          0x89, 0xb8, 0xe5, 0xb8, 0x2d, 0xa1, 0x5b}};

/* The hash of what all ids of a kind in a channel begin with: "<kind>/<tenant>/<channel>/". To go
 * on from a copy of it costs half of hashing the whole name. */
struct scope {
    struct str kind; /* p == NULL: free */
    struct uuid tenant_id, channel_id;
    EVP_MD_CTX *begun;
    /* The entity asked for last: the records of one body name the same ones again and again. */
    char last[LAST_BYTES];
    size_t last_bytes; /* 0 = none */
    struct uuid last_id;
};

struct hasher { /* one for each thread */
    EVP_MD_CTX *work;
    struct scope scopes[SCOPES];
};

/* Fetched once: an implicit fetch per call halves the rate (limits.md 2), and libuuid's own SHA-1
 * is half as fast as OpenSSL's. */
static EVP_MD *sha1_algorithm;
static pthread_key_t hasher_key; /* only to give the hasher back when its thread ends */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static _Thread_local struct hasher *hasher;

static void require(bool ok)
{
    if (ok)
        return;
    (void)fprintf(
        stderr,
        "level=fatal msg=\"OpenSSL cannot compute SHA-1; check the installation of libssl3\"\n");
    exit(1);
}

static void free_hasher(void *gone)
{
    struct hasher *h = gone;
    EVP_MD_CTX_free(h->work);
    for (size_t i = 0; i < SCOPES; i++)
        EVP_MD_CTX_free(h->scopes[i].begun);
    free(h);
}

static void prepare(void)
{
    sha1_algorithm = EVP_MD_fetch(NULL, "SHA1", NULL);
    require(sha1_algorithm != NULL && pthread_key_create(&hasher_key, free_hasher) == 0);
}

static EVP_MD_CTX *new_context(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL);
    return context;
}

static struct hasher *own_hasher(void)
{
    if (hasher != NULL)
        return hasher;
    (void)pthread_once(&prepared, prepare);
    hasher = xcalloc(1, sizeof *hasher);
    hasher->work = new_context();
    require(pthread_setspecific(hasher_key, hasher) == 0);
    return hasher;
}

static void begin(EVP_MD_CTX *context)
{
    require(EVP_DigestInit_ex2(context, sha1_algorithm, NULL) == 1 &&
            EVP_DigestUpdate(context, &namespace_id, sizeof namespace_id) == 1);
}

/* The parts laid end to end, as one piece: every update has its price. */
static void add_parts(EVP_MD_CTX *context, const struct str *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    char usual[USUAL_NAME_BYTES];
    char *name = n <= sizeof usual ? usual : xmalloc(n);
    char *to = name;
    for (size_t i = 0; i < count; i++)
        if (parts[i].n > 0)
            to = (char *)memcpy(to, parts[i].p, parts[i].n) + parts[i].n;
    require(EVP_DigestUpdate(context, name, n) == 1);
    if (name != usual)
        free(name);
}

/* RFC 4122 4.3 */
static struct uuid finish(EVP_MD_CTX *context)
{
    unsigned char digest[SHA1_BYTES];
    require(EVP_DigestFinal_ex(context, digest, NULL) == 1);
    struct uuid id;
    memcpy(id.b, digest, sizeof id.b);
    id.b[6] = (unsigned char)((id.b[6] & 0x0F) | 0x50); /* version 5 */
    id.b[8] = (unsigned char)((id.b[8] & 0x3F) | 0x80); /* variant 10 */
    return id;
}

static struct str uuid_text(const struct uuid *id, char text[static UUID_TEXT_BYTES])
{
    uuid_format(id, text);
    return (struct str){text, UUID_TEXT_BYTES - 1};
}

static struct str number_text(int64_t number, char text[static DECIMAL_TEXT_BYTES])
{
    return (struct str){text, decimal_format(number, text)};
}

/* ---- scopes ---- */

static bool scope_is(const struct scope *scope, struct str kind, const struct uuid *tenant_id,
                     const struct uuid *channel_id)
{
    return str_equal(scope->kind, kind) && uuid_order(&scope->channel_id, channel_id) == 0 &&
           uuid_order(&scope->tenant_id, tenant_id) == 0;
}

static void scope_set(struct scope *scope, struct str kind, const struct uuid *tenant_id,
                      const struct uuid *channel_id)
{
    if (scope->begun == NULL)
        scope->begun = new_context();
    scope->kind = kind;
    scope->tenant_id = *tenant_id;
    scope->channel_id = *channel_id;
    scope->last_bytes = 0;
    char tenant[UUID_TEXT_BYTES], channel[UUID_TEXT_BYTES];
    const struct str parts[] = {kind,
                                STR_LIT("/"),
                                uuid_text(tenant_id, tenant),
                                STR_LIT("/"),
                                uuid_text(channel_id, channel),
                                STR_LIT("/")};
    begin(scope->begun);
    add_parts(scope->begun, parts, sizeof parts / sizeof parts[0]);
}

/* Two scopes on one place take turns there, which costs time and nothing else. */
static struct scope *scope_of(struct hasher *h, struct str kind, const struct uuid *tenant_id,
                              const struct uuid *channel_id)
{
    size_t mix = channel_id->b[0] + (size_t)31 * (unsigned char)kind.p[0] + 7 * kind.n;
    struct scope *scope = &h->scopes[mix % SCOPES];
    if (!scope_is(scope, kind, tenant_id, channel_id))
        scope_set(scope, kind, tenant_id, channel_id);
    return scope;
}

static struct uuid id_in(struct hasher *h, const struct scope *scope, const struct str *parts,
                         size_t count)
{
    require(EVP_MD_CTX_copy_ex(h->work, scope->begun) == 1);
    add_parts(h->work, parts, count);
    return finish(h->work);
}

/* kind: a literal */
static struct uuid scoped(const char *kind, const struct uuid *tenant_id,
                          const struct uuid *channel_id, const struct str *parts, size_t count)
{
    struct hasher *h = own_hasher();
    return id_in(h, scope_of(h, str_of(kind), tenant_id, channel_id), parts, count);
}

static struct uuid unscoped(const struct str *parts, size_t count)
{
    struct hasher *h = own_hasher();
    begin(h->work);
    add_parts(h->work, parts, count);
    return finish(h->work);
}

#define PARTS(...)                                                                                 \
    ((const struct str[]){__VA_ARGS__}),                                                           \
        sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)

/* ---- ids ---- */

struct uuid ids_tenant(struct str slug)
{
    return unscoped(PARTS(STR_LIT("tenant/"), slug));
}

struct uuid ids_channel(const struct uuid *tenant_id, struct str provider,
                        struct str external_account_id)
{
    char tenant[UUID_TEXT_BYTES];
    return unscoped(PARTS(STR_LIT("channel/"), uuid_text(tenant_id, tenant), STR_LIT("/"), provider,
                          STR_LIT("/"), external_account_id));
}

struct uuid ids_entity(const char *kind, const struct uuid *tenant_id,
                       const struct uuid *channel_id, struct str external_id)
{
    struct hasher *h = own_hasher();
    struct scope *scope = scope_of(h, str_of(kind), tenant_id, channel_id);
    bool known = external_id.n > 0 && external_id.n == scope->last_bytes &&
                 memcmp(external_id.p, scope->last, external_id.n) == 0;
    if (known)
        return scope->last_id;
    scope->last_id = id_in(h, scope, &external_id, 1);
    scope->last_bytes = external_id.n <= sizeof scope->last ? external_id.n : 0;
    if (scope->last_bytes > 0)
        memcpy(scope->last, external_id.p, scope->last_bytes);
    return scope->last_id;
}

struct uuid ids_identity(const struct uuid *tenant_id, const struct uuid *channel_id,
                         struct str contact_external_id, struct str kind, struct str value)
{
    return scoped("identity", tenant_id, channel_id,
                  PARTS(contact_external_id, STR_LIT(SEPARATOR), kind, STR_LIT(SEPARATOR), value));
}

struct uuid ids_attachment(const struct uuid *tenant_id, const struct uuid *channel_id,
                           struct str message_external_id, int64_t ordinal)
{
    char number[DECIMAL_TEXT_BYTES];
    return scoped("attachment", tenant_id, channel_id,
                  PARTS(message_external_id, STR_LIT(SEPARATOR), number_text(ordinal, number)));
}

struct uuid ids_status(const struct uuid *tenant_id, const struct uuid *channel_id,
                       struct str message_external_id, struct str status, struct str recipient,
                       int64_t occurred_at_us)
{
    char number[DECIMAL_TEXT_BYTES];
    int64_t ms = occurred_at_us / US_PER_MS - (occurred_at_us % US_PER_MS < 0);
    return scoped("status", tenant_id, channel_id,
                  PARTS(message_external_id, STR_LIT(SEPARATOR), status, STR_LIT(SEPARATOR),
                        recipient, STR_LIT(SEPARATOR), number_text(ms, number)));
}
