#include <stdlib.h>

#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/maps.h"
#include "transform/email/mime_emit.h"

struct map {
    struct map_out *out;
    struct email_emitter *emitter;
    struct buf raw;
};

static struct map *mime_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    email_init();
    map->out = out;
    map->emitter = email_emitter_new(out);
    buf_init(&map->raw, LIMIT_MAIL_BYTES);
    return map;
}

static void mime_close(struct map *map)
{
    email_emitter_free(&map->emitter);
    buf_done(&map->raw);
    free(map);
}

static void mime_begin(struct map *map)
{
    buf_reset(&map->raw);
}

static enum rc mime_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    (void)err;
    if (!buf_is_full(&map->raw)) /* what is too long is refused at its end */
        (void)buf_add(&map->raw, bytes, n);
    return RC_OK;
}

static enum rc mime_end(struct map *map, struct err *err)
{
    static const struct mime_place whole = {"", 0, TIME_NONE};
    if (buf_is_full(&map->raw))
        return mime_reject(map->out, &whole, REJECT_TOO_LARGE, "the mail is larger than a mail may",
                           err);
    return mime_emit(map->out, map->emitter, buf_peek(&map->raw), &whole, err);
}

const struct map_ops email_mime_map = {
    .provider = "mime",
    .format = "message",
    .account_provider = "email_imap",
    .reads = "one raw mail (RFC 5322)",
    .source = SOURCE_POLL,
    .open = mime_open,
    .begin = mime_begin,
    .feed = mime_feed,
    .end = mime_end,
    .close = mime_close,
};
