#include "connectors/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct receive_connector connectors[] = {
    {.tenant = "zeta", .name = "main", .channel = "whatsapp"},
    {.tenant = "acme", .name = "wa-main", .channel = "whatsapp"},
    {.tenant = "acme", .name = "wa-second", .channel = "whatsapp"},
};

static void finds_exactly_what_is_configured(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const struct receive_connector *connector;
    } cases[] = {
        {"/hooks/acme/wa-main", &connectors[1]},
        {"/hooks/acme/wa-second", &connectors[2]},
        {"/hooks/zeta/main", &connectors[0]},
        {"/hooks/zeta/wa-main", NULL},
        {"/hooks/nobody/wa-main", NULL},
        {"/hooks/acme/wa-main/", NULL},
        {"/hooks/acme/wa-mai", NULL},
        {"/hooks/acme//wa-main", NULL},
        {"/hooks/ACME/wa-main", NULL},
        {"/hooks/acme", NULL},
        {"/hooks", NULL},
        {"/", NULL},
        {"", NULL},
    };
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(connectors, 3, &table, &err), RC_OK);
    assert_int_equal(route_count(table), 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str token;
        const struct route *route = route_find(table, cases[i].path, &token);
        const struct receive_connector *found = route != NULL ? route->connector : NULL;
        if (found != cases[i].connector)
            fail_msg("case %zu: %s", i, cases[i].path);
        if (route != NULL)
            assert_ptr_equal(route_at(table, route->index), route);
    }
    route_table_free(&table);
    assert_null(table);
}

/* Of what was sent, and with a token in the path. */
static void further_paths_of_a_connector(void **state)
{
    (void)state;
    static const char *const keys[] = {"k"};
    static const struct receive_connector several[] = {
        {.tenant = "acme", .name = "wa", .channel = "whatsapp", .sent_keys = {keys, 1}},
        {.tenant = "acme", .name = "wa-two", .channel = "whatsapp"},
        {.tenant = "acme", .name = "desk", .channel = "b2chat", .map_provider = "b2chat"},
        {.tenant = "acme", .name = "in", .channel = "email", .map_provider = "resend"},
        {.tenant = "acme",
         .name = "bot",
         .channel = "telegram",
         .sent_keys = {keys, 1},
         .is_sent_only = true},
    };
    static const struct {
        const char *path, *format, *token; /* format NULL: nothing is there */
    } cases[] = {
        {"/hooks/acme/wa", "webhook", NULL},
        {"/hooks/acme/wa/sent", "sent", NULL},
        {"/hooks/acme/wa-two", "webhook", NULL},
        {"/hooks/acme/in", "webhook", NULL},
        {"/hooks/acme/desk", "webhook", NULL},
        {"/hooks/acme/desk/t0ken", "webhook", "t0ken"},
        {"/hooks/acme/desk/sent", "webhook", "sent"}, /* which is no token */
        {"/hooks/acme/bot/sent", "sent", NULL},
        {"/hooks/acme/bot", NULL, NULL},
        {"/hooks/acme/wa-two/sent", NULL, NULL},
        {"/hooks/acme/wa/t0ken", NULL, NULL},
        {"/hooks/acme/wa/sent/", NULL, NULL},
        {"/hooks/acme/desk/", NULL, NULL},
        {"/hooks/acme/desk//", NULL, NULL},
        {"/hooks/acme/desk/t0ken/", NULL, NULL},
        {"/hooks/acme/desk/a/b", NULL, NULL},
        {"/hooks/acme/des", NULL, NULL},
    };
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(several, 5, &table, &err), RC_OK);
    assert_int_equal(route_count(table), 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str token;
        const struct route *route = route_find(table, cases[i].path, &token);
        if ((route != NULL) != (cases[i].format != NULL))
            fail_msg("case %zu: %s", i, cases[i].path);
        if (route == NULL)
            continue;
        assert_true(str_is(route->format, cases[i].format));
        assert_true(str_equal(token, str_of(cases[i].token)));
        assert_ptr_equal(route_at(table, route->index), route);
    }
    struct str token;
    assert_string_equal(route_find(table, "/hooks/acme/wa/sent", &token)->name, "wa/sent");
    assert_string_equal(route_find(table, "/hooks/acme/wa", &token)->name, "wa");
    route_table_free(&table);
}

static void refuses_sent_messages_of_a_channel_without_them(void **state)
{
    (void)state;
    static const char *const keys[] = {"k"};
    static const struct receive_connector shop = {
        .tenant = "acme", .name = "shop", .channel = "webchat", .sent_keys = {keys, 1}};
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(&shop, 1, &table, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "takes no sent messages"));
    assert_null(table);
}

static void refuses_a_channel_without_webhooks(void **state)
{
    (void)state;
    static const struct receive_connector pigeon = {
        .tenant = "acme", .name = "loft", .channel = "pigeon"};
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(&pigeon, 1, &table, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "pigeon"));
    assert_null(table);
}

static void refuses_two_connectors_with_one_path(void **state)
{
    (void)state;
    static const struct receive_connector twins[] = {
        {.tenant = "acme", .name = "a", .channel = "whatsapp"},
        {.tenant = "acme", .name = "b", .channel = "whatsapp"},
        {.tenant = "acme", .name = "a", .channel = "whatsapp"},
    };
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(twins, 3, &table, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "/hooks/acme/a"));
}

static void nothing_is_found_in_an_empty_table(void **state)
{
    (void)state;
    struct route_table *table;
    struct err err;
    assert_int_equal(route_table_new(NULL, 0, &table, &err), RC_OK);
    struct str token;
    assert_null(route_find(table, "/hooks/acme/wa-main", &token));
    route_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_exactly_what_is_configured),
        cmocka_unit_test(further_paths_of_a_connector),
        cmocka_unit_test(refuses_sent_messages_of_a_channel_without_them),
        cmocka_unit_test(refuses_a_channel_without_webhooks),
        cmocka_unit_test(refuses_two_connectors_with_one_path),
        cmocka_unit_test(nothing_is_found_in_an_empty_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
