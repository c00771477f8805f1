#include "transform/b2chat/rows.h"

#include <csv.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/limits.h"

#define BOM "\xef\xbb\xbf"
#define BOM_BYTES 3
#define FIELDS_MOST 1000
#define GROWTH_BYTES (64 * KIB)

struct b2_rows {
    b2_row_fn *take;
    void *context;
    struct csv_parser parser;
    bool is_open; /* the parser was initialised */
    size_t bom_matched;
    bool bom_done;
    int64_t consumed;
    bool row_begun;
    struct b2_row row;
    struct buf bytes; /* of the row's fields, end to end */
    size_t lengths[FIELDS_MOST];
    struct str fields[FIELDS_MOST];
    const char *fault;
    bool is_too_large;
    enum rc rc; /* of the callback */
    struct err *err;
};

struct b2_rows *b2_rows_new(b2_row_fn *take, void *context)
{
    struct b2_rows *rows = xcalloc(1, sizeof *rows);
    rows->take = take;
    rows->context = context;
    buf_init(&rows->bytes, LIMIT_RECORD_BYTES);
    return rows;
}

void b2_rows_free(struct b2_rows **rows)
{
    if (rows == NULL || *rows == NULL)
        return;
    if ((*rows)->is_open)
        csv_free(&(*rows)->parser);
    buf_done(&(*rows)->bytes);
    free(*rows);
    *rows = NULL;
}

/* Blanks are part of a field (RFC 4180 2.4). */
static int is_no_space(unsigned char c)
{
    (void)c;
    return 0;
}

void b2_rows_begin(struct b2_rows *rows)
{
    if (rows->is_open)
        csv_free(&rows->parser);
    (void)csv_init(&rows->parser, 0);
    csv_set_space_func(&rows->parser, is_no_space);
    csv_set_realloc_func(&rows->parser, xrealloc);
    csv_set_blk_size(&rows->parser, GROWTH_BYTES);
    rows->is_open = true;
    rows->bom_matched = 0;
    rows->bom_done = rows->row_begun = rows->is_too_large = false;
    rows->consumed = 0;
    rows->row = (struct b2_row){.number = 1};
    rows->fault = NULL;
    rows->rc = RC_OK;
    buf_reset(&rows->bytes);
}

/* ---- events of the parser ---- */

static void on_field(void *bytes, size_t n, void *context)
{
    struct b2_rows *rows = context;
    bool fits = rows->row.count < FIELDS_MOST && buf_add(&rows->bytes, bytes, n);
    if (fits)
        rows->lengths[rows->row.count++] = n;
    else
        rows->row.is_cut = true;
}

/* The buffer moves while it grows: only now the fields have their place. */
static void place_fields(struct b2_rows *rows)
{
    const char *at = buf_peek(&rows->bytes).p;
    for (size_t i = 0; i < rows->row.count; i++) {
        rows->fields[i] = (struct str){at, rows->lengths[i]};
        at += rows->lengths[i];
    }
    rows->row.fields = rows->fields;
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    struct b2_rows *rows = context;
    place_fields(rows);
    if (rows->rc == RC_OK)
        rows->rc = rows->take(rows->context, &rows->row, rows->err);
    rows->row = (struct b2_row){.number = rows->row.number + 1};
    rows->row_begun = false;
    buf_reset(&rows->bytes);
}

/* ---- pieces ---- */

static enum rc fail(struct b2_rows *rows, const char *fault, bool is_too_large, struct err *err)
{
    rows->fault = fault;
    rows->is_too_large = is_too_large;
    return err_set(err, RC_REJECT, "%s", fault);
}

/* Up to the end of a line, and no longer than the field under way may still grow. */
static size_t piece_of(const struct b2_rows *rows, const char *bytes, size_t n)
{
    size_t room = LIMIT_JSON_STRING_BYTES + 1 - rows->parser.entry_pos;
    size_t most = n < room ? n : room;
    for (size_t i = 0; i < most; i++)
        if (bytes[i] == '\n' || bytes[i] == '\r')
            return i + 1;
    return most;
}

static enum rc parse_piece(struct b2_rows *rows, const char *bytes, size_t n, struct err *err)
{
    rows->err = err;
    (void)csv_parse(&rows->parser, bytes, n, on_field, on_row, rows);
    rows->consumed += (int64_t)n;
    if (rows->rc == RC_OK && rows->parser.entry_pos > LIMIT_JSON_STRING_BYTES)
        return fail(rows, "a field is too long: a quote may be missing", true, err);
    return rows->rc;
}

static enum rc parse(struct b2_rows *rows, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = RC_OK;
    while (n > 0 && rc == RC_OK) {
        if (!rows->row_begun && (*bytes == '\n' || *bytes == '\r')) {
            rows->consumed++;
            bytes++;
            n--;
            continue;
        }
        if (!rows->row_begun)
            rows->row.offset = rows->consumed;
        rows->row_begun = true;
        size_t piece = piece_of(rows, bytes, n);
        rc = parse_piece(rows, bytes, piece, err);
        bytes += piece;
        n -= piece;
    }
    return rc;
}

/* The mark may come in pieces; what turns out to be none is parsed after all. */
static enum rc skip_bom(struct b2_rows *rows, const char **bytes, size_t *n, struct err *err)
{
    while (!rows->bom_done && *n > 0) {
        if (**bytes != BOM[rows->bom_matched]) {
            rows->bom_done = true;
            return parse(rows, BOM, rows->bom_matched, err);
        }
        (*bytes)++;
        (*n)--;
        if (++rows->bom_matched == BOM_BYTES) {
            rows->bom_done = true;
            rows->consumed = BOM_BYTES;
        }
    }
    return RC_OK;
}

enum rc b2_rows_feed(struct b2_rows *rows, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = skip_bom(rows, &bytes, &n, err);
    return rc == RC_OK ? parse(rows, bytes, n, err) : rc;
}

enum rc b2_rows_finish(struct b2_rows *rows, struct err *err)
{
    rows->err = err;
    if (!rows->bom_done && rows->bom_matched > 0) {
        rows->bom_done = true;
        enum rc rc = parse(rows, BOM, rows->bom_matched, err);
        if (rc != RC_OK)
            return rc;
    }
    /* only now: stray quotes within a field are not worth a file */
    (void)csv_set_opts(&rows->parser, CSV_STRICT | CSV_STRICT_FINI);
    if (csv_fini(&rows->parser, on_field, on_row, rows) != 0)
        return fail(rows, "the file ends within quotes", false, err);
    return rows->rc;
}

const char *b2_rows_fault(const struct b2_rows *rows, bool *is_too_large_out, int64_t *offset_out)
{
    *is_too_large_out = rows->is_too_large;
    *offset_out = rows->row.offset;
    return rows->fault;
}
