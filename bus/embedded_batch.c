#include "bus/embedded_batch.h"

#include <endian.h>
#include <stdlib.h>

#include "bus/headers.h"
#include "lib/arena.h"

#define BATCH_NULL UINT32_MAX
/* Level 1 makes about a fifth of WhatsApp bodies and their records; higher ones cost more than the
 * bytes they save. */
#define LEVEL 1
/* Hardly slower than copying: about half of such bodies. */
#define LEVEL_IN_HASTE (-20)

enum { KEY, HEADERS, VALUE, PARTS };

struct prefix { /* of each message, little-endian */
    uint32_t n[PARTS];
    uint32_t time_low, time_high; /* two, so that there is no padding */
};

/* ---- writing ---- */

struct embedded_batch *embedded_batch_new(void)
{
    struct embedded_batch *batch = xcalloc(1, sizeof *batch);
    buf_init(&batch->bytes, EMBEDDED_BATCH_MOST_BYTES);
    return batch;
}

void embedded_batch_free(struct embedded_batch *batch)
{
    buf_done(&batch->bytes);
    free(batch);
}

static void give_back_if_large(struct buf *buf)
{
    if (buf->cap > 2 * EMBEDDED_BATCH_BYTES)
        buf_done(buf);
    buf_reset(buf);
}

void embedded_batch_reset(struct embedded_batch *batch, enum bus_topic topic)
{
    struct buf bytes = batch->bytes;
    give_back_if_large(&bytes);
    *batch = (struct embedded_batch){.topic = topic, .bytes = bytes};
}

static uint32_t length_of(struct str bytes)
{
    return htole32(str_is_null(bytes) ? BATCH_NULL : (uint32_t)bytes.n);
}

static char *put(char *to, struct str bytes)
{
    if (bytes.n > 0)
        memcpy(to, bytes.p, bytes.n);
    return to + bytes.n;
}

static bool has_room(const struct embedded_batch *batch, size_t bytes)
{
    return batch->count == 0 || (batch->count < EMBEDDED_BATCH_MESSAGES &&
                                 batch->bytes.n + bytes <= EMBEDDED_BATCH_BYTES);
}

bool embedded_batch_add(struct embedded_batch *batch, const struct bus_message *message,
                        int64_t time_us)
{
    size_t header_bytes = headers_encoded_bytes(message->headers, message->header_count);
    size_t bytes = sizeof(struct prefix) + message->key.n + header_bytes + message->value.n;
    if (!has_room(batch, bytes))
        return false;
    char *to = buf_reserve(&batch->bytes, bytes);
    if (to == NULL)
        return false;
    struct prefix prefix = {
        .n = {length_of(message->key), htole32((uint32_t)header_bytes), length_of(message->value)},
        .time_low = htole32((uint32_t)(uint64_t)time_us),
        .time_high = htole32((uint32_t)((uint64_t)time_us >> 32))};
    memcpy(to, &prefix, sizeof prefix);
    to = put(to + sizeof prefix, message->key);
    to = headers_encode(message->headers, message->header_count, to);
    (void)put(to, message->value);
    batch->bytes.n += bytes;
    if (batch->count++ == 0)
        batch->time_us = time_us;
    return true;
}

struct embedded_packer {
    ZSTD_CCtx *context;
    struct buf packed;
};

struct embedded_packer *embedded_packer_new(bool in_haste)
{
    struct embedded_packer *packer = xcalloc(1, sizeof *packer);
    buf_init(&packer->packed, ZSTD_COMPRESSBOUND(EMBEDDED_BATCH_MOST_BYTES));
    packer->context = ZSTD_createCCtx();
    if (packer->context == NULL)
        abort(); /* out of memory */
    (void)ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel,
                                 in_haste ? LEVEL_IN_HASTE : LEVEL);
    (void)ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
    return packer;
}

void embedded_packer_free(struct embedded_packer **packer)
{
    if (packer == NULL || *packer == NULL)
        return;
    (void)ZSTD_freeCCtx((*packer)->context);
    buf_done(&(*packer)->packed);
    free(*packer);
    *packer = NULL;
}

/* The batch takes the packed bytes, the packer the memory of the others. */
static void swap_bytes(struct embedded_packer *packer, struct embedded_batch *batch)
{
    struct buf plain = batch->bytes;
    batch->unpacked = plain.n;
    batch->bytes = packer->packed;
    batch->bytes.max = plain.max;
    plain.max = packer->packed.max;
    packer->packed = plain;
    give_back_if_large(&packer->packed);
}

enum rc embedded_batch_pack(struct embedded_packer *packer, struct embedded_batch *batch,
                            struct err *err)
{
    size_t most = ZSTD_compressBound(batch->bytes.n);
    char *to = buf_reserve(&packer->packed, most);
    size_t n =
        to == NULL ? 0 : ZSTD_compress2(packer->context, to, most, batch->bytes.p, batch->bytes.n);
    if (to == NULL || ZSTD_isError(n))
        return err_set(err, RC_RETRY, "cannot compress %zu bytes for the bus: %s", batch->bytes.n,
                       to == NULL ? "too many" : ZSTD_getErrorName(n));
    packer->packed.n = n;
    swap_bytes(packer, batch);
    return RC_OK;
}

/* ---- reading ---- */

void embedded_rows_init(struct embedded_rows *rows)
{
    *rows = (struct embedded_rows){0};
    buf_init(&rows->bytes, EMBEDDED_BATCH_MOST_BYTES);
}

void embedded_rows_done(struct embedded_rows *rows)
{
    buf_done(&rows->bytes);
    embedded_rows_init(rows);
}

static enum rc unpack(struct embedded_rows *rows, ZSTD_DCtx *context,
                      const struct embedded_packed *packed, struct err *err)
{
    char *to = packed->unpacked > 0 ? buf_reserve(&rows->bytes, (size_t)packed->unpacked) : NULL;
    if (to == NULL || packed->count <= 0)
        return err_set(err, RC_FATAL, "%lld messages in %lld bytes are not possible",
                       (long long)packed->count, (long long)packed->unpacked);
    size_t n = ZSTD_decompressDCtx(context, to, (size_t)packed->unpacked, packed->bytes.p,
                                   packed->bytes.n);
    if (ZSTD_isError(n))
        return err_set(err, RC_FATAL, "%s", ZSTD_getErrorName(n));
    if (n != (size_t)packed->unpacked)
        return err_set(err, RC_FATAL, "%zu bytes instead of %lld", n, (long long)packed->unpacked);
    rows->bytes.n = n;
    return RC_OK;
}

enum rc embedded_rows_unpack(struct embedded_rows *rows, ZSTD_DCtx *context,
                             const struct embedded_packed *packed, struct err *err)
{
    give_back_if_large(&rows->bytes);
    rows->at = 0;
    rows->offset = rows->end = packed->first_offset;
    enum rc rc = unpack(rows, context, packed, err);
    if (rc == RC_OK)
        rows->end = packed->first_offset + packed->count;
    return rc;
}

static bool take(struct embedded_rows *rows, uint32_t n, struct str *bytes_out)
{
    size_t wanted = n == BATCH_NULL ? 0 : n;
    if (rows->bytes.n - rows->at < wanted)
        return false;
    *bytes_out = n == BATCH_NULL ? STR_NULL : (struct str){rows->bytes.p + rows->at, wanted};
    rows->at += wanted;
    return true;
}

enum rc embedded_rows_next(struct embedded_rows *rows, struct embedded_row *row_out,
                           struct err *err)
{
    if (rows->offset == rows->end)
        return RC_AGAIN;
    struct prefix prefix;
    struct str head;
    if (!take(rows, sizeof prefix, &head))
        return err_set(err, RC_FATAL, "it ends %lld messages early",
                       (long long)(rows->end - rows->offset));
    memcpy(&prefix, head.p, sizeof prefix);
    if (!take(rows, le32toh(prefix.n[KEY]), &row_out->key) ||
        !take(rows, le32toh(prefix.n[HEADERS]), &row_out->headers) ||
        !take(rows, le32toh(prefix.n[VALUE]), &row_out->value))
        return err_set(err, RC_FATAL, "a length at byte %zu exceeds it", rows->at);
    row_out->time_us =
        (int64_t)((uint64_t)le32toh(prefix.time_high) << 32 | le32toh(prefix.time_low));
    row_out->offset = rows->offset++;
    return RC_OK;
}
