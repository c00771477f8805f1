#include "connectors/imap_cursor.h"

#include "lib/decimal.h"
#include "lib/limits.h"
#include "transform/jpath.h"
#include "transform/json.h"

#define ARENA_BYTES (64 * KIB)

struct fields {
    struct str uid_validity, last_uid, failed_uid, failures;
};

static const struct jpath_rule rules[] = {
    JPATH_NUMBER("uidvalidity", struct fields, uid_validity),
    JPATH_NUMBER("last_uid", struct fields, last_uid),
    JPATH_NUMBER("failed_uid", struct fields, failed_uid),
    JPATH_NUMBER("failures", struct fields, failures),
    JPATH_RULES_END,
};

static uint32_t number_of(struct str text)
{
    int64_t number = 0;
    bool is_number = !str_is_null(text) && decimal_parse(text, &number);
    return is_number && number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

struct imap_cursor imap_cursor_read(struct str json)
{
    static const struct jpath_limits limits = {8, LIMIT_IMAP_NAME_BYTES * 8, ARENA_BYTES};
    struct fields fields = {STR_NULL, STR_NULL, STR_NULL, STR_NULL};
    struct imap_cursor cursor = {0, 0, 0, 0};
    struct jpath *jpath = jpath_new(rules);
    struct arena *arena = arena_new("cursor", ARENA_BYTES);
    struct err ignored;
    jpath_begin(jpath, &limits, arena, &fields, NULL);
    if (jpath_feed(jpath, json.p, json.n, &ignored) == RC_OK &&
        jpath_finish(jpath, &ignored) == RC_OK)
        cursor = (struct imap_cursor){number_of(fields.uid_validity), number_of(fields.last_uid),
                                      number_of(fields.failed_uid), number_of(fields.failures)};
    if (cursor.uid_validity == 0)
        cursor.last_uid = cursor.failed_uid = cursor.failures = 0;
    arena_free(&arena);
    jpath_free(&jpath);
    return cursor;
}

void imap_cursor_write(struct buf *out, const struct imap_cursor *cursor, struct str shown)
{
    (void)buf_add_text(out, "{\"folder\":");
    json_add_text(out, shown);
    (void)buf_printf(out, ",\"uidvalidity\":%u,\"last_uid\":%u", cursor->uid_validity,
                     cursor->last_uid);
    if (cursor->failed_uid > 0)
        (void)buf_printf(out, ",\"failed_uid\":%u,\"failures\":%u", cursor->failed_uid,
                         cursor->failures);
    (void)buf_add_text(out, "}");
}
