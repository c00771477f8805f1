/* embedded_batch.h: messages of one topic as one row of the embedded log, and back.
 *
 * Shape:   the messages one after the other, each as three lengths of 32 bits (key, headers, value;
 *          BATCH_NULL = no value), its time in 64 bits, all little-endian, then the three; the
 *          whole compressed as one zstd frame with a checksum.
 * Bounds:  a batch ends at EMBEDDED_BATCH_MESSAGES or EMBEDDED_BATCH_BYTES; only a message that is
 *          larger by itself makes a larger one, alone.
 * Errors:  a row that cannot be read is damage, RC_FATAL with the cause; the caller says where.
 * Threads: one owner for each object. */
#ifndef SLUICE_BUS_EMBEDDED_BATCH_H
#define SLUICE_BUS_EMBEDDED_BATCH_H

#include <zstd.h>

#include "bus/bus.h"
#include "lib/buf.h"
#include "lib/limits.h"

#define EMBEDDED_BATCH_MESSAGES 10000
#define EMBEDDED_BATCH_BYTES MIB
/* The largest message with its lengths and those of its headers. */
#define EMBEDDED_BATCH_MOST_BYTES (LIMIT_BUS_MESSAGE_BYTES + 4 * KIB)

/* ---- writing ---- */

struct embedded_batch {
    struct embedded_batch *next;
    enum bus_topic topic;
    size_t count;
    int64_t time_us; /* of the first message */
    size_t unpacked; /* bytes before they were packed; 0 = they are not packed yet */
    struct buf bytes;
};

struct embedded_batch *embedded_batch_new(void);
void embedded_batch_free(struct embedded_batch *batch);
/* Empties it; the memory is kept unless it is large. */
void embedded_batch_reset(struct embedded_batch *batch, enum bus_topic topic);

/* False: the message belongs in another batch, nothing was added. An empty batch takes any. */
bool embedded_batch_add(struct embedded_batch *batch, const struct bus_message *message,
                        int64_t time_us);

struct embedded_packer; /* what packing needs; kept from batch to batch */
/* in_haste: with the least work, for what is soon dropped. */
struct embedded_packer *embedded_packer_new(bool in_haste);
void embedded_packer_free(struct embedded_packer **packer);
enum rc embedded_batch_pack(struct embedded_packer *packer, struct embedded_batch *batch,
                            struct err *err) MUST_USE;

/* ---- reading ---- */

struct embedded_row { /* borrowed from the struct embedded_rows */
    int64_t offset;
    int64_t time_us;
    struct str key, value, headers; /* headers: as in headers.h */
};

struct embedded_rows { /* one unpacked batch; all zero: none */
    struct buf bytes;
    size_t at;      /* where the next message begins */
    int64_t offset; /* of that message */
    int64_t end;    /* the offset after the last message */
};

/* What the row says of its batch. */
struct embedded_packed {
    int64_t first_offset;
    int64_t count;
    int64_t unpacked;
    struct str bytes;
};

void embedded_rows_init(struct embedded_rows *rows);
void embedded_rows_done(struct embedded_rows *rows);
/* Replaces what rows held. */
enum rc embedded_rows_unpack(struct embedded_rows *rows, ZSTD_DCtx *context,
                             const struct embedded_packed *packed, struct err *err) MUST_USE;
/* RC_AGAIN: there is no further message. */
enum rc embedded_rows_next(struct embedded_rows *rows, struct embedded_row *row_out,
                           struct err *err) MUST_USE;

#endif
