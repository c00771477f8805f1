#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "lib/limits.h"
#include "transform/json.h"
#include "transform/record_check.h"
#include "transform/record_complete.h"
#include "transform/record_value.h"
#include "transform/text.h"

#define NUMBER_BYTES 64
#define FIRST_ITEMS 4

enum place {
    BEFORE,     /* the record's own object has not begun */
    IN_RECORD,  /* a member of the record */
    IN_LIST,    /* an element of a list of objects */
    IN_ELEMENT, /* a member of such an element */
    IN_TEXTS,   /* an element of a list of texts */
    IN_RAW,     /* inside a value kept as JSON */
    IN_UNKNOWN  /* inside the value of a member that has no field */
};

struct list {
    const struct record_field *field;
    char *items;
    size_t count, room, item_bytes;
};

struct decoder {
    struct arena *arena;
    struct record *record;
    struct err *err;
    enum place place;
    enum place outer; /* of IN_RAW and IN_UNKNOWN: where the value stands */
    size_t depth;     /* objects and arrays open in all */
    size_t nested;    /* of IN_RAW and IN_UNKNOWN: those open in the value */
    bool has_schema, has_kind;
    bool knows_kind; /* from the caller; the record states it all the same, anywhere */
    enum { PLAIN, SCHEMA, KIND } special; /* the members that no field describes */
    const struct record_field *hint;      /* where the next member is looked for first: they come in
                                           * the order of the table */
    const struct record_field *field;     /* of the member being read; NULL = unknown */
    void *owner;                          /* of that field */
    struct list list;
    struct json_writer *raw;
    uint64_t replaced;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct decoder *d, const char *format, ...)
{
    char reason[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    const char *name = d->field != NULL ? d->field->name : "";
    if (d->list.field != NULL && d->place == IN_ELEMENT)
        (void)err_set(d->err, RC_REJECT, "record member %s[%zu].%s %s", d->list.field->name,
                      d->list.count - 1, name, reason);
    else
        (void)err_set(d->err, RC_REJECT, "record%s%s %s", *name != '\0' ? " member " : "", name,
                      reason);
    return 0;
}

static int refuse_full(struct decoder *d)
{
    return refuse(d, "does not fit into memory set aside for it");
}

/* ---- which field a member name means ---- */

static const struct record_field *find(const struct record_field *from, struct str name)
{
    for (const struct record_field *f = from; f != NULL && f->name != NULL; f++)
        if (f->name_bytes == name.n && memcmp(f->name, name.p, name.n) == 0)
            return f;
    return NULL;
}

static const struct record_field *find_anywhere(const struct decoder *d, struct str name)
{
    if (d->place == IN_ELEMENT)
        return find(d->list.field->element, name);
    const struct record_field *f = find(record_common_fields(), name);
    if (f == NULL && d->has_kind)
        f = find(record_fields(d->record->kind), name);
    return f;
}

static bool is_special(struct decoder *d, struct str name)
{
    if (d->place != IN_RECORD || name.p[0] == '\0')
        return false;
    d->special = str_is(name, "schema") ? SCHEMA : str_is(name, "kind") ? KIND : PLAIN;
    return d->special != PLAIN;
}

static bool belongs_to_a_kind(struct str name)
{
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        if (find(record_fields((enum record_kind)kind), name) != NULL)
            return true;
    return false;
}

static int choose_field(struct decoder *d, struct str name)
{
    d->special = PLAIN;
    d->field = find(d->hint, name);
    if (d->field == NULL)
        d->field = find_anywhere(d, name);
    if (d->field != NULL) {
        d->hint = d->field + 1;
        return 1;
    }
    if (name.n == 0 || is_special(d, name) || d->has_kind || !belongs_to_a_kind(name))
        return 1;
    return refuse(d, "needs its kind before the members of that kind; write \"kind\" first");
}

/* ---- values ---- */

static void *value_at(const struct decoder *d)
{
    return (char *)d->owner + d->field->offset;
}

static int word_index(const char *const *words, struct str word)
{
    for (int i = 0; words[i] != NULL; i++)
        if (str_is(word, words[i]))
            return i;
    return -1;
}

static int put_word(struct decoder *d, struct str text)
{
    int index = word_index(d->field->words, text);
    if (index < 0)
        return refuse(d, "holds a word that is none of its words");
    if (d->place == IN_RECORD && d->field->offset == offsetof(struct record, source_kind))
        d->record->source_kind = (enum source_kind)index;
    else
        *(struct str *)value_at(d) = str_of(d->field->words[index]);
    return 1;
}

static int put_text(struct decoder *d, struct str text, struct str *to)
{
    if (text.n > LIMIT_JSON_STRING_BYTES)
        return refuse(d, "is longer than %zu bytes", LIMIT_JSON_STRING_BYTES);
    *to = text_clean(d->arena, text, &d->replaced);
    return str_is_null(*to) ? refuse_full(d) : 1;
}

static bool is_sha256(struct str text)
{
    if (text.n != 64)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
            return false;
    return true;
}

static int put_string(struct decoder *d, struct str text)
{
    switch (d->field->type) {
    case RECORD_STR:
        return put_text(d, text, value_at(d));
    case RECORD_ENUM:
        return put_word(d, text);
    case RECORD_SHA256:
        return is_sha256(text) ? put_text(d, text, value_at(d))
                               : refuse(d, "must be 64 lower-case hexadecimal digits");
    case RECORD_UUID:
        return uuid_from_text(text, value_at(d)) ? 1 : refuse(d, "must be a UUID");
    case RECORD_TIME:
        return clock_parse(text, value_at(d))
                   ? 1
                   : refuse(d, "must be an RFC 3339 time of the years 0001 to 9999");
    default:
        return refuse(d, "must not be a string");
    }
}

static int put_number(struct decoder *d, struct str number)
{
    const struct record_field *f = d->field;
    if (f->type != RECORD_INT && f->type != RECORD_DECIMAL)
        return refuse(d, "must not be a number");
    char text[NUMBER_BYTES];
    if (number.n >= sizeof text)
        return refuse(d, "has more than %d digits", NUMBER_BYTES - 1);
    memcpy(text, number.p, number.n);
    text[number.n] = '\0';
    double value = strtod(text, NULL); /* the program never leaves the C locale */
    if (!(value >= f->least && value <= f->most))
        return refuse(d, "must lie between %.15g and %.15g", f->least, f->most);
    if (f->type == RECORD_DECIMAL)
        return put_text(d, number, value_at(d));
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0)
        return refuse(d, "must be a whole number of 64 bits");
    *(int64_t *)value_at(d) = whole;
    return 1;
}

static int put_boolean(struct decoder *d, bool value)
{
    if (d->field->type == RECORD_BOOL)
        *(bool *)value_at(d) = value;
    else if (d->field->type == RECORD_TRISTATE)
        *(int64_t *)value_at(d) = value;
    else
        return refuse(d, "must not be a boolean");
    return 1;
}

static int put_schema(struct decoder *d, struct str text)
{
    if (!str_is(text, RECORD_SCHEMA))
        return refuse(d, "has another schema than \"%s\"; it may come from a newer release",
                      RECORD_SCHEMA);
    d->has_schema = true;
    return 1;
}

static void begin_kind(struct decoder *d, enum record_kind kind)
{
    d->has_kind = true;
    d->record->kind = kind;
    record_value_clear(record_fields(kind), d->record);
}

static int put_kind(struct decoder *d, struct str text)
{
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        if (!str_is(text, record_kind_name((enum record_kind)kind)))
            continue;
        bool again = d->has_kind && !(d->knows_kind && d->record->kind == (enum record_kind)kind);
        if (again)
            return refuse(d, "states its kind twice");
        if (!d->has_kind)
            begin_kind(d, (enum record_kind)kind);
        d->knows_kind = false;
        return 1;
    }
    return refuse(d, "is of no known kind");
}

/* ---- lists ---- */

static void *next_item(struct decoder *d)
{
    struct list *list = &d->list;
    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : FIRST_ITEMS;
        char *items = arena_alloc(d->arena, room * list->item_bytes);
        if (items == NULL)
            return NULL;
        if (list->count > 0)
            memcpy(items, list->items, list->count * list->item_bytes);
        list->items = items;
        list->room = room;
    }
    return list->items + list->count++ * list->item_bytes;
}

static int begin_list(struct decoder *d)
{
    bool texts = d->field->type == RECORD_STR_LIST;
    d->list = (struct list){.field = d->field,
                            .item_bytes = texts ? sizeof(struct str) : d->field->element_bytes};
    d->place = texts ? IN_TEXTS : IN_LIST;
    return 1;
}

static int end_list(struct decoder *d)
{
    const struct record_field *f = d->list.field;
    const void *items = d->list.items;
    memcpy((char *)d->record + f->offset, &items, sizeof items);
    memcpy((char *)d->record + f->count_offset, &d->list.count, sizeof d->list.count);
    d->list = (struct list){0};
    d->place = IN_RECORD;
    return 1;
}

static int add_text_item(struct decoder *d, struct str text)
{
    struct str *item = next_item(d);
    return item != NULL ? put_text(d, text, item) : refuse_full(d);
}

static int begin_element(struct decoder *d)
{
    void *item = next_item(d);
    if (item == NULL)
        return refuse_full(d);
    record_value_clear(d->list.field->element, item);
    d->owner = item;
    d->hint = d->list.field->element;
    d->field = NULL;
    d->place = IN_ELEMENT;
    return 1;
}

static int end_element(struct decoder *d)
{
    const char *missing = record_check_required(d->list.field->element, d->owner);
    if (missing != NULL) {
        d->field = NULL;
        return refuse(d, "has no %s", missing);
    }
    d->owner = d->record;
    d->field = d->list.field;
    d->hint = d->list.field + 1;
    d->place = IN_LIST;
    return 1;
}

/* ---- values kept as JSON, and values skipped ---- */

static bool is_deep(const struct decoder *d)
{
    return d->place == IN_RAW || d->place == IN_UNKNOWN;
}

static bool starts_raw(const struct decoder *d)
{
    return (d->place == IN_RECORD || d->place == IN_ELEMENT) && d->field != NULL &&
           d->field->type == RECORD_JSON;
}

static void enter(struct decoder *d, enum place place)
{
    d->outer = d->place;
    d->place = place;
    d->nested = 0;
    if (place != IN_RAW)
        return;
    if (d->raw == NULL)
        d->raw = json_writer_new(LIMIT_RECORD_BYTES);
    json_writer_reset(d->raw);
}

static int leave_when_done(struct decoder *d)
{
    if (d->nested > 0)
        return 1;
    bool raw = d->place == IN_RAW;
    d->place = d->outer;
    if (!raw)
        return 1;
    struct str json = json_writer_peek(d->raw);
    struct str *to = value_at(d);
    *to = arena_str(d->arena, json);
    return str_is_null(*to) ? refuse_full(d) : 1;
}

static int raw_string(struct decoder *d, struct str text)
{
    struct str clean;
    if (!put_text(d, text, &clean))
        return 0;
    json_writer_text(d->raw, clean);
    return 1;
}

/* ---- yajl's callbacks ---- */

enum scalar_type { A_NULL, A_BOOLEAN, A_NUMBER, A_STRING };

static int write_scalar(struct decoder *d, enum scalar_type type, struct str text, bool value)
{
    switch (type) {
    case A_NULL:
        json_writer_null(d->raw);
        return 1;
    case A_BOOLEAN:
        json_writer_bool(d->raw, value);
        return 1;
    case A_NUMBER:
        json_writer_number(d->raw, text);
        return 1;
    case A_STRING:
        break;
    }
    return raw_string(d, text);
}

static int put_special(struct decoder *d, enum scalar_type type, struct str text)
{
    bool schema = d->special == SCHEMA;
    d->special = PLAIN;
    if (type != A_STRING)
        return refuse(d, "must state its schema and its kind as strings");
    return schema ? put_schema(d, text) : put_kind(d, text);
}

static int put_member(struct decoder *d, enum scalar_type type, struct str text, bool value)
{
    if (d->special != PLAIN)
        return put_special(d, type, text);
    if (d->field == NULL || type == A_NULL)
        return 1;
    switch (type) {
    case A_BOOLEAN:
        return put_boolean(d, value);
    case A_NUMBER:
        return put_number(d, text);
    default:
        return put_string(d, text);
    }
}

static int on_scalar(struct decoder *d, enum scalar_type type, struct str text, bool value)
{
    if (starts_raw(d) && type != A_NULL)
        enter(d, IN_RAW);
    switch (d->place) {
    case IN_RECORD:
    case IN_ELEMENT:
        return put_member(d, type, text, value);
    case IN_TEXTS:
        return type == A_STRING ? add_text_item(d, text) : refuse(d, "must hold strings only");
    case IN_LIST:
        return refuse(d, "must hold objects only");
    case IN_RAW:
        return write_scalar(d, type, text, value) && leave_when_done(d);
    case IN_UNKNOWN:
        return 1;
    case BEFORE:
        break;
    }
    return refuse(d, "must be one JSON object");
}

static int on_null(void *context)
{
    return on_scalar(context, A_NULL, STR_NULL, false);
}

static int on_boolean(void *context, int value)
{
    return on_scalar(context, A_BOOLEAN, STR_NULL, value != 0);
}

static int on_number(void *context, const char *text, size_t n)
{
    return on_scalar(context, A_NUMBER, (struct str){text, n}, false);
}

static int on_string(void *context, const unsigned char *text, size_t n)
{
    return on_scalar(context, A_STRING, (struct str){(const char *)text, n}, false);
}

static int on_key(void *context, const unsigned char *text, size_t n)
{
    struct decoder *d = context;
    struct str name = {(const char *)text, n};
    if (d->place == IN_UNKNOWN)
        return 1;
    return d->place == IN_RAW ? raw_string(d, name) : choose_field(d, name);
}

static int open_deep(struct decoder *d, bool is_array)
{
    if (d->place == IN_RAW)
        json_writer_open(d->raw, is_array);
    d->nested++;
    return 1;
}

static int on_open(struct decoder *d, bool is_array)
{
    if (++d->depth > LIMIT_JSON_DEPTH)
        return refuse(d, "is nested deeper than %d levels", LIMIT_JSON_DEPTH);
    if (starts_raw(d))
        enter(d, IN_RAW);
    else if ((d->place == IN_RECORD || d->place == IN_ELEMENT) && d->field == NULL &&
             d->special == PLAIN)
        enter(d, IN_UNKNOWN);
    if (is_deep(d))
        return open_deep(d, is_array);
    if (d->place == BEFORE && !is_array) {
        d->place = IN_RECORD;
        return 1;
    }
    if (d->place == IN_RECORD && is_array && d->field != NULL &&
        (d->field->type == RECORD_LIST || d->field->type == RECORD_STR_LIST))
        return begin_list(d);
    if (d->place == IN_LIST && !is_array)
        return begin_element(d);
    return refuse(d, "must not be an %s", is_array ? "array" : "object");
}

static int on_close(struct decoder *d, bool is_array)
{
    d->depth--;
    switch (d->place) {
    case IN_RAW:
    case IN_UNKNOWN:
        if (d->place == IN_RAW)
            json_writer_close(d->raw, is_array);
        d->nested--;
        return leave_when_done(d);
    case IN_ELEMENT:
        return end_element(d);
    case IN_LIST:
    case IN_TEXTS:
        return end_list(d);
    default:
        d->place = BEFORE;
        return 1;
    }
}

static int on_map_open(void *context)
{
    return on_open(context, false);
}

static int on_map_close(void *context)
{
    return on_close(context, false);
}

static int on_array_open(void *context)
{
    return on_open(context, true);
}

static int on_array_close(void *context)
{
    return on_close(context, true);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map_open,
    .yajl_map_key = on_key,
    .yajl_end_map = on_map_close,
    .yajl_start_array = on_array_open,
    .yajl_end_array = on_array_close,
};

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

static enum rc parse(struct decoder *d, struct str json)
{
    static const yajl_alloc_funcs functions = {allocate, reallocate, release, NULL};
    yajl_alloc_funcs own = functions;
    yajl_handle handle = yajl_alloc(&callbacks, &own, d);
    yajl_status status = yajl_parse(handle, (const unsigned char *)json.p, json.n);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(handle);
    size_t at = yajl_get_bytes_consumed(handle);
    yajl_free(handle);
    if (status == yajl_status_error)
        return err_set(d->err, RC_REJECT, "record is not valid JSON at byte %zu", at);
    return status == yajl_status_ok ? RC_OK : RC_REJECT;
}

/* d->record holds what the members that are absent mean. */
static enum rc decode(struct decoder *d, struct str json)
{
    if (json.n > LIMIT_RECORD_BYTES)
        return err_set(d->err, RC_REJECT, "record is larger than %zu bytes", LIMIT_RECORD_BYTES);
    enum rc rc = parse(d, json);
    json_writer_free(&d->raw);
    if (rc == RC_OK && (!d->has_schema || !d->has_kind))
        rc = err_set(d->err, RC_REJECT, "record states no %s", d->has_schema ? "kind" : "schema");
    return rc;
}

enum rc record_decode(struct str json, struct arena *arena, struct record *record_out,
                      struct err *err)
{
    memset(record_out, 0, sizeof *record_out);
    record_out->observed_at = TIME_NONE;
    record_out->source_kind = SOURCE_KINDS;
    struct decoder d = {.arena = arena,
                        .record = record_out,
                        .owner = record_out,
                        .err = err,
                        .hint = record_common_fields()};
    enum rc rc = decode(&d, json);
    return rc == RC_OK ? record_check(record_out, err) : rc;
}

enum rc record_decode_partial(struct str json, struct arena *arena, const struct record *defaults,
                              struct record *record_out, struct err *err)
{
    memset(record_out, 0, sizeof *record_out);
    record_out->tenant = defaults->tenant;
    record_out->tenant_id = defaults->tenant_id;
    record_out->channel_id = defaults->channel_id;
    record_out->provider = defaults->provider;
    record_out->observed_at = defaults->observed_at;
    record_out->source_kind = defaults->source_kind;
    struct decoder d = {.arena = arena,
                        .record = record_out,
                        .owner = record_out,
                        .err = err,
                        .has_schema = true,
                        .hint = record_common_fields()};
    if (defaults->kind < RECORD_KINDS) {
        begin_kind(&d, defaults->kind);
        d.knows_kind = true;
    }
    enum rc rc = decode(&d, json);
    if (rc != RC_OK)
        return rc;
    if (str_is_null(record_out->external_id))
        return err_set(err, RC_REJECT, "record has no external_id; it says which one it is");
    record_complete(record_out);
    return record_check(record_out, err);
}
