#include <stdlib.h>

#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/maps.h"
#include "transform/email/mbox.h"
#include "transform/email/mime_emit.h"

struct map {
    struct map_out *out;
    struct email_emitter *emitter;
    struct mbox *mbox;
};

static enum rc take_mail(void *context, const struct mbox_mail *mail, struct err *err)
{
    struct map *map = context;
    arena_reset(map->out->arena);
    struct str path = arena_printf(map->out->arena, "mail[%lld]", (long long)mail->ordinal);
    struct mime_place place = {path.p != NULL ? path.p : "", mail->offset, mail->from_at};
    if (str_is_null(mail->raw))
        return mime_reject(map->out, &place, REJECT_TOO_LARGE, "the mail is larger than a mail may",
                           err);
    return mime_emit(map->out, map->emitter, mail->raw, &place, err);
}

static struct map *mbox_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    email_init();
    map->out = out;
    map->emitter = email_emitter_new(out);
    map->mbox = mbox_new(LIMIT_MAIL_BYTES, take_mail, map);
    return map;
}

static void mbox_close(struct map *map)
{
    email_emitter_free(&map->emitter);
    mbox_free(&map->mbox);
    free(map);
}

static void mbox_map_begin(struct map *map)
{
    mbox_begin(map->mbox);
}

static enum rc mbox_map_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return mbox_feed(map->mbox, bytes, n, err);
}

static enum rc mbox_map_end(struct map *map, struct err *err)
{
    return mbox_end(map->mbox, err);
}

const struct map_ops email_mbox_map = {
    .provider = "mime",
    .format = "mbox",
    .account_provider = "email_imap",
    .reads = "mbox files (mboxo, mboxrd, mboxcl, Gmail Takeout)",
    .source = SOURCE_FILE,
    .open = mbox_open,
    .begin = mbox_map_begin,
    .feed = mbox_map_feed,
    .end = mbox_map_end,
    .close = mbox_close,
};
