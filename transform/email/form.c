#include "transform/email/form.h"

#include <glib.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "transform/email/form_header.h"

#define BOUNDARY_MOST 70
#define PADDING_MOST 64 /* blanks behind a boundary */
#define LINE_MOST (2 + BOUNDARY_MOST + PADDING_MOST + 2)

enum state {
    STATE_FIRST_LINE,
    STATE_HEADERS,
    STATE_DATA,
    STATE_TAIL, /* behind a boundary: another part, the end, or a boundary's look-alike */
    STATE_EPILOGUE,
    STATE_NAME,
    STATE_VALUE,
    STATE_DEAD
};

struct form {
    struct arena *arena;
    struct form_field *first, *last;
    size_t count;
    enum state state;
    int64_t at; /* bytes read */
    struct form_fault fault;
    const char *const *only; /* names of fields to keep; NULL = all */
    struct form_field field; /* being read */
    bool is_unwanted;        /* the field being read is not kept */
    bool has_file;
    GChecksum *checksum;
    struct buf header; /* a part's header block, or a name */
    struct buf value;
    size_t line_start;         /* in the header block */
    char delimiter[LINE_MOST]; /* line end, two dashes, boundary */
    size_t delimiter_bytes;
    size_t line_end_bytes;
    size_t matched;   /* bytes of the delimiter seen */
    size_t pretended; /* of them, how many were no bytes of this part */
    char tail[LINE_MOST];
    size_t tail_bytes;
    char escape[2]; /* behind a percent sign */
    size_t escape_bytes;
    bool is_escape;
};

struct form *form_new(void)
{
    struct form *form = xcalloc(1, sizeof *form);
    form->checksum = g_checksum_new(G_CHECKSUM_SHA256);
    buf_init(&form->header, LIMIT_FORM_HEADER_BYTES);
    buf_init(&form->value, LIMIT_MAIL_STRING_BYTES);
    return form;
}

void form_free(struct form **form)
{
    if (form == NULL || *form == NULL)
        return;
    g_checksum_free((*form)->checksum);
    buf_done(&(*form)->header);
    buf_done(&(*form)->value);
    free(*form);
    *form = NULL;
}

void form_keep_only(struct form *form, const char *const *names)
{
    form->only = names;
}

static bool is_wanted(const struct form *form, struct str name)
{
    const char *const *only = form->only;
    while (only != NULL && *only != NULL && !str_is(name, *only))
        only++;
    return only == NULL || *only != NULL;
}

static void begin_field(struct form *form)
{
    form->is_unwanted = false;
    form->field = (struct form_field){.offset = form->at};
    form->has_file = false;
    form->line_start = 0;
    buf_reset(&form->header);
    buf_reset(&form->value);
}

void form_begin(struct form *form, enum form_kind kind, struct arena *arena)
{
    form->arena = arena;
    form->first = form->last = NULL;
    form->count = 0;
    form->at = 0;
    form->fault = (struct form_fault){false, STR_NULL, 0, STR_NULL};
    form->state = kind == FORM_MULTIPART ? STATE_FIRST_LINE : STATE_NAME;
    form->tail_bytes = form->matched = form->pretended = 0;
    form->is_escape = false;
    begin_field(form);
}

const struct form_field *form_fields(const struct form *form)
{
    return form->first;
}

const struct form_fault *form_fault(const struct form *form)
{
    return &form->fault;
}

/* ---- faults ---- */

static enum rc fail_at(struct form *form, bool is_too_large, int64_t offset, struct str detail)
{
    form->state = STATE_DEAD;
    form->fault = (struct form_fault){is_too_large, form->field.name, offset, detail};
    return RC_REJECT;
}

static enum rc fail_memory(struct form *form)
{
    return fail_at(form, true, form->field.offset,
                   STR_LIT("the form needs more memory than one document may take"));
}

/* ---- fields ---- */

static bool keep_hash(struct form *form, struct form_field *field)
{
    field->sha256 = arena_str(form->arena, str_of(g_checksum_get_string(form->checksum)));
    g_checksum_reset(form->checksum);
    return !str_is_null(field->sha256);
}

static void link_field(struct form *form, struct form_field *field)
{
    if (form->last != NULL)
        form->last->next = field;
    else
        form->first = field;
    form->last = field;
}

static enum rc end_field(struct form *form)
{
    if (++form->count > LIMIT_FORM_PARTS)
        return fail_at(form, true, form->field.offset, STR_LIT("more than 10000 fields"));
    if (form->is_unwanted)
        return RC_OK;
    struct form_field *field = arena_alloc(form->arena, sizeof *field);
    if (field == NULL)
        return fail_memory(form);
    *field = form->field;
    if (form->has_file) {
        if (!keep_hash(form, field))
            return fail_memory(form);
    } else {
        field->value = arena_str(form->arena, buf_peek(&form->value));
        field->size_bytes = (int64_t)field->value.n;
        if (str_is_null(field->value))
            return fail_memory(form);
    }
    link_field(form, field);
    return RC_OK;
}

static enum rc add_data(struct form *form, const char *bytes, size_t n)
{
    if (form->is_unwanted)
        return RC_OK;
    if (form->has_file) {
        g_checksum_update(form->checksum, (const guchar *)bytes, (gssize)n);
        form->field.size_bytes += (int64_t)n;
        return RC_OK;
    }
    if (buf_add(&form->value, bytes, n))
        return RC_OK;
    return fail_at(form, true, form->field.offset, STR_LIT("a field is too large"));
}

/* ---- multipart/form-data: each step takes some bytes, one at least ---- */

static enum rc fail_boundary(struct form *form)
{
    return fail_at(form, false, 0,
                   STR_LIT("expected a first line of two dashes and a boundary of at most 70 "
                           "characters"));
}

/* "--boundary", padding and a line end give the delimiter of all that follows. */
static enum rc take_first_line(struct form *form)
{
    struct str line = {form->tail, form->tail_bytes - 1};
    bool has_cr = line.n > 0 && line.p[line.n - 1] == '\r';
    line.n -= has_cr;
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    if (line.n < 3 || line.n > 2 + BOUNDARY_MOST || !str_starts_with(line, "--"))
        return fail_boundary(form);
    form->line_end_bytes = has_cr ? 2 : 1;
    memcpy(form->delimiter, has_cr ? "\r\n" : "\n", form->line_end_bytes);
    memcpy(form->delimiter + form->line_end_bytes, line.p, line.n);
    form->delimiter_bytes = form->line_end_bytes + line.n;
    form->state = STATE_HEADERS;
    form->tail_bytes = 0;
    begin_field(form);
    return RC_OK;
}

static enum rc step_first_line(struct form *form, const char *bytes)
{
    char c = bytes[0];
    form->at++;
    if (form->tail_bytes == 0 && (c == '\r' || c == '\n'))
        return RC_OK;
    if (form->tail_bytes == LINE_MOST)
        return fail_boundary(form);
    form->tail[form->tail_bytes++] = c;
    return c == '\n' ? take_first_line(form) : RC_OK;
}

static enum rc begin_data(struct form *form)
{
    if (!form_header_read(buf_peek(&form->header), form->arena, &form->field))
        return fail_memory(form);
    form->has_file = !str_is_null(form->field.filename);
    form->is_unwanted = !is_wanted(form, form->field.name);
    g_checksum_reset(form->checksum);
    form->state = STATE_DATA;
    form->matched = form->pretended = form->line_end_bytes; /* a boundary may follow at once */
    return RC_OK;
}

static enum rc step_headers(struct form *form, const char *bytes)
{
    char c = bytes[0];
    form->at++;
    if (!buf_add(&form->header, &c, 1))
        return fail_at(form, true, form->field.offset,
                       STR_LIT("the header of a part is too large"));
    if (c != '\n')
        return RC_OK;
    struct str line = {form->header.p + form->line_start, form->header.n - form->line_start};
    bool is_blank = line.n == 1 || (line.n == 2 && line.p[0] == '\r');
    form->line_start = form->header.n;
    return is_blank ? begin_data(form) : RC_OK;
}

/* What looked like a delimiter was data. */
static enum rc flush_match(struct form *form)
{
    size_t from = form->pretended;
    size_t n = form->matched - from;
    form->matched = form->pretended = 0;
    return add_data(form, form->delimiter + from, n);
}

static size_t plain_bytes(const struct form *form, const char *bytes, size_t n)
{
    const char *start = memchr(bytes, form->delimiter[0], n);
    return start != NULL ? (size_t)(start - bytes) : n;
}

/* The delimiter's first byte stands nowhere else in it, so a mismatch begins anew. */
static enum rc step_data(struct form *form, const char *bytes, size_t n, size_t *taken)
{
    size_t plain = form->matched == 0 ? plain_bytes(form, bytes, n) : 0;
    if (plain > 0) {
        *taken = plain;
        form->at += (int64_t)plain;
        return add_data(form, bytes, plain);
    }
    if (bytes[0] != form->delimiter[form->matched]) {
        *taken = 0;
        return flush_match(form);
    }
    form->at++;
    if (++form->matched == form->delimiter_bytes) {
        form->state = STATE_TAIL;
        form->tail_bytes = 0;
    }
    return RC_OK;
}

enum tail { TAIL_MORE, TAIL_PART, TAIL_END, TAIL_DATA };

static enum tail judge_tail(const struct form *form)
{
    struct str tail = {form->tail, form->tail_bytes};
    if (str_starts_with(tail, "-"))
        return tail.n == 1 ? TAIL_MORE : tail.p[1] == '-' ? TAIL_END : TAIL_DATA;
    size_t blanks = 0;
    while (blanks < tail.n && (tail.p[blanks] == ' ' || tail.p[blanks] == '\t'))
        blanks++;
    struct str rest = {tail.p + blanks, tail.n - blanks};
    if (blanks > PADDING_MOST)
        return TAIL_DATA;
    if (rest.n == 0 || (str_is(rest, "\r") && form->line_end_bytes == 2))
        return TAIL_MORE;
    return str_is(rest, "\r\n") || str_is(rest, "\n") ? TAIL_PART : TAIL_DATA;
}

/* The bytes behind the delimiter are looked at again: they may begin a delimiter themselves. */
static enum rc resume_data(struct form *form)
{
    char tail[LINE_MOST];
    size_t n = form->tail_bytes;
    memcpy(tail, form->tail, n);
    form->at -= (int64_t)n;
    form->state = STATE_DATA;
    enum rc rc = flush_match(form);
    for (size_t i = 0; i < n && rc == RC_OK;) {
        size_t taken = 1;
        rc = step_data(form, tail + i, n - i, &taken);
        i += taken;
    }
    return rc;
}

static enum rc step_tail(struct form *form, const char *bytes)
{
    form->at++;
    form->tail[form->tail_bytes++] = bytes[0];
    enum tail tail = judge_tail(form);
    if (tail == TAIL_MORE)
        return RC_OK;
    if (tail == TAIL_DATA)
        return resume_data(form);
    enum rc rc = end_field(form);
    if (rc != RC_OK)
        return rc;
    begin_field(form);
    form->state = tail == TAIL_END ? STATE_EPILOGUE : STATE_HEADERS;
    return RC_OK;
}

/* ---- application/x-www-form-urlencoded ---- */

static enum rc end_pair(struct form *form)
{
    form->state = STATE_NAME;
    if (form->is_unwanted || (form->header.n == 0 && form->value.n == 0))
        return form->is_unwanted ? end_field(form) : RC_OK;
    form->field.name = form_text(form->arena, buf_peek(&form->header));
    if (str_is_null(form->field.name))
        return fail_memory(form);
    return end_field(form);
}

static enum rc add_decoded(struct form *form, char c)
{
    if (form->state == STATE_VALUE)
        return add_data(form, &c, 1);
    if (buf_add(&form->header, &c, 1))
        return RC_OK;
    return fail_at(form, true, form->field.offset, STR_LIT("the name of a field is too large"));
}

static enum rc take_plain(struct form *form, char c)
{
    if (c == '&') {
        enum rc rc = end_pair(form);
        form->at++;
        if (rc == RC_OK)
            begin_field(form);
        return rc;
    }
    form->at++;
    if (c == '=' && form->state == STATE_NAME) {
        form->state = STATE_VALUE;
        form->is_unwanted = !is_wanted(form, buf_peek(&form->header));
        return RC_OK;
    }
    if (c == '%') {
        form->is_escape = true;
        form->escape_bytes = 0;
        return RC_OK;
    }
    return add_decoded(form, c == '+' ? ' ' : c);
}

/* A percent sign without two digits is itself. */
static enum rc flush_escape(struct form *form)
{
    form->is_escape = false;
    enum rc rc = add_decoded(form, '%');
    for (size_t i = 0; i < form->escape_bytes && rc == RC_OK; i++)
        rc = add_decoded(form, form->escape[i]);
    return rc;
}

static enum rc take_escape(struct form *form, char c)
{
    if (hex_digits[(unsigned char)c] == 0) {
        enum rc rc = flush_escape(form);
        return rc == RC_OK ? take_plain(form, c) : rc;
    }
    form->at++;
    form->escape[form->escape_bytes++] = c;
    unsigned char byte;
    if (form->escape_bytes < 2 || !hex_take(form->escape, &byte))
        return RC_OK;
    form->is_escape = false;
    return add_decoded(form, (char)byte);
}

static enum rc step_pair(struct form *form, const char *bytes)
{
    return form->is_escape ? take_escape(form, bytes[0]) : take_plain(form, bytes[0]);
}

/* ---- documents ---- */

static enum rc step(struct form *form, const char *bytes, size_t n, size_t *taken)
{
    *taken = 1;
    switch (form->state) {
    case STATE_FIRST_LINE:
        return step_first_line(form, bytes);
    case STATE_HEADERS:
        return step_headers(form, bytes);
    case STATE_DATA:
        return step_data(form, bytes, n, taken);
    case STATE_TAIL:
        return step_tail(form, bytes);
    case STATE_NAME:
    case STATE_VALUE:
        return step_pair(form, bytes);
    case STATE_EPILOGUE:
    case STATE_DEAD:
        break;
    }
    *taken = n;
    return RC_OK;
}

enum rc form_feed(struct form *form, const char *bytes, size_t n)
{
    enum rc rc = RC_OK;
    while (n > 0 && rc == RC_OK) {
        size_t taken;
        rc = step(form, bytes, n, &taken);
        bytes += taken;
        n -= taken;
    }
    return rc;
}

enum rc form_finish(struct form *form)
{
    switch (form->state) {
    case STATE_NAME:
    case STATE_VALUE: {
        enum rc rc = form->is_escape ? flush_escape(form) : RC_OK;
        return rc == RC_OK ? end_pair(form) : rc;
    }
    case STATE_EPILOGUE:
    case STATE_DEAD:
        return RC_OK;
    default:
        return fail_at(form, false, form->at, STR_LIT("the form ends before its last boundary"));
    }
}

const struct form_field *form_find(const struct form_field *fields, const char *name)
{
    for (; fields != NULL; fields = fields->next)
        if (str_is(fields->name, name))
            return fields;
    return NULL;
}

const struct form_field *form_find_last(const struct form_field *fields, const char *name)
{
    const struct form_field *last = NULL;
    for (; (fields = form_find(fields, name)) != NULL; fields = fields->next)
        last = fields;
    return last;
}
