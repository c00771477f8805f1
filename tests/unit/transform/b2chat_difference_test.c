#include "transform/b2chat/difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"

#define CHAT STR_LIT("c1")
#define AS_OF INT64_C(1741363200000000) /* 2025-03-07T16:00:00Z */
#define MINUTE (60 * US_PER_SECOND)

static enum rc keep(void *context, const struct b2_change *change, struct err *err)
{
    (void)err;
    (void)buf_printf(context, "%s %.*s a:%.*s>%.*s d:%.*s>%.*s\n", change->type,
                     STR_ARGS(change->external_id), STR_ARGS(change->from_agent),
                     STR_ARGS(change->to_agent), STR_ARGS(change->from_department),
                     STR_ARGS(change->to_department));
    assert_int_equal(change->occurred_at, AS_OF);
    return RC_OK;
}

static void check(const struct b2_snapshot *previous, const struct b2_snapshot *current,
                  const char *expected)
{
    struct arena *arena = arena_new("test", MIB);
    struct buf text;
    struct err err;
    buf_init(&text, MIB);
    assert_int_equal(b2_difference(CHAT, previous, current, arena, keep, &text, &err), RC_OK);
    (void)buf_add(&text, "", 1);
    assert_string_equal(text.p, expected);
    buf_done(&text);
    arena_free(&arena);
}

static struct b2_snapshot snapshot(int64_t as_of, const char *status, const char *agent,
                                   const char *department)
{
    return (struct b2_snapshot){.as_of = as_of,
                                .status = str_of(status),
                                .agent_external_id = str_of(agent),
                                .department_external_id = str_of(department),
                                .picked_up_at = TIME_NONE};
}

static void test_same_snapshot_tells_nothing(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", "Ventas");
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", "Ventas");
    check(&was, &is, "");
}

static void test_older_or_equal_snapshot_tells_nothing(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF, "open", "ana", "Ventas");
    struct b2_snapshot is = snapshot(AS_OF, "open", "luis", "Ventas");
    check(&was, &is, "");
    is.as_of = AS_OF - MINUTE;
    check(&was, &is, "");
}

static void test_changed_agent_is_a_transfer(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", "Ventas");
    struct b2_snapshot is = snapshot(AS_OF, "open", "luis", "Ventas");
    check(&was, &is, "transferred c1:transfer:ana:luis:1741363200 a:ana>luis d:>\n");
}

static void test_changed_department_is_a_transfer(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", "Ventas");
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", "Soporte");
    check(&was, &is, "transferred c1:transfer:Ventas:Soporte:1741363200 a:> d:Ventas>Soporte\n");
}

static void test_both_changed_are_one_transfer(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", "Ventas");
    struct b2_snapshot is = snapshot(AS_OF, "open", "luis", "Soporte");
    check(&was, &is, "transferred c1:transfer:ana:luis:1741363200 a:ana>luis d:Ventas>Soporte\n");
}

static void test_first_assignment_is_no_transfer(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "queued", NULL, NULL);
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", "Ventas");
    check(&was, &is, "");
    struct b2_snapshot without = snapshot(AS_OF, "open", NULL, NULL);
    is.as_of = AS_OF - MINUTE;
    check(&is, &without, "");
}

static void test_tags_added_and_removed(void **state)
{
    (void)state;
    const struct str before[] = {STR_LIT("pedido"), STR_LIT("a")};
    const struct str after[] = {STR_LIT("demora"), STR_LIT("pedido"), STR_LIT("pedidos")};
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", NULL);
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", NULL);
    was.tags = before;
    was.tag_count = 2;
    is.tags = after;
    is.tag_count = 3;
    check(&was, &is,
          "tag_removed c1:tag-:a:1741363200 a:> d:>\n"
          "tag_added c1:tag+:demora:1741363200 a:> d:>\n"
          "tag_added c1:tag+:pedidos:1741363200 a:> d:>\n");
}

static void test_order_of_tags_is_no_change(void **state)
{
    (void)state;
    const struct str before[] = {STR_LIT("a"), STR_LIT("b")};
    const struct str after[] = {STR_LIT("b"), STR_LIT("a")};
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "open", "ana", NULL);
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", NULL);
    was.tags = before;
    is.tags = after;
    was.tag_count = is.tag_count = 2;
    check(&was, &is, "");
}

static void test_bot_then_picked_up_is_an_escalation(void **state)
{
    (void)state;
    struct b2_snapshot was = snapshot(AS_OF - MINUTE, "bot_active", NULL, NULL);
    struct b2_snapshot is = snapshot(AS_OF, "open", "ana", NULL);
    check(&was, &is, ""); /* nobody took it */
    is.picked_up_at = AS_OF - US_PER_SECOND;
    check(&was, &is, "escalated c1:bot a:> d:>\n");
    was.status = STR_LIT("queued");
    check(&was, &is, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_snapshot_tells_nothing),
        cmocka_unit_test(test_older_or_equal_snapshot_tells_nothing),
        cmocka_unit_test(test_changed_agent_is_a_transfer),
        cmocka_unit_test(test_changed_department_is_a_transfer),
        cmocka_unit_test(test_both_changed_are_one_transfer),
        cmocka_unit_test(test_first_assignment_is_no_transfer),
        cmocka_unit_test(test_tags_added_and_removed),
        cmocka_unit_test(test_order_of_tags_is_no_change),
        cmocka_unit_test(test_bot_then_picked_up_is_an_escalation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
