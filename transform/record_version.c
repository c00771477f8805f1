#include "lib/decimal.h"
#include "lib/digest.h"
#include "lib/limits.h"
#include "transform/record_value.h"

#define HASH_BYTES 7
#define TEXT_BYTES 40 /* an id or a number */

static const unsigned char ranks[SOURCE_KINDS] = {
    [SOURCE_WEBHOOK] = 3, [SOURCE_SENT] = 3, [SOURCE_POLL] = 2,
    [SOURCE_HISTORY] = 2, [SOURCE_FILE] = 1,
};

static int64_t group_as_of(const struct record *record, enum record_group group)
{
    for (const struct record_field *f = record_fields(record->kind); f->name != NULL; f++)
        if (f->is_as_of && f->group == group)
            return *(const int64_t *)((const char *)record + f->offset);
    return TIME_NONE;
}

static struct str scalar_text(const struct record_field *f, const void *at,
                              char text[static TEXT_BYTES])
{
    switch (f->type) {
    case RECORD_UUID:
        uuid_format(at, text);
        return (struct str){text, UUID_TEXT_BYTES - 1};
    case RECORD_TIME:
    case RECORD_INT:
        return (struct str){text, decimal_format(*(const int64_t *)at, text)};
    case RECORD_BOOL:
        return *(const bool *)at ? STR_LIT("t") : STR_LIT("f");
    case RECORD_TRISTATE:
        return *(const int64_t *)at != 0 ? STR_LIT("t") : STR_LIT("f");
    default:
        return *(const struct str *)at;
    }
}

static void add_text(struct buf *out, struct str text)
{
    char length[DECIMAL_TEXT_BYTES];
    (void)buf_add(out, length, decimal_format((int64_t)text.n, length));
    (void)buf_add_text(out, ":");
    (void)buf_add_str(out, text);
}

static void add_list(struct buf *out, const struct record_field *f, const struct record *record)
{
    struct buf json;
    buf_init(&json, LIMIT_RECORD_BYTES);
    record_value_write(f, record, &json);
    add_text(out, buf_peek(&json));
    buf_done(&json);
}

static void add_field(struct buf *out, const struct record_field *f, const struct record *record)
{
    char text[TEXT_BYTES];
    if (f->type != RECORD_BOOL && record_value_is_null(f, record))
        (void)buf_add_text(out, "-");
    else if (f->type == RECORD_LIST || f->type == RECORD_STR_LIST)
        add_list(out, f, record);
    else
        add_text(out, scalar_text(f, (const char *)record + f->offset, text));
}

bool record_version(const struct record *record, enum record_group group,
                    unsigned char version_out[RECORD_VERSION_BYTES])
{
    int64_t as_of = group_as_of(record, group);
    if (as_of == TIME_NONE)
        return false;
    struct buf serialised;
    buf_init(&serialised, 2 * LIMIT_RECORD_BYTES);
    for (const struct record_field *f = record_fields(record->kind); f->name != NULL; f++)
        if (f->group == group && !f->is_as_of)
            add_field(&serialised, f, record);
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(buf_peek(&serialised), digest);
    buf_done(&serialised);

    for (int i = 0; i < 8; i++)
        version_out[i] = (unsigned char)((uint64_t)as_of >> (56 - 8 * i));
    version_out[8] = as_of == 0 ? 0 : ranks[record->source_kind];
    memcpy(version_out + 9, digest, HASH_BYTES);
    return true;
}
