/* copy.c: see copy.h. Format: PostgreSQL manual, COPY, "Binary Format"; all numbers big endian. */
#include "loaders/copy.h"

#include <endian.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "loaders/fold.h"

#define POSTGRES_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 */
#define SEND_BYTES (256 * KIB)
#define BUFFER_BYTES (SEND_BYTES + 2 * LIMIT_BATCH_ARENA_BYTES)

enum { OID_TEXT = 25, JSONB_FORMAT = 1 };

static void put_i16(struct buf *out, int16_t value)
{
    uint16_t big = htobe16((uint16_t)value);
    (void)buf_add(out, &big, sizeof big);
}

static void put_i32(struct buf *out, int32_t value)
{
    uint32_t big = htobe32((uint32_t)value);
    (void)buf_add(out, &big, sizeof big);
}

static void put_i64(struct buf *out, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    (void)buf_add(out, &big, sizeof big);
}

static void put_text(struct buf *out, struct str text)
{
    put_i32(out, (int32_t)text.n);
    (void)buf_add(out, text.p, text.n);
}

static void put_json(struct buf *out, struct str json)
{
    put_i32(out, (int32_t)json.n + 1);
    (void)buf_add(out, &(char){JSONB_FORMAT}, 1);
    (void)buf_add(out, json.p, json.n);
}

static void put_text_list(struct buf *out, const struct str *list, size_t count)
{
    enum { DIMENSIONS = 1, HAS_NULLS = 0, FIRST_INDEX = 1, HEADER_BYTES = 20 };
    size_t bytes = HEADER_BYTES;
    for (size_t i = 0; i < count; i++)
        bytes += sizeof(int32_t) + list[i].n;
    put_i32(out, (int32_t)bytes);
    put_i32(out, DIMENSIONS);
    put_i32(out, HAS_NULLS);
    put_i32(out, OID_TEXT);
    put_i32(out, (int32_t)count);
    put_i32(out, FIRST_INDEX);
    for (size_t i = 0; i < count; i++)
        put_text(out, list[i]);
}

static void put_cell(struct buf *out, enum cell_type type, const union cell *cell)
{
    if (cell_is_null(type, cell)) {
        put_i32(out, -1);
        return;
    }
    switch (type) {
    case CELL_UUID:
        put_i32(out, sizeof cell->id);
        (void)buf_add(out, &cell->id, sizeof cell->id);
        break;
    case CELL_TEXT:
    case CELL_DECIMAL:
    case CELL_BYTES:
        put_text(out, cell->text);
        break;
    case CELL_JSON:
        put_json(out, cell->text);
        break;
    case CELL_TIME:
        put_i32(out, sizeof(int64_t));
        put_i64(out, cell->number - POSTGRES_EPOCH_US);
        break;
    case CELL_INT:
        put_i32(out, sizeof(int64_t));
        put_i64(out, cell->number);
        break;
    case CELL_BOOL:
    case CELL_TRISTATE:
        put_i32(out, 1);
        (void)buf_add(out, &(char){(char)cell->number}, 1);
        break;
    case CELL_TEXT_LIST:
        put_text_list(out, cell->texts.list, cell->texts.count);
        break;
    }
}

static enum rc send_bytes(PGconn *connection, struct buf *out, struct err *err)
{
    if (buf_is_full(out))
        return err_set(err, RC_REJECT, "a row is larger than the loader takes");
    if (PQputCopyData(connection, out->p, (int)out->n) != 1)
        return database_error(connection, NULL, "send rows to staging", err);
    buf_reset(out);
    return RC_OK;
}

static enum rc send_rows(PGconn *connection, const struct rowset *set, struct buf *out,
                         struct err *err)
{
    static const char signature[11] = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', 0};
    const struct column *columns = set->table->columns;
    int16_t staged = 0;
    for (size_t i = 0; i < set->width; i++)
        staged = (int16_t)(staged + column_is_staged(&columns[i]));
    (void)buf_add(out, signature, sizeof signature);
    put_i32(out, 0); /* flags */
    put_i32(out, 0); /* no header extension */
    for (size_t r = 0; r < set->count; r++) {
        put_i16(out, staged);
        for (size_t i = 0; i < set->width; i++)
            if (column_is_staged(&columns[i]))
                put_cell(out, columns[i].type, &set->rows[r][i]);
        if (out->n >= SEND_BYTES) {
            enum rc rc = send_bytes(connection, out, err);
            if (rc != RC_OK)
                return rc;
        }
    }
    put_i16(out, -1); /* end */
    return send_bytes(connection, out, err);
}

/* Takes the server's verdict and leaves the connection ready for the next command. */
static enum rc finish(PGconn *connection, const struct rowset *set, struct err *err)
{
    enum rc rc = RC_OK;
    PGresult *result;
    while ((result = PQgetResult(connection)) != NULL) {
        if (rc == RC_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
            rc = database_error(connection, result, set->table->name, err);
        PQclear(result);
    }
    return rc;
}

enum rc copy_rows(PGconn *connection, const char *sql, const struct rowset *set, struct err *err)
{
    PGresult *result = PQexec(connection, sql);
    enum rc rc = RC_OK;
    if (PQresultStatus(result) != PGRES_COPY_IN)
        rc = database_error(connection, result, "start to copy rows", err);
    PQclear(result);
    if (rc != RC_OK)
        return rc;

    struct buf out;
    buf_init(&out, BUFFER_BYTES);
    rc = send_rows(connection, set, &out, err);
    buf_done(&out);
    bool ended = PQputCopyEnd(connection, rc == RC_OK ? NULL : "rows not sendable") == 1;
    if (rc == RC_OK && !ended)
        rc = database_error(connection, NULL, "send rows to staging", err);
    if (rc != RC_OK) {
        struct err ignored;
        (void)finish(connection, set, &ignored);
        return rc;
    }
    return finish(connection, set, err);
}
