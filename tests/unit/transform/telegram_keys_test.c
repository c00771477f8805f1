#include "transform/telegram/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int open_arena(void **state)
{
    *state = arena_new("test", 65536);
    return 0;
}

static int close_arena(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

struct range_case {
    enum tg_chat_type type;
    int64_t bare, id;
};

/* 1.2; the id already in the Bot API's numbering: 10.3 */
static const struct range_case ranges[] = {
    {TG_PRIVATE, 1, 1},
    {TG_PRIVATE, 1099511627775, 1099511627775},
    {TG_GROUP, 1, -1},
    {TG_GROUP, 999999999999, -999999999999},
    {TG_SUPERGROUP, 1, -1000000000001},
    {TG_SUPERGROUP, 123, -1000000000123},
    {TG_SUPERGROUP, 1987654321, -1001987654321},
    {TG_CHANNEL, 997852516351, -1997852516351},
    {TG_SUPERGROUP, 1002147483649, -2002147483649},
    {TG_SUPERGROUP, 2999999999999, -3999999999999},
    {TG_SUPERGROUP, -1001987654321, -1001987654321},
    {TG_GROUP, -4123456789, -4123456789},
    {TG_SUPERGROUP, 0, 0},
    {TG_GROUP, INT64_MAX, -INT64_MAX},
    {TG_CHANNEL, INT64_MAX, INT64_MIN},
};

static void bare_ids_are_converted_by_arithmetic(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (tg_chat_id(ranges[i].type, ranges[i].bare) != ranges[i].id)
            fail_msg("case %zu", i);
}

struct key_case {
    struct tg_chat chat;
    struct tg_topic topic;
    const char *conversation, *message;
};

/* 11.1 */
static const struct key_case keys[] = {
    {{6123456789, TG_PRIVATE}, {0}, "tg:bot:7:6123456789", "tg:bot:7:6123456789:1841"},
    {{6123456789, TG_PRIVATE}, {'t', 5}, "tg:bot:7:6123456789:t5", "tg:bot:7:6123456789:1841"},
    {{-4123456789, TG_GROUP}, {0}, "tg:bot:7:-4123456789", "tg:bot:7:-4123456789:1841"},
    {{-1001987654321, TG_SUPERGROUP}, {0}, "tg:-1001987654321", "tg:-1001987654321:1841"},
    {{-1002100200300, TG_SUPERGROUP}, {'t', 33}, "tg:-1002100200300:t33", "tg:-1002100200300:1841"},
    {{-2003456789012, TG_SUPERGROUP},
     {'d', 6123456789},
     "tg:-2003456789012:d6123456789",
     "tg:-2003456789012:1841"},
    {{-1001555666777, TG_CHANNEL}, {0}, "tg:-1001555666777", "tg:-1001555666777:1841"},
    {{INT64_MIN, TG_CHANNEL}, {0}, "tg:-9223372036854775808", "tg:-9223372036854775808:1841"},
};

static void assert_key(struct str key, const char *expected, size_t i)
{
    if (!str_is(key, expected))
        fail_msg("case %zu: \"%.*s\"", i, STR_ARGS(key));
}

static void chats_of_an_account_carry_it_shared_ones_do_not(void **state)
{
    struct str account = STR_LIT("bot:7");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct key_case *key = &keys[i];
        assert_key(tg_conversation_key(*state, account, &key->chat, key->topic), key->conversation,
                   i);
        assert_key(tg_message_key(*state, account, &key->chat, 1841), key->message, i);
    }
}

static void history_of_a_migrated_group_keeps_negative_ids(void **state)
{
    struct tg_chat chat = {-1002233445566, TG_SUPERGROUP};
    assert_key(tg_message_key(*state, STR_NULL, &chat, -999999990), "tg:-1002233445566:-999999990",
               0);
}

static void senders_are_users_or_chats(void **state)
{
    assert_key(tg_user_key(*state, 6123456789), "tg:u6123456789", 0);
    assert_key(tg_sender_chat_key(*state, -1001555666777), "tg:c-1001555666777", 1);
}

static void a_full_arena_gives_no_key(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 8);
    struct tg_chat chat = {-1001987654321, TG_SUPERGROUP};
    assert_null(tg_conversation_key(arena, STR_NULL, &chat, (struct tg_topic){0}).p);
    assert_null(tg_user_key(arena, 6123456789).p);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_ids_are_converted_by_arithmetic),
        cmocka_unit_test_setup_teardown(chats_of_an_account_carry_it_shared_ones_do_not, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(history_of_a_migrated_group_keeps_negative_ids, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(senders_are_users_or_chats, open_arena, close_arena),
        cmocka_unit_test(a_full_arena_gives_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
