#include "transform/ids.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"

#define SHA1_BYTES 20
#define NUMBER_BYTES 24
#define USUAL_NAME_BYTES 512 /* longer names are joined on the heap */
#define SEPARATOR "\x1f"

/* e07eee82-723a-5041-bd89-b8e5b82da15b */
static const struct uuid namespace_id = {{0xe0, 0x7e, 0xee, 0x82, 0x72, 0x3a, 0x50, 0x41, 0xbd,
                                          0x89, 0xb8, 0xe5, 0xb8, 0x2d, 0xa1, 0x5b}};

/* Fetched once: an implicit fetch per call halves the rate (limits.md 2), and libuuid's own SHA-1
 * is half as fast as OpenSSL's. */
static EVP_MD *sha1_algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void require(bool ok)
{
    if (ok)
        return;
    (void)fprintf(
        stderr,
        "level=fatal msg=\"OpenSSL cannot compute SHA-1; check the installation of libssl3\"\n");
    exit(1);
}

static void fetch(void)
{
    sha1_algorithm = EVP_MD_fetch(NULL, "SHA1", NULL);
    require(sha1_algorithm != NULL);
}

static char *put(char *to, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(to, bytes, n);
    return to + n;
}

/* RFC 4122 4.3, over the parts of the name laid end to end. */
static struct uuid name_based(const struct str *parts, size_t count)
{
    size_t n = sizeof namespace_id;
    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    char usual[USUAL_NAME_BYTES];
    char *name = n <= sizeof usual ? usual : xmalloc(n);
    char *to = put(name, &namespace_id, sizeof namespace_id);
    for (size_t i = 0; i < count; i++)
        to = put(to, parts[i].p, parts[i].n);

    unsigned char digest[SHA1_BYTES];
    (void)pthread_once(&fetched, fetch);
    require(EVP_Digest(name, n, digest, NULL, sha1_algorithm, NULL) == 1);
    if (name != usual)
        free(name);

    struct uuid id;
    memcpy(id.b, digest, sizeof id.b);
    id.b[6] = (unsigned char)((id.b[6] & 0x0F) | 0x50); /* version 5 */
    id.b[8] = (unsigned char)((id.b[8] & 0x3F) | 0x80); /* variant 10 */
    return id;
}

#define NAME_BASED(...)                                                                            \
    name_based((const struct str[]){__VA_ARGS__},                                                  \
               sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

static struct str uuid_text(const struct uuid *id, char text[static UUID_TEXT_BYTES])
{
    uuid_format(id, text);
    return (struct str){text, UUID_TEXT_BYTES - 1};
}

static struct str number_text(int64_t number, char text[static NUMBER_BYTES])
{
    return (struct str){text, (size_t)snprintf(text, NUMBER_BYTES, "%" PRId64, number)};
}

struct uuid ids_tenant(struct str slug)
{
    return NAME_BASED(STR_LIT("tenant/"), slug);
}

struct uuid ids_channel(const struct uuid *tenant_id, struct str provider,
                        struct str external_account_id)
{
    char tenant[UUID_TEXT_BYTES];
    return NAME_BASED(STR_LIT("channel/"), uuid_text(tenant_id, tenant), STR_LIT("/"), provider,
                      STR_LIT("/"), external_account_id);
}

struct uuid ids_entity(const char *kind, const struct uuid *tenant_id,
                       const struct uuid *channel_id, struct str external_id)
{
    char tenant[UUID_TEXT_BYTES], channel[UUID_TEXT_BYTES];
    return NAME_BASED(str_of(kind), STR_LIT("/"), uuid_text(tenant_id, tenant), STR_LIT("/"),
                      uuid_text(channel_id, channel), STR_LIT("/"), external_id);
}

struct uuid ids_identity(const struct uuid *tenant_id, const struct uuid *channel_id,
                         struct str contact_external_id, struct str kind, struct str value)
{
    char tenant[UUID_TEXT_BYTES], channel[UUID_TEXT_BYTES];
    return NAME_BASED(STR_LIT("identity/"), uuid_text(tenant_id, tenant), STR_LIT("/"),
                      uuid_text(channel_id, channel), STR_LIT("/"), contact_external_id,
                      STR_LIT(SEPARATOR), kind, STR_LIT(SEPARATOR), value);
}

struct uuid ids_attachment(const struct uuid *tenant_id, const struct uuid *channel_id,
                           struct str message_external_id, int64_t ordinal)
{
    char tenant[UUID_TEXT_BYTES], channel[UUID_TEXT_BYTES], number[NUMBER_BYTES];
    return NAME_BASED(STR_LIT("attachment/"), uuid_text(tenant_id, tenant), STR_LIT("/"),
                      uuid_text(channel_id, channel), STR_LIT("/"), message_external_id,
                      STR_LIT(SEPARATOR), number_text(ordinal, number));
}

struct uuid ids_status(const struct uuid *tenant_id, const struct uuid *channel_id,
                       struct str message_external_id, struct str status, struct str recipient,
                       int64_t occurred_at_us)
{
    char tenant[UUID_TEXT_BYTES], channel[UUID_TEXT_BYTES], number[NUMBER_BYTES];
    int64_t ms = occurred_at_us / US_PER_MS - (occurred_at_us % US_PER_MS < 0);
    return NAME_BASED(STR_LIT("status/"), uuid_text(tenant_id, tenant), STR_LIT("/"),
                      uuid_text(channel_id, channel), STR_LIT("/"), message_external_id,
                      STR_LIT(SEPARATOR), status, STR_LIT(SEPARATOR), recipient, STR_LIT(SEPARATOR),
                      number_text(ms, number));
}
