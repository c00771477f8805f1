#include "transform/ids.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/arena.h"

static void assert_id(struct uuid id, const char *expected)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(&id, text);
    assert_string_equal(text, expected);
}

static struct uuid acme(void)
{
    return ids_tenant(STR_LIT("acme"));
}

static struct uuid channel_of(const char *provider, const char *account)
{
    struct uuid tenant = acme();
    return ids_channel(&tenant, str_of(provider), str_of(account));
}

struct entity_case {
    const char *provider, *account, *kind, *external_id, *expected;
};

#define CHAT "7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11"

/* canonical-model 2.1 */
static const struct entity_case entities[] = {
    {"b2chat", "acme-main", "conversation", CHAT, "45144e6b-6dd1-5e64-b58d-df5029f22327"},
    {"b2chat", "acme-main", "contact", "48210377", "6bb6c0b4-debd-5a5f-8ccb-5c52dbc70e86"},
    {"b2chat", "acme-main", "agent", "lrojas", "8d20b94b-0ad7-5115-8140-fe33446114fa"},
    {"b2chat", "acme-main", "department",
     "Soporte T\xC3\xA9"
     "cnico",
     "b5d3b5b7-f8f4-5173-9c45-9d61c268b601"},
    {"b2chat", "acme-main", "message", CHAT ":e0498952f4f1073d:0",
     "7890b39a-f2ae-535b-a6f3-506df768f54d"},
    {"b2chat", "acme-main", "session",
     CHAT "\x1f"
          "1",
     "c1bd547a-0e8f-5491-a332-05acf73e6dde"},
    {"whatsapp_cloud", "106540352242922", "conversation", "573001112233",
     "06cd5353-8a28-5f7c-8878-bdac8e5118e1"},
};

static void tenant_and_channels_match_the_reference(void **state)
{
    (void)state;
    assert_id(acme(), "a0367384-35d0-58e5-a438-e46e01c81573");
    assert_id(channel_of("b2chat", "acme-main"), "216cfa12-836a-5259-98b7-8b9617efd388");
    assert_id(channel_of("whatsapp_cloud", "106540352242922"),
              "66ea75d9-f18b-51b0-897f-5e80f6bc5c54");
}

static void entities_match_the_reference(void **state)
{
    (void)state;
    struct uuid tenant = acme();
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        const struct entity_case *c = &entities[i];
        struct uuid channel = channel_of(c->provider, c->account);
        assert_id(ids_entity(c->kind, &tenant, &channel, str_of(c->external_id)), c->expected);
    }
}

/* The composed names are the plain ones with the parts joined by 0x1F. */
static void composed_ids_join_their_parts(void **state)
{
    (void)state;
    struct uuid tenant = acme(), channel = channel_of("b2chat", "acme-main");
    struct uuid composed = ids_identity(&tenant, &channel, STR_LIT("48210377"), STR_LIT("phone"),
                                        STR_LIT("+573001112233"));
    struct uuid plain =
        ids_entity("identity", &tenant, &channel, STR_LIT("48210377\x1fphone\x1f+573001112233"));
    assert_int_equal(uuid_order(&composed, &plain), 0);

    composed = ids_attachment(&tenant, &channel, STR_LIT("m/1"), 12);
    plain = ids_entity("attachment", &tenant, &channel,
                       STR_LIT("m/1\x1f"
                               "12"));
    assert_int_equal(uuid_order(&composed, &plain), 0);

    composed = ids_status(&tenant, &channel, STR_LIT("wamid.1"), STR_LIT("read"), STR_NULL,
                          INT64_C(1772366400123999));
    plain = ids_entity("status", &tenant, &channel,
                       STR_LIT("wamid.1\x1fread\x1f\x1f"
                               "1772366400123"));
    assert_int_equal(uuid_order(&composed, &plain), 0);
}

static void milliseconds_before_1970_round_down(void **state)
{
    (void)state;
    struct uuid tenant = acme(), channel = channel_of("b2chat", "acme-main");
    struct uuid before = ids_status(&tenant, &channel, STR_LIT("m"), STR_LIT("sent"), STR_NULL, -1);
    struct uuid plain = ids_entity("status", &tenant, &channel, STR_LIT("m\x1fsent\x1f\x1f-1"));
    assert_int_equal(uuid_order(&before, &plain), 0);
}

/* A name that outgrows the usual size is hashed whole. */
static void long_names_count_to_their_last_byte(void **state)
{
    (void)state;
    struct uuid tenant = acme(), channel = channel_of("b2chat", "acme-main");
    size_t n = 100000;
    char *text = xmalloc(n);
    memset(text, 'x', n);
    struct uuid a = ids_entity("message", &tenant, &channel, (struct str){text, n});
    text[n - 1] = 'y';
    struct uuid b = ids_entity("message", &tenant, &channel, (struct str){text, n});
    assert_int_not_equal(uuid_order(&a, &b), 0);
    assert_int_equal(a.b[6] >> 4, 5);
    assert_int_equal(a.b[8] >> 6, 2);
    free(text);
}

static struct uuid hashed(const char *name)
{
    static const unsigned char namespace_id[] = {0xe0, 0x7e, 0xee, 0x82, 0x72, 0x3a, 0x50, 0x41,
                                                 0xbd, 0x89, 0xb8, 0xe5, 0xb8, 0x2d, 0xa1, 0x5b};
    char bytes[300];
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct uuid id;
    memcpy(bytes, namespace_id, sizeof namespace_id);
    memcpy(bytes + sizeof namespace_id, name, strlen(name));
    assert_int_equal(
        EVP_Digest(bytes, sizeof namespace_id + strlen(name), digest, NULL, EVP_sha1(), NULL), 1);
    memcpy(id.b, digest, sizeof id.b);
    id.b[6] = (unsigned char)((id.b[6] & 0x0F) | 0x50);
    id.b[8] = (unsigned char)((id.b[8] & 0x3F) | 0x80);
    return id;
}

/* More kinds and channels by turns than hash states are kept; the same entity again and again. */
static void ids_do_not_depend_on_what_was_asked_before(void **state)
{
    (void)state;
    static const char *const kinds[] = {"contact", "conversation", "message", "status", "event"};
    static const char *const externals[] = {"", "a", "b", "a", "a"};
    struct uuid tenant = acme();
    char tenant_text[UUID_TEXT_BYTES], channel_text[UUID_TEXT_BYTES], text[16], name[200];
    uuid_format(&tenant, tenant_text);
    for (int i = 0; i < 4000; i++) {
        (void)snprintf(text, sizeof text, "%d", i / 3 % 100);
        struct uuid channel = channel_of("telegram_bot", text);
        uuid_format(&channel, channel_text);
        const char *kind = kinds[i % 5], *external = externals[i / 7 % 5];
        (void)snprintf(name, sizeof name, "%s/%s/%s/%s", kind, tenant_text, channel_text, external);
        struct uuid found = ids_entity(kind, &tenant, &channel, str_of(external));
        struct uuid expected = hashed(name);
        if (uuid_order(&found, &expected) != 0)
            fail_msg("case %d: another id of %s", i, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tenant_and_channels_match_the_reference),
        cmocka_unit_test(entities_match_the_reference),
        cmocka_unit_test(composed_ids_join_their_parts),
        cmocka_unit_test(milliseconds_before_1970_round_down),
        cmocka_unit_test(long_names_count_to_their_last_byte),
        cmocka_unit_test(ids_do_not_depend_on_what_was_asked_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
