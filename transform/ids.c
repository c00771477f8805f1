/* The functions on a SHA_CTX are deprecated in favour of EVP, whose contexts live on the heap and
 * cost as much again as the hash; here the hash makes names, and protects nothing. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "transform/ids.h"

#include <openssl/sha.h>

#include "lib/clock.h"
#include "lib/decimal.h"

#define SCOPES 64 /* a power of two */
#define LAST_BYTES 96
#define SEPARATOR "\x1f"

/* e07eee82-723a-5041-bd89-b8e5b82da15b */
static const struct uuid namespace_id = {{0xe0, 0x7e, 0xee, 0x82, 0x72, 0x3a, 0x50, 0x41, 0xbd,
                                          0x89, 0xb8, 0xe5, 0xb8, 0x2d, 0xa1, 0x5b}};

/* The hash of what all ids of a kind in a channel begin with: "<kind>/<tenant>/<channel>/". */
struct scope {
    struct str kind; /* p == NULL: free */
    struct uuid tenant_id, channel_id;
    SHA_CTX begun;
    /* The entity asked for last: the records of one body name the same ones again and again. */
    char last[LAST_BYTES];
    size_t last_bytes; /* 0 = none */
    struct uuid last_id;
};

static _Thread_local struct scope scopes[SCOPES];

static void begin(SHA_CTX *hash)
{
    (void)SHA1_Init(hash);
    (void)SHA1_Update(hash, &namespace_id, sizeof namespace_id);
}

static void add_parts(SHA_CTX *hash, const struct str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)SHA1_Update(hash, parts[i].p, parts[i].n);
}

/* RFC 4122 4.3 */
static struct uuid finish(SHA_CTX *hash)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    (void)SHA1_Final(digest, hash);
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
    begin(&scope->begun);
    add_parts(&scope->begun, parts, sizeof parts / sizeof parts[0]);
}

/* kind: a literal. Two scopes on one place take turns there, which costs time and nothing else. */
static struct scope *scope_of(const char *kind, const struct uuid *tenant_id,
                              const struct uuid *channel_id)
{
    struct str word = str_of(kind);
    size_t mix = channel_id->b[0] + (size_t)31 * (unsigned char)kind[0] + 7 * word.n;
    struct scope *scope = &scopes[mix % SCOPES];
    if (!scope_is(scope, word, tenant_id, channel_id))
        scope_set(scope, word, tenant_id, channel_id);
    return scope;
}

static struct uuid id_in(const struct scope *scope, const struct str *parts, size_t count)
{
    SHA_CTX hash = scope->begun;
    add_parts(&hash, parts, count);
    return finish(&hash);
}

static struct uuid scoped(const char *kind, const struct uuid *tenant_id,
                          const struct uuid *channel_id, const struct str *parts, size_t count)
{
    return id_in(scope_of(kind, tenant_id, channel_id), parts, count);
}

static struct uuid unscoped(const struct str *parts, size_t count)
{
    SHA_CTX hash;
    begin(&hash);
    add_parts(&hash, parts, count);
    return finish(&hash);
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
    struct scope *scope = scope_of(kind, tenant_id, channel_id);
    bool known = external_id.n > 0 && external_id.n == scope->last_bytes &&
                 memcmp(external_id.p, scope->last, external_id.n) == 0;
    if (known)
        return scope->last_id;
    scope->last_id = id_in(scope, &external_id, 1);
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
