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
        const struct route *route = route_find(table, cases[i].path);
        const struct receive_connector *found = route != NULL ? route->connector : NULL;
        if (found != cases[i].connector)
            fail_msg("case %zu: %s", i, cases[i].path);
        if (route != NULL)
            assert_ptr_equal(route_at(table, route->index), route);
    }
    route_table_free(&table);
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
    assert_null(route_find(table, "/hooks/acme/wa-main"));
    route_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_exactly_what_is_configured),
        cmocka_unit_test(refuses_a_channel_without_webhooks),
        cmocka_unit_test(refuses_two_connectors_with_one_path),
        cmocka_unit_test(nothing_is_found_in_an_empty_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
