#include "lib/decimal.h"
#include "transform/json.h"
#include "transform/record_value.h"

#define QUOTES 2
#define MEMBER_EXTRA_BYTES 4 /* of ,"": around a name */

static void add_time(struct buf *out, int64_t us)
{
    char *to = buf_reserve(out, CLOCK_TEXT_BYTES + QUOTES);
    if (to == NULL)
        return;
    to[0] = '"';
    clock_format(us, to + 1);
    to[CLOCK_TEXT_BYTES] = '"';
    out->n += CLOCK_TEXT_BYTES - 1 + QUOTES;
}

static void add_uuid(struct buf *out, const struct uuid *id)
{
    char *to = buf_reserve(out, UUID_TEXT_BYTES + QUOTES);
    if (to == NULL)
        return;
    to[0] = '"';
    uuid_format(id, to + 1);
    to[UUID_TEXT_BYTES] = '"';
    out->n += UUID_TEXT_BYTES - 1 + QUOTES;
}

static void add_int(struct buf *out, int64_t value)
{
    char text[DECIMAL_TEXT_BYTES];
    (void)buf_add(out, text, decimal_format(value, text));
}

static void add_bool(struct buf *out, bool value)
{
    (void)buf_add_str(out, value ? STR_LIT("true") : STR_LIT("false"));
}

/* Strings hold their line breaks escaped; JSON text may be given over lines. */
static void add_json(struct buf *out, struct str json)
{
    if (!buf_add_str(out, json))
        return;
    char *end = out->p + out->n;
    for (char *at = end - json.n; at < end; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
}

static void add_member(struct buf *out, const struct record_field *f, const void *owner,
                       bool is_first)
{
    (void)buf_add(out, f->member + is_first, f->name_bytes + MEMBER_EXTRA_BYTES - is_first);
    record_value_write(f, owner, out);
}

static void add_object(struct buf *out, const struct record_field *fields, const void *owner)
{
    bool is_first = true;
    (void)buf_add(out, "{", 1);
    for (const struct record_field *f = fields; f->name != NULL; f++) {
        if (record_value_is_null(f, owner))
            continue;
        add_member(out, f, owner, is_first);
        is_first = false;
    }
    (void)buf_add(out, "}", 1);
}

static void add_list(struct buf *out, const struct record_field *field, const void *owner)
{
    const char *element = *(const char *const *)((const char *)owner + field->offset);
    size_t count = *(const size_t *)((const char *)owner + field->count_offset);
    (void)buf_add(out, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            (void)buf_add(out, ",", 1);
        if (field->type == RECORD_STR_LIST)
            json_add_text(out, ((const struct str *)(const void *)element)[i]);
        else
            add_object(out, field->element, element + i * field->element_bytes);
    }
    (void)buf_add(out, "]", 1);
}

void record_value_write(const struct record_field *field, const void *owner, struct buf *out)
{
    const void *at = (const char *)owner + field->offset;
    switch (field->type) {
    case RECORD_STR:
    case RECORD_ENUM:
    case RECORD_SHA256:
        json_add_text(out, *(const struct str *)at);
        break;
    case RECORD_DECIMAL:
    case RECORD_JSON:
        add_json(out, *(const struct str *)at);
        break;
    case RECORD_UUID:
        add_uuid(out, at);
        break;
    case RECORD_TIME:
        add_time(out, *(const int64_t *)at);
        break;
    case RECORD_INT:
        add_int(out, *(const int64_t *)at);
        break;
    case RECORD_BOOL:
        add_bool(out, *(const bool *)at);
        break;
    case RECORD_TRISTATE:
        add_bool(out, *(const int64_t *)at != 0);
        break;
    case RECORD_STR_LIST:
    case RECORD_LIST:
        add_list(out, field, owner);
        break;
    }
}

static void add_members(struct buf *out, const struct record_field *fields,
                        const struct record_field *end, const struct record *record)
{
    for (const struct record_field *f = fields; f != end && f->name != NULL; f++)
        if (!record_value_is_null(f, record))
            add_member(out, f, record, false);
}

static void add_common(struct buf *out, const struct record *record)
{
    const struct record_field *fields = record_common_fields();
    const struct record_field *source = fields;
    while (source->offset != offsetof(struct record, source_kind))
        source++;
    (void)buf_add_str(out, STR_LIT("{\"schema\":\"" RECORD_SCHEMA "\",\"kind\":"));
    json_add_text(out, str_of(record_kind_name(record->kind)));
    add_members(out, fields, source, record);
    (void)buf_add(out, source->member, source->name_bytes + MEMBER_EXTRA_BYTES);
    json_add_text(out, str_of(source_kind_name(record->source_kind)));
}

enum rc record_encode(const struct record *record, struct buf *out, struct err *err)
{
    size_t first = out->n;
    add_common(out, record);
    add_members(out, record_fields(record->kind), NULL, record);
    (void)buf_add(out, "}", 1);
    if (!buf_is_full(out))
        return RC_OK;
    out->n = first;
    return err_set(err, RC_REJECT, "a %s record is larger than %zu bytes",
                   record_kind_name(record->kind), out->max);
}
