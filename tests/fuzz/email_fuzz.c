/* libFuzzer target: raw mails and mbox files never crash the normalizer, every record they make can
 * be encoded and decoded again, and the result does not depend on where the bytes were cut. Every
 * input is read as both.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: connectors/samples/email/mime, mbox */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/reject_line.h"

#define OBSERVED_AT INT64_C(1772366400000000)
#define OUTPUT_BYTES (64 * MIB)
#define LARGEST_PIECE 31

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct fuzz {
    struct normalizer_conf conf;
    struct channel_account account;
    struct normalizer *normalizer;
    struct json_writer *writer;
    struct arena *arena;
    struct buf *out;
    struct buf line;
};

static void fail(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->msg);
    abort();
}

static enum rc keep_record(void *context, const struct record *record, struct err *err)
{
    struct fuzz *fuzz = context;
    struct record again;
    buf_reset(&fuzz->line);
    arena_reset(fuzz->arena);
    if (record_encode(record, &fuzz->line, err) != RC_OK)
        fail("cannot encode", err);
    if (record_decode(buf_peek(&fuzz->line), fuzz->arena, &again, err) != RC_OK)
        fail("cannot decode", err);
    (void)buf_add_str(fuzz->out, buf_peek(&fuzz->line));
    return RC_OK;
}

static enum rc keep_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct fuzz *fuzz = context;
    (void)buf_add_str(fuzz->out, reject_line(fuzz->writer, reject));
    return RC_OK;
}

static void start(struct fuzz *fuzz, const char *format)
{
    const struct normalizer_sink sink = {keep_record, keep_reject, fuzz};
    struct err err;
    fuzz->conf = (struct normalizer_conf){.channel = STR_LIT("email"),
                                          .provider = STR_LIT("mime"),
                                          .format = str_of(format),
                                          .tenant = STR_LIT("acme"),
                                          .accounts = &fuzz->account,
                                          .account_count = 1};
    fuzz->conf.tenant_id = ids_tenant(fuzz->conf.tenant);
    fuzz->account = (struct channel_account){.account = STR_LIT("soporte@example.org"),
                                             .provider = STR_LIT("email_imap")};
    fuzz->account.channel_id =
        ids_channel(&fuzz->conf.tenant_id, fuzz->account.provider, fuzz->account.account);
    fuzz->writer = json_writer_new(LIMIT_RECORD_BYTES);
    fuzz->arena = arena_new("fuzz", LIMIT_SCOPE_ARENA_BYTES);
    buf_init(&fuzz->line, LIMIT_RECORD_BYTES);
    if (normalizer_new(&fuzz->conf, &sink, &fuzz->normalizer, &err) != RC_OK)
        fail("cannot start", &err);
}

static void run(struct fuzz *fuzz, const uint8_t *bytes, size_t n, size_t piece, struct buf *out)
{
    struct err err;
    fuzz->out = out;
    const struct document document = document_at(OBSERVED_AT, SOURCE_POLL);
    normalizer_begin(fuzz->normalizer, &document);
    for (size_t at = 0; at < n; at += piece) {
        size_t size = n - at < piece ? n - at : piece;
        if (normalizer_feed(fuzz->normalizer, (const char *)bytes + at, size, &err) != RC_OK)
            fail("cannot feed", &err);
    }
    if (normalizer_end(fuzz->normalizer, &err) != RC_OK)
        fail("cannot end", &err);
}

static void compare(struct fuzz *fuzz, const uint8_t *bytes, size_t n)
{
    struct buf whole;
    struct buf pieces;
    buf_init(&whole, OUTPUT_BYTES);
    buf_init(&pieces, OUTPUT_BYTES);
    run(fuzz, bytes, n, n > 0 ? n : 1, &whole);
    run(fuzz, bytes, n, n % LARGEST_PIECE + 1, &pieces);
    if (!str_equal(buf_peek(&whole), buf_peek(&pieces)))
        abort();
    buf_done(&whole);
    buf_done(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct fuzz message, mbox;
    if (message.normalizer == NULL) {
        start(&message, "message");
        start(&mbox, "mbox");
    }
    compare(&message, bytes, n);
    compare(&mbox, bytes, n);
    return 0;
}
