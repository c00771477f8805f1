/* Fuzzes record_decode. What is accepted must encode, and decode again to the same bytes.
 * Build: clang -fsanitize=fuzzer,address -I. -D_GNU_SOURCE, linked with sluice_transform. */
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void encode(const struct record *record, struct buf *out)
{
    buf_init(out, 2 * LIMIT_RECORD_BYTES);
    if (record_encode(record, out, NULL) != RC_OK)
        abort();
}

static void check_round_trip(const struct record *record, struct arena *arena)
{
    struct buf first, second;
    struct record again;
    encode(record, &first);
    if (record_decode(buf_peek(&first), arena, &again, NULL) != RC_OK)
        abort();
    encode(&again, &second);
    if (!str_equal(buf_peek(&first), buf_peek(&second)))
        abort();
    buf_done(&first);
    buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new("fuzz", LIMIT_SCOPE_ARENA_BYTES);
    struct record record;
    if (record_decode((struct str){(const char *)bytes, n}, arena, &record, NULL) == RC_OK)
        check_round_trip(&record, arena);
    arena_free(&arena);
    return 0;
}
