/* rows.h: the rows of a CSV (RFC 4180), out of pieces cut anywhere, over libcsv.
 *
 * Reads:   commas, quotes doubled inside quotes, newlines inside quotes, LF, CRLF or CR, a
 *          byte-order mark, a last line without newline. Empty lines are no rows.
 * Owns:    its parser and the bytes of one row, valid during the callback.
 * Errors:  RC_REJECT = the file cannot be read further: b2_rows_fault says why; any other result is
 *          the callback's. The result never depends on how the bytes were cut.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_ROWS_H
#define SLUICE_TRANSFORM_B2CHAT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

struct b2_row {
    int64_t number; /* the first of the file is 1 */
    int64_t offset; /* of its first byte */
    const struct str *fields;
    size_t count;
    bool is_cut; /* it holds more than a row may; the fields are not all there */
};

typedef enum rc b2_row_fn(void *context, const struct b2_row *row, struct err *err);

struct b2_rows;

struct b2_rows *b2_rows_new(b2_row_fn *take, void *context);
void b2_rows_free(struct b2_rows **rows);

void b2_rows_begin(struct b2_rows *rows);
enum rc b2_rows_feed(struct b2_rows *rows, const char *bytes, size_t n, struct err *err) MUST_USE;
enum rc b2_rows_finish(struct b2_rows *rows, struct err *err) MUST_USE;

/* After RC_REJECT: what is wrong, in the row that begins at *offset_out. */
const char *b2_rows_fault(const struct b2_rows *rows, bool *is_too_large_out, int64_t *offset_out);

#endif
