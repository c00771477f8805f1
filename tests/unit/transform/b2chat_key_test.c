#include "transform/b2chat/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transform/ids.h"

#define CHAT "7b1f6a52-0c7d-4a5e-9a63-3f0f0a0d9c11"

static struct b2_key text_key(const char *body)
{
    return (struct b2_key){.local = STR_LIT("2025-03-04 09:12:07"),
                           .is_incoming = true,
                           .type = STR_LIT("TEXT"),
                           .is_text = true,
                           .body = str_of(body)};
}

static void hash(const struct b2_key *key, char text[static B2_HASH_BYTES])
{
    assert_true(b2_key_hash(key, text));
}

static void assert_same(const struct b2_key *a, const struct b2_key *b, bool is_same)
{
    char x[B2_HASH_BYTES];
    char y[B2_HASH_BYTES];
    hash(a, x);
    hash(b, y);
    assert_int_equal(strcmp(x, y) == 0, is_same);
}

/* reference/b2chat.md 7 */
static void test_vector_of_the_reference(void **state)
{
    (void)state;
    char text[B2_HASH_BYTES];
    struct b2_key key = text_key("Hola, mi pedido no llegó");
    hash(&key, text);
    assert_string_equal(text, "e0498952f4f1073d");
}

/* canonical-model 2.1 */
static void test_vectors_of_the_ids(void **state)
{
    (void)state;
    struct uuid tenant = ids_tenant(STR_LIT("acme"));
    struct uuid channel = ids_channel(&tenant, STR_LIT("b2chat"), STR_LIT("acme-main"));
    const struct {
        const char *kind, *external_id, *id;
    } vectors[] = {
        {"conversation", CHAT, "45144e6b-6dd1-5e64-b58d-df5029f22327"},
        {"contact", "48210377", "6bb6c0b4-debd-5a5f-8ccb-5c52dbc70e86"},
        {"agent", "lrojas", "8d20b94b-0ad7-5115-8140-fe33446114fa"},
        {"department", "Soporte Técnico", "b5d3b5b7-f8f4-5173-9c45-9d61c268b601"},
        {"message", CHAT ":e0498952f4f1073d:0", "7890b39a-f2ae-535b-a6f3-506df768f54d"},
    };
    char text[UUID_TEXT_BYTES];
    uuid_format(&channel, text);
    assert_string_equal(text, "216cfa12-836a-5259-98b7-8b9617efd388");
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct uuid id =
            ids_entity(vectors[i].kind, &tenant, &channel, str_of(vectors[i].external_id));
        uuid_format(&id, text);
        assert_string_equal(text, vectors[i].id);
    }
}

static void test_line_ends_and_blanks_at_the_end_make_no_difference(void **state)
{
    (void)state;
    struct b2_key plain = text_key("uno\ndos");
    static const char *const alike[] = {"uno\r\ndos", "uno\rdos", "uno\ndos \t\r\n \n",
                                        "uno\ndos\r"};
    for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++) {
        struct b2_key other = text_key(alike[i]);
        assert_same(&plain, &other, true);
    }
    static const char *const unlike[] = {" uno\ndos", "uno\n\ndos", "uno dos", "uno\r\r\ndos", ""};
    for (size_t i = 0; i < sizeof unlike / sizeof unlike[0]; i++) {
        struct b2_key other = text_key(unlike[i]);
        assert_same(&plain, &other, false);
    }
}

static void test_absent_body_is_an_empty_one(void **state)
{
    (void)state;
    struct b2_key absent = text_key(NULL);
    struct b2_key empty = text_key("");
    assert_same(&absent, &empty, true);
}

static void test_links_lose_query_and_fragment_but_texts_do_not(void **state)
{
    (void)state;
    struct b2_key plain = text_key("https://a.example/b.jpg");
    struct b2_key query = text_key("https://a.example/b.jpg?X-Amz-Date=1#x");
    struct b2_key fragment = text_key("https://a.example/b.jpg#x?y");
    assert_same(&plain, &query, false);
    plain.is_text = query.is_text = fragment.is_text = false;
    assert_same(&plain, &query, true);
    assert_same(&plain, &fragment, true);
    query.caption = STR_LIT("¿ya?");
    plain.caption = STR_LIT("¿ya");
    assert_same(&plain, &query, false);
}

static void test_every_part_counts(void **state)
{
    (void)state;
    struct b2_key key = text_key("hola");
    struct b2_key others[6];
    for (size_t i = 0; i < 6; i++)
        others[i] = key;
    others[0].local = STR_LIT("2025-03-04 09:12:08");
    others[1].is_incoming = false;
    others[2].type = STR_LIT("IMAGE");
    others[3].body = STR_LIT("hol");
    others[4].caption = STR_LIT("hola");
    others[5].has_place = true;
    for (size_t i = 0; i < 6; i++)
        assert_same(&key, &others[i], false);
}

static void test_places_are_compared_to_six_places(void **state)
{
    (void)state;
    struct b2_key a = text_key("");
    a.has_place = true;
    a.lat = 6.2442;
    a.lon = -75.5812;
    struct b2_key b = a;
    b.lon = -75.5812001;
    assert_same(&a, &b, true);
    b.lon = -75.581201;
    assert_same(&a, &b, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_of_the_reference),
        cmocka_unit_test(test_vectors_of_the_ids),
        cmocka_unit_test(test_line_ends_and_blanks_at_the_end_make_no_difference),
        cmocka_unit_test(test_absent_body_is_an_empty_one),
        cmocka_unit_test(test_links_lose_query_and_fragment_but_texts_do_not),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_places_are_compared_to_six_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
