#include "bus/embedded_batch.h"

#include <cmocka.h>
#include <stdlib.h>

#include "bus/headers.h"
#include "lib/arena.h"

static struct bus_message value_of(const char *bytes, size_t n)
{
    return (struct bus_message){.topic = BUS_RECORDS, .value = {bytes, n}};
}

static struct embedded_packed packed_of(const struct embedded_batch *batch, int64_t first_offset)
{
    return (struct embedded_packed){.first_offset = first_offset,
                                    .count = (int64_t)batch->count,
                                    .unpacked = (int64_t)batch->unpacked,
                                    .bytes = buf_peek(&batch->bytes)};
}

static struct embedded_batch *packed_batch(const struct bus_message *messages, size_t count)
{
    struct err err;
    struct embedded_packer *packer = embedded_packer_new(false);
    struct embedded_batch *batch = embedded_batch_new();
    embedded_batch_reset(batch, BUS_RECORDS);
    for (size_t i = 0; i < count; i++)
        assert_true(embedded_batch_add(batch, &messages[i], INT64_C(1763650800123456) + (int)i));
    assert_int_equal(embedded_batch_pack(packer, batch, &err), RC_OK);
    embedded_packer_free(&packer);
    return batch;
}

static void messages_come_back_as_they_were(void **state)
{
    (void)state;
    const struct bus_header headers[] = {{STR_LIT("schema"), STR_LIT("x")},
                                         {STR_LIT("none"), STR_NULL}};
    const struct bus_message sent[] = {
        {.key = {"\0k", 2}, .value = STR_LIT("{}"), .headers = headers, .header_count = 2},
        {.key = STR_NULL, .value = STR_NULL},
        {.key = STR_LIT(""), .value = STR_LIT("")},
        {.key = STR_LIT("k"), .value = STR_LIT("{}")},
    };
    const size_t count = sizeof sent / sizeof *sent;
    struct embedded_batch *batch = packed_batch(sent, count);
    assert_int_equal(batch->count, count);
    assert_int_equal(batch->time_us, INT64_C(1763650800123456));
    ZSTD_DCtx *context = ZSTD_createDCtx();
    struct embedded_rows rows;
    struct err err;
    embedded_rows_init(&rows);
    struct embedded_packed packed = packed_of(batch, 1000);
    assert_int_equal(embedded_rows_unpack(&rows, context, &packed, &err), RC_OK);
    for (size_t i = 0; i < count; i++) {
        struct embedded_row row;
        struct bus_header back[2];
        size_t back_count;
        assert_int_equal(embedded_rows_next(&rows, &row, &err), RC_OK);
        assert_int_equal(row.offset, 1000 + i);
        assert_int_equal(row.time_us, INT64_C(1763650800123456) + (int)i);
        assert_true(str_equal(row.key, sent[i].key));
        assert_true(str_equal(row.value, sent[i].value));
        assert_true(headers_decode(row.headers, back, 2, &back_count));
        assert_int_equal(back_count, sent[i].header_count);
    }
    struct embedded_row none;
    assert_int_equal(embedded_rows_next(&rows, &none, &err), RC_AGAIN);
    embedded_rows_done(&rows);
    (void)ZSTD_freeDCtx(context);
    embedded_batch_free(batch);
}

static void batches_are_bounded(void **state)
{
    (void)state;
    char *large = xcalloc(1, LIMIT_BUS_MESSAGE_BYTES);
    const struct bus_message small = value_of("x", 1);
    const struct bus_message half = value_of(large, EMBEDDED_BATCH_BYTES / 2);
    const struct bus_message largest = value_of(large, LIMIT_BUS_MESSAGE_BYTES);
    struct embedded_batch *batch = embedded_batch_new();

    embedded_batch_reset(batch, BUS_RAW);
    for (size_t i = 0; i < EMBEDDED_BATCH_MESSAGES; i++)
        assert_true(embedded_batch_add(batch, &small, 0));
    assert_false(embedded_batch_add(batch, &small, 0));
    assert_int_equal(batch->count, EMBEDDED_BATCH_MESSAGES);

    embedded_batch_reset(batch, BUS_RAW);
    assert_int_equal(batch->count, 0);
    assert_true(embedded_batch_add(batch, &half, 0));
    assert_false(embedded_batch_add(batch, &half, 0)); /* the lengths come on top */
    assert_true(embedded_batch_add(batch, &small, 0));

    embedded_batch_reset(batch, BUS_RAW);
    assert_true(embedded_batch_add(batch, &largest, 0)); /* alone */
    assert_false(embedded_batch_add(batch, &small, 0));
    embedded_batch_reset(batch, BUS_RAW);
    assert_true(batch->bytes.cap <= 2 * EMBEDDED_BATCH_BYTES);
    embedded_batch_free(batch);
    free(large);
}

/* Whatever a row says, reading ends with words and within its bounds. */
static void damage_is_told(void **state)
{
    (void)state;
    const struct bus_message sent[] = {value_of("one", 3), value_of("two", 3)};
    struct embedded_batch *batch = packed_batch(sent, 2);
    const struct embedded_packed good = packed_of(batch, 0);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    struct embedded_rows rows;
    embedded_rows_init(&rows);
    const struct embedded_packed cases[] = {
        {0, 3, good.unpacked, good.bytes},
        {0, 0, good.unpacked, good.bytes},
        {0, 2, good.unpacked + 1, good.bytes},
        {0, 2, 0, good.bytes},
        {0, 2, (int64_t)EMBEDDED_BATCH_MOST_BYTES + 1, good.bytes},
        {0, 2, INT64_MIN, good.bytes},
        {0, 2, good.unpacked, {good.bytes.p, good.bytes.n - 1}},
        {0, 2, good.unpacked, {NULL, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct embedded_row row;
        enum rc rc = embedded_rows_unpack(&rows, context, &cases[i], &err);
        for (int n = 0; rc == RC_OK && n < 4; n++)
            rc = embedded_rows_next(&rows, &row, &err);
        if (rc != RC_FATAL || err.msg[0] == '\0')
            fail_msg("case %zu gave %d", i, (int)rc);
    }
    embedded_rows_done(&rows);
    (void)ZSTD_freeDCtx(context);
    embedded_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back_as_they_were),
        cmocka_unit_test(batches_are_bounded),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
