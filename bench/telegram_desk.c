#include "bench/telegram_desk.h"

#include <stdint.h>
#include <stdio.h>

#include "bench/telegram_export.h"

#define FIRST_AT INT64_C(1583132400) /* 2020-03-02T07:00:00Z */
#define FIVE_YEARS (INT64_C(5) * 365 * 86400)
#define GAP_SECONDS 7200

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* 20.3 on average. */
static size_t length_of(size_t chat)
{
    uint64_t random = mix(chat);
    uint64_t kind = random % 100;
    uint64_t part = random >> 32;
    if (kind < 60)
        return (size_t)(2 + part % 12);
    return (size_t)(kind < 90 ? 12 + part % 30 : 40 + part % 77);
}

void telegram_desk_begin(struct buf *file)
{
    (void)buf_printf(file,
                     "{\n \"about\": \"Here is the data you requested.\",\n"
                     " \"personal_information\": {\n  \"user_id\": %lld,\n"
                     "  \"first_name\": \"Ventas\"\n },\n \"chats\": {\n  \"about\": \"chats\",\n"
                     "  \"list\": [\n",
                     (long long)TELEGRAM_DESK_OWNER);
}

size_t telegram_desk_chat(struct buf *file, size_t chat, size_t chats, bool is_first)
{
    char name[32];
    const struct telegram_writer customer = {name, 6100000000 + chat};
    const struct telegram_writer desk = {"Ventas", TELEGRAM_DESK_OWNER};
    size_t count = length_of(chat);
    int64_t at = FIRST_AT + (int64_t)((double)FIVE_YEARS * (double)chat / (double)chats);
    (void)snprintf(name, sizeof name, "Cliente %zu", chat);
    (void)buf_printf(file,
                     "%s   {\n    \"name\": \"%s\",\n    \"type\": \"personal_chat\",\n"
                     "    \"id\": %zu,\n    \"messages\": [\n",
                     is_first ? "" : ",\n", name, customer.id);
    for (size_t i = 0; i < count; i++) {
        uint64_t random = mix(chat * 1000 + i);
        at += 20 + (int64_t)(random % GAP_SECONDS);
        telegram_export_message(file, (size_t)(random >> 40), i + 1, at,
                                i % 3 == 1 ? &desk : &customer);
    }
    (void)buf_add_text(file, "\n    ]\n   }");
    return count;
}

void telegram_desk_end(struct buf *file)
{
    (void)buf_add_text(file, "\n  ]\n }\n}");
}
