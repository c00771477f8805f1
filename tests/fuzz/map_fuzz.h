/* map_fuzz.h: what every libFuzzer target of a map does with its input.
 *
 * The input never crashes the normalizer, every record it makes can be encoded and decoded again,
 * and the result does not depend on where the bytes were cut. What must not hold aborts.
 * Owns:    everything, until the process ends.
 * Threads: one owner. */
#ifndef SLUICE_TESTS_FUZZ_MAP_FUZZ_H
#define SLUICE_TESTS_FUZZ_MAP_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/reject_line.h"

#define MAP_FUZZ_OBSERVED_AT INT64_C(1772366400000000)
#define MAP_FUZZ_OUTPUT_BYTES (64 * MIB)
#define MAP_FUZZ_LARGEST_PIECE 31

struct map_fuzz { /* zeroed: not started */
    struct normalizer *normalizer;
    struct json_writer *writer;
    struct arena *arena;
    struct buf *out;
    struct buf line;
};

static inline void map_fuzz_fail(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->msg);
    abort();
}

static inline enum rc map_fuzz_keep_record(void *context, const struct record *record,
                                           struct err *err)
{
    struct map_fuzz *fuzz = context;
    struct record again;
    buf_reset(&fuzz->line);
    arena_reset(fuzz->arena);
    if (record_encode(record, &fuzz->line, err) != RC_OK)
        map_fuzz_fail("cannot encode", err);
    if (record_decode(buf_peek(&fuzz->line), fuzz->arena, &again, err) != RC_OK)
        map_fuzz_fail("cannot decode", err);
    (void)buf_add_str(fuzz->out, buf_peek(&fuzz->line));
    return RC_OK;
}

static inline enum rc map_fuzz_keep_reject(void *context, const struct reject *reject,
                                           struct err *err)
{
    (void)err;
    struct map_fuzz *fuzz = context;
    (void)buf_add_str(fuzz->out, reject_line(fuzz->writer, reject));
    return RC_OK;
}

/* conf is borrowed for the life of the process. */
static inline void map_fuzz_start(struct map_fuzz *fuzz, const struct normalizer_conf *conf)
{
    const struct normalizer_sink sink = {map_fuzz_keep_record, map_fuzz_keep_reject, fuzz};
    struct err err;
    fuzz->writer = json_writer_new(LIMIT_RECORD_BYTES);
    fuzz->arena = arena_new("fuzz", LIMIT_SCOPE_ARENA_BYTES);
    buf_init(&fuzz->line, LIMIT_RECORD_BYTES);
    if (normalizer_new(conf, &sink, &fuzz->normalizer, &err) != RC_OK)
        map_fuzz_fail("cannot start", &err);
}

static inline void map_fuzz_run(struct map_fuzz *fuzz, const uint8_t *bytes, size_t n, size_t piece,
                                struct buf *out)
{
    struct err err;
    fuzz->out = out;
    const struct document document = document_at(MAP_FUZZ_OBSERVED_AT, SOURCE_WEBHOOK);
    normalizer_begin(fuzz->normalizer, &document);
    for (size_t at = 0; at < n; at += piece) {
        size_t size = n - at < piece ? n - at : piece;
        if (normalizer_feed(fuzz->normalizer, (const char *)bytes + at, size, &err) != RC_OK)
            map_fuzz_fail("cannot feed", &err);
    }
    if (normalizer_end(fuzz->normalizer, &err) != RC_OK)
        map_fuzz_fail("cannot end", &err);
}

static inline void map_fuzz_input(struct map_fuzz *fuzz, const uint8_t *bytes, size_t n)
{
    struct buf whole;
    struct buf pieces;
    buf_init(&whole, MAP_FUZZ_OUTPUT_BYTES);
    buf_init(&pieces, MAP_FUZZ_OUTPUT_BYTES);
    map_fuzz_run(fuzz, bytes, n, n > 0 ? n : 1, &whole);
    map_fuzz_run(fuzz, bytes, n, n % MAP_FUZZ_LARGEST_PIECE + 1, &pieces);
    if (!str_equal(buf_peek(&whole), buf_peek(&pieces)))
        abort();
    buf_done(&whole);
    buf_done(&pieces);
}

#endif
