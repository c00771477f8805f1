/* Updates, as a webhook posts them and as getUpdates gives them: one Update, an array of them, or
 * {"ok":true,"result":[Update...]}. */
#include <stdlib.h>

#include "transform/telegram/answer.h"
#include "transform/telegram/maps.h"
#include "transform/telegram/reader.h"
#include "transform/telegram/update.h"

struct root {
    struct tg_update update; /* where the document is one */
    struct tg_answer answer; /* of the Bot API */
};

struct map {
    struct tg_reader reader;
    struct root root;
    bool has_items; /* an array held one element at least */
    bool is_answer, is_refused;
};

/* The arena is reset between updates: what the root has read is taken out of it before. */
static void keep_root(struct map *map)
{
    const struct tg_answer *answer = &map->root.answer;
    map->is_answer = map->is_answer || !str_is_null(answer->ok);
    map->is_refused = map->is_refused || str_is(answer->ok, "false");
    map->root = (struct root){.update = {.update_id = STR_NULL}};
}

static enum rc update_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    const struct tg_update *update = element;
    struct tg_scope scope;
    enum rc rc;
    map->has_items = true;
    if (tg_scope_open(&map->reader, update->element.offset, STR_NULL, &scope, &rc, err))
        rc = tg_update_take(&scope, update, err);
    keep_root(map);
    arena_reset(map->reader.out->arena); /* memory stays flat however many updates there are */
    return rc;
}

static const struct jpath_rule root_rules[] = {
    JPATH_PART("", struct root, update, struct tg_update, tg_update_rules),
    JPATH_PART("", struct root, answer, struct tg_answer, tg_answer_rules),
    JPATH_END("result[]", struct tg_update, tg_update_rules, update_end),
    JPATH_END("[]", struct tg_update, tg_update_rules, update_end),
    JPATH_RULES_END,
};

static struct map *feed_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    tg_reader_init(&map->reader, out, root_rules);
    return map;
}

static void feed_close(struct map *map)
{
    tg_reader_done(&map->reader);
    free(map);
}

static void feed_begin(struct map *map)
{
    map->root = (struct root){.update = {.update_id = STR_NULL}};
    map->has_items = map->is_answer = map->is_refused = false;
    tg_reader_begin(&map->reader, &map->root, map);
}

static enum rc feed_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return tg_reader_feed(&map->reader, bytes, n, err);
}

/* An answer without updates, an empty array, or an Update. */
static enum rc judge(void *context, struct err *err)
{
    struct map *map = context;
    struct tg_scope scope;
    enum rc rc;
    const struct tg_answer *answer = &map->root.answer;
    bool is_answer = map->is_answer || !str_is_null(answer->ok);
    bool is_refused = map->is_refused || str_is(answer->ok, "false");
    if (!is_refused && (map->has_items || map->reader.first == '[' || is_answer))
        return RC_OK;
    if (!tg_scope_open(&map->reader, 0, STR_LIT(""), &scope, &rc, err))
        return rc;
    return is_refused ? tg_answer_reject(&scope, answer, err)
                      : tg_update_take(&scope, &map->root.update, err);
}

static enum rc feed_end(struct map *map, struct err *err)
{
    return tg_reader_end(&map->reader, judge, map, err);
}

const struct map_ops telegram_webhook_map = {
    .provider = "telegram_bot",
    .format = "webhook",
    .account_provider = "telegram_bot",
    .reads = "an update of the Telegram Bot API as a webhook posts it",
    .source = SOURCE_WEBHOOK,
    .open = feed_open,
    .begin = feed_begin,
    .feed = feed_feed,
    .end = feed_end,
    .close = feed_close,
};

const struct map_ops telegram_poll_map = {
    .provider = "telegram_bot",
    .format = "poll",
    .account_provider = "telegram_bot",
    .reads = "an answer of getUpdates, or an array of updates",
    .source = SOURCE_POLL,
    .open = feed_open,
    .begin = feed_begin,
    .feed = feed_feed,
    .end = feed_end,
    .close = feed_close,
};
