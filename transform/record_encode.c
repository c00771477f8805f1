#include <inttypes.h>
#include <stdlib.h>

#include "transform/record_value.h"

/* yajl does not check its allocations. */
static void *allocate(void *context, size_t n)
{
    (void)context;
    return xmalloc(n);
}

static void *reallocate(void *context, void *block, size_t n)
{
    (void)context;
    return xrealloc(block, n);
}

static void release(void *context, void *block)
{
    (void)context;
    free(block);
}

static void append(void *context, const char *bytes, size_t n)
{
    (void)buf_add(context, bytes, n);
}

yajl_gen record_value_generator(struct buf *buf)
{
    static const yajl_alloc_funcs functions = {allocate, reallocate, release, NULL};
    yajl_gen generator = yajl_gen_alloc(&functions);
    yajl_gen_config(generator, yajl_gen_print_callback, append, buf);
    return generator;
}

static void write_text(yajl_gen generator, struct str text)
{
    yajl_gen_string(generator, (const unsigned char *)text.p, text.n);
}

static void write_time(yajl_gen generator, int64_t us)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(us, text);
    write_text(generator, (struct str){text, CLOCK_TEXT_BYTES - 1});
}

static void write_uuid(yajl_gen generator, const struct uuid *id)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    write_text(generator, (struct str){text, UUID_TEXT_BYTES - 1});
}

static void write_members(const struct record_field *fields, const void *owner, yajl_gen generator)
{
    for (const struct record_field *f = fields; f->name != NULL; f++) {
        if (record_value_is_null(f, owner))
            continue;
        write_text(generator, (struct str){f->name, f->name_bytes});
        record_value_write(f, owner, generator);
    }
}

static void write_list(const struct record_field *field, const void *owner, yajl_gen generator)
{
    const char *element = *(const char *const *)((const char *)owner + field->offset);
    size_t count = *(const size_t *)((const char *)owner + field->count_offset);
    yajl_gen_array_open(generator);
    for (size_t i = 0; i < count; i++) {
        if (field->type == RECORD_STR_LIST) {
            write_text(generator, ((const struct str *)(const void *)element)[i]);
            continue;
        }
        yajl_gen_map_open(generator);
        write_members(field->element, element + i * field->element_bytes, generator);
        yajl_gen_map_close(generator);
    }
    yajl_gen_array_close(generator);
}

void record_value_write(const struct record_field *field, const void *owner, yajl_gen generator)
{
    const void *at = (const char *)owner + field->offset;
    const struct str *text = at;
    switch (field->type) {
    case RECORD_STR:
    case RECORD_ENUM:
    case RECORD_SHA256:
        write_text(generator, *text);
        break;
    case RECORD_DECIMAL:
    case RECORD_JSON: /* the one call that writes bytes as they are */
        yajl_gen_number(generator, text->p, text->n);
        break;
    case RECORD_UUID:
        write_uuid(generator, at);
        break;
    case RECORD_TIME:
        write_time(generator, *(const int64_t *)at);
        break;
    case RECORD_INT:
        yajl_gen_integer(generator, *(const int64_t *)at);
        break;
    case RECORD_BOOL:
        yajl_gen_bool(generator, *(const bool *)at);
        break;
    case RECORD_TRISTATE:
        yajl_gen_bool(generator, *(const int64_t *)at != 0);
        break;
    case RECORD_STR_LIST:
    case RECORD_LIST:
        write_list(field, owner, generator);
        break;
    }
}

static void write_common(const struct record *record, yajl_gen generator)
{
    write_text(generator, STR_LIT("schema"));
    write_text(generator, STR_LIT(RECORD_SCHEMA));
    write_text(generator, STR_LIT("kind"));
    write_text(generator, str_of(record_kind_name(record->kind)));
    const struct record_field *f = record_common_fields();
    for (; f->offset != offsetof(struct record, source_kind); f++) {
        if (record_value_is_null(f, record))
            continue;
        write_text(generator, (struct str){f->name, f->name_bytes});
        record_value_write(f, record, generator);
    }
    write_text(generator, (struct str){f->name, f->name_bytes});
    write_text(generator, str_of(source_kind_name(record->source_kind)));
}

/* Strings hold their line breaks escaped; what is left comes from JSON text given over lines. */
static void join_lines(char *bytes, size_t n)
{
    for (char *end = bytes + n; bytes < end; bytes++)
        if (*bytes == '\n' || *bytes == '\r')
            *bytes = ' ';
}

enum rc record_encode(const struct record *record, struct buf *out, struct err *err)
{
    size_t first = out->n;
    yajl_gen generator = record_value_generator(out);
    yajl_gen_map_open(generator);
    write_common(record, generator);
    write_members(record_fields(record->kind), record, generator);
    yajl_gen_map_close(generator);
    yajl_gen_free(generator);
    if (buf_is_full(out)) {
        out->n = first;
        return err_set(err, RC_REJECT, "a %s record is larger than %zu bytes",
                       record_kind_name(record->kind), out->max);
    }
    if (out->n > first)
        join_lines(out->p + first, out->n - first);
    return RC_OK;
}
