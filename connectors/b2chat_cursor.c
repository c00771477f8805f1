#include "connectors/b2chat_cursor.h"

#include <inttypes.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf_value.h"
#include "lib/limits.h"
#include "transform/jpath.h"

#define ARENA_BYTES (64 * KIB)

struct open_day {
    struct jpath_element element;
    struct str day;
};

struct text { /* the cursor as it is stored */
    struct str full_next, full_done, fresh_day, deep_day;
    struct str open_at, contacts_at, contacts_full_at;
    struct jpath_list open_days;
    struct str calls_date, calls_today, page_limit, contacts_limit;
};

static const struct jpath_rule open_day_rules[] = {
    JPATH_STR("", struct open_day, day),
    JPATH_RULES_END,
};

static const struct jpath_rule rules[] = {
    JPATH_STR("full_next", struct text, full_next),
    JPATH_BOOL("full_done", struct text, full_done),
    JPATH_STR("fresh_day", struct text, fresh_day),
    JPATH_STR("deep_day", struct text, deep_day),
    JPATH_STR("open_at", struct text, open_at),
    JPATH_STR("contacts_at", struct text, contacts_at),
    JPATH_STR("contacts_full_at", struct text, contacts_full_at),
    JPATH_EACH("open_days", struct text, open_days, struct open_day, open_day_rules),
    JPATH_STR("calls_date", struct text, calls_date),
    JPATH_NUMBER("calls_today", struct text, calls_today),
    JPATH_NUMBER("page_limit", struct text, page_limit),
    JPATH_NUMBER("contacts_limit", struct text, contacts_limit),
    JPATH_RULES_END,
};

static int32_t day_in(struct str text)
{
    int32_t day;
    return day_parse(text, &day) ? day : B2CHAT_NO_DAY;
}

static int64_t time_in(struct str text)
{
    int64_t us;
    return clock_parse(text, &us) ? us : TIME_NONE;
}

static void take_text(struct b2chat_cursor *cursor, const struct text *text)
{
    cursor->full_next = day_in(text->full_next);
    cursor->is_full_done = str_is(text->full_done, "true");
    cursor->fresh_day = day_in(text->fresh_day);
    cursor->deep_day = day_in(text->deep_day);
    cursor->open_at = time_in(text->open_at);
    cursor->contacts_at = time_in(text->contacts_at);
    cursor->contacts_full_at = time_in(text->contacts_full_at);
    cursor->pace.day = day_in(text->calls_date);
    (void)conf_value_int(text->calls_today, &cursor->pace.calls);
    (void)conf_value_int(text->page_limit, &cursor->pace.limits[B2CHAT_CHATS]);
    (void)conf_value_int(text->contacts_limit, &cursor->pace.limits[B2CHAT_CONTACTS]);
    for (struct jpath_element *e = text->open_days.first; e != NULL; e = e->next) {
        int32_t day = day_in(((struct open_day *)e)->day);
        if (day != B2CHAT_NO_DAY)
            b2chat_cursor_set_open(cursor, day, true);
    }
}

void b2chat_cursor_read(struct b2chat_cursor *cursor, struct str json)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, 4 * KIB, ARENA_BYTES};
    struct jpath *jpath = jpath_new(rules);
    struct arena *arena = arena_new("b2chat cursor", ARENA_BYTES);
    struct text text = {.full_next = STR_NULL};
    struct err ignored;
    *cursor = (struct b2chat_cursor){.open_count = 0};
    jpath_begin(jpath, &limits, arena, &text, NULL);
    if (jpath_feed(jpath, json.p, json.n, &ignored) != RC_OK ||
        jpath_finish(jpath, &ignored) != RC_OK)
        text = (struct text){.full_next = STR_NULL};
    take_text(cursor, &text);
    arena_free(&arena);
    jpath_free(&jpath);
}

static void write_day(struct buf *json, const char *name, int32_t day)
{
    char text[DAY_TEXT_BYTES];
    if (day == B2CHAT_NO_DAY)
        return;
    day_format(day, text);
    (void)buf_printf(json, "\"%s\": \"%s\", ", name, text);
}

static void write_time(struct buf *json, const char *name, int64_t us)
{
    char text[CLOCK_TEXT_BYTES];
    if (us == TIME_NONE)
        return;
    clock_format(us, text);
    (void)buf_printf(json, "\"%s\": \"%s\", ", name, text);
}

void b2chat_cursor_write(const struct b2chat_cursor *cursor, struct buf *json)
{
    char text[DAY_TEXT_BYTES];
    (void)buf_add_text(json, "{");
    write_day(json, "full_next", cursor->full_next);
    write_day(json, "fresh_day", cursor->fresh_day);
    write_day(json, "deep_day", cursor->deep_day);
    write_time(json, "open_at", cursor->open_at);
    write_time(json, "contacts_at", cursor->contacts_at);
    write_time(json, "contacts_full_at", cursor->contacts_full_at);
    write_day(json, "calls_date", cursor->pace.day);
    (void)buf_printf(json,
                     "\"calls_today\": %" PRId64 ", \"page_limit\": %" PRId64
                     ", \"contacts_limit\": %" PRId64 ", \"full_done\": %s, \"open_days\": [",
                     cursor->pace.calls, cursor->pace.limits[B2CHAT_CHATS],
                     cursor->pace.limits[B2CHAT_CONTACTS], cursor->is_full_done ? "true" : "false");
    for (size_t i = 0; i < cursor->open_count; i++) {
        day_format(cursor->open_days[i], text);
        (void)buf_printf(json, "%s\"%s\"", i > 0 ? ", " : "", text);
    }
    (void)buf_add_text(json, "]}");
}

void b2chat_cursor_set_open(struct b2chat_cursor *cursor, int32_t day, bool is_open)
{
    int32_t *days = cursor->open_days;
    size_t at = 0;
    while (at < cursor->open_count && days[at] < day)
        at++;
    bool is_there = at < cursor->open_count && days[at] == day;
    if (is_there == is_open)
        return;
    if (is_there) {
        memmove(&days[at], &days[at + 1], (cursor->open_count - at - 1) * sizeof *days);
        cursor->open_count--;
        return;
    }
    if (cursor->open_count == B2CHAT_OPEN_DAYS) {
        if (at == 0)
            return;
        memmove(days, days + 1, (--at) * sizeof *days);
        days[at] = day;
        return;
    }
    memmove(&days[at + 1], &days[at], (cursor->open_count - at) * sizeof *days);
    days[at] = day;
    cursor->open_count++;
}
