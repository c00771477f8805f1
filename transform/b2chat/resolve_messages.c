#include <stdlib.h>

#include "transform/b2chat/scope.h"

#define LATITUDE_MOST 90
#define LONGITUDE_MOST 180
/* A bot's message may be that much older than its chat; an older one belongs to an earlier chat. */
#define BOT_PHASE_US (24 * 3600 * US_PER_SECOND)

static enum rc reject_message(struct b2_scope *scope, const struct b2_message *message,
                              enum reject_code code, const char *member, const char *detail,
                              struct err *err)
{
    struct str path = message->path;
    if (str_is_null(path))
        path =
            arena_printf(scope->emitter->out->arena, "%.*s%smessages[%lld]", STR_ARGS(scope->path),
                         scope->path.n > 0 ? "." : "", (long long)message->element.index);
    b2_member_fn *named = scope->emitter->member;
    path = arena_printf(scope->emitter->out->arena, "%.*s.%s", STR_ARGS(path),
                        named != NULL ? named(member, true) : member);
    return b2_reject(scope->emitter, code, path, NULL, message->element.offset, detail, err);
}

static void read_place(const struct b2_message *message, struct b2_item *item)
{
    const struct b2_place *place = &message->place;
    item->lat_text = b2_first(place->lat, place->latitude);
    item->lon_text = b2_first(b2_first(place->lng, place->lon), place->longitude);
    item->has_place = b2_coordinate(item->lat_text, LATITUDE_MOST, &item->lat) &&
                      b2_coordinate(item->lon_text, LONGITUDE_MOST, &item->lon);
}

static const char *sender_of(const struct b2_scope *scope, const struct b2_item *item)
{
    if (item->is_incoming)
        return "contact";
    if (item->is_broadcast)
        return "system";
    const char *stated = item->message->author;
    if (stated != NULL && strcmp(stated, "contact") != 0)
        return stated;
    if (scope->picked_up_at == TIME_NONE)
        return str_is_null(scope->agent.key) ? "bot" : "agent";
    bool is_bot = item->at < scope->picked_up_at && item->at >= scope->created_at - BOT_PHASE_US;
    return is_bot ? "bot" : "agent";
}

static bool hash_item(struct b2_scope *scope, struct b2_item *item, const char *local)
{
    const struct b2_message *message = item->message;
    struct str word = STR_LIT("");
    if (!str_is_null(item->type_word)) {
        word = b2_upper(scope->emitter->out->arena, item->type_word);
        if (str_is_null(word))
            return false;
    }
    struct b2_key key = {.local = str_of(local),
                         .is_incoming = item->is_incoming,
                         .type = word,
                         .is_text = b2_type_is_text(item->type),
                         .body = message->body,
                         .caption = message->caption,
                         .has_place = item->has_place,
                         .lat = item->lat,
                         .lon = item->lon};
    return b2_key_hash(&key, item->hash);
}

/* What the message says of itself; *usable_out: false = it was rejected. */
static enum rc read_frame(struct b2_scope *scope, struct b2_item *item,
                          char local[static B2_LOCAL_BYTES], bool *usable_out, struct err *err)
{
    const struct b2_message *message = item->message;
    struct str incoming = b2_text(message->incoming);
    struct str broadcasted = b2_text(message->broadcasted);
    *usable_out = false;
    if (!b2_time_read_local(scope->emitter->times, message->created_at, &item->at, local))
        return reject_message(scope, message, REJECT_BAD_VALUE, "created_at", B2_TIME_EXPECTED,
                              err);
    if (item->at == TIME_NONE)
        return reject_message(scope, message, REJECT_MISSING_MEMBER, "created_at",
                              "expected the message's time", err);
    if (!b2_flag(incoming, &item->is_incoming))
        return reject_message(scope, message,
                              str_is_null(incoming) ? REJECT_MISSING_MEMBER : REJECT_BAD_VALUE,
                              "incoming", "expected true or false", err);
    if (!str_is_null(broadcasted) && !b2_flag(broadcasted, &item->is_broadcast))
        return reject_message(scope, message, REJECT_BAD_VALUE, "broadcasted",
                              "expected true or false", err);
    item->is_broadcast = item->is_broadcast && !item->is_incoming; /* a campaign goes out */
    *usable_out = true;
    return RC_OK;
}

/* Fills the next item; what cannot be read leaves it for the next message. */
static enum rc read_message(struct b2_scope *scope, const struct b2_message *message,
                            struct err *err)
{
    char local[B2_LOCAL_BYTES];
    bool is_usable;
    struct b2_item *item = &scope->items[scope->item_count];
    *item = (struct b2_item){.message = message, .index = message->element.index};
    enum rc rc = read_frame(scope, item, local, &is_usable, err);
    if (rc != RC_OK || !is_usable)
        return rc;
    item->type_word = b2_text(message->type);
    item->type = b2_type_find(item->type_word);
    read_place(message, item);
    item->sender = sender_of(scope, item);
    if (!hash_item(scope, item, local))
        return b2_no_memory(err);
    if (strcmp(item->sender, "bot") == 0 && item->at < scope->picked_up_at)
        scope->has_bot = true;
    scope->item_count++;
    return RC_OK;
}

static int twin_order(const void *a, const void *b)
{
    const struct b2_item *x = *(const struct b2_item *const *)a;
    const struct b2_item *y = *(const struct b2_item *const *)b;
    int order = strcmp(x->hash, y->hash);
    return order != 0 ? order : (x > y) - (x < y);
}

static enum rc count_twins(struct b2_scope *scope, struct err *err)
{
    struct b2_item **sorted =
        arena_alloc(scope->emitter->out->arena, (scope->item_count + 1) * sizeof(struct b2_item *));
    if (sorted == NULL)
        return b2_no_memory(err);
    for (size_t i = 0; i < scope->item_count; i++)
        sorted[i] = &scope->items[i];
    qsort(sorted, scope->item_count, sizeof(struct b2_item *), twin_order);
    for (size_t i = 1; i < scope->item_count; i++)
        if (strcmp(sorted[i]->hash, sorted[i - 1]->hash) == 0)
            sorted[i]->twin = sorted[i - 1]->twin + 1;
    return RC_OK;
}

enum rc b2_resolve_messages(struct b2_scope *scope, struct err *err)
{
    const struct jpath_list *list = &scope->chat->messages;
    scope->items =
        arena_alloc(scope->emitter->out->arena, (list->count + 1) * sizeof(struct b2_item));
    if (scope->items == NULL)
        return b2_no_memory(err);
    scope->own_replaced = scope->chat->element.replaced;
    enum rc rc = RC_OK;
    for (const struct jpath_element *e = list->first; e != NULL && rc == RC_OK; e = e->next) {
        scope->own_replaced -=
            e->replaced < scope->own_replaced ? e->replaced : scope->own_replaced;
        rc = read_message(scope, (const void *)e, err);
    }
    return rc == RC_OK ? count_twins(scope, err) : rc;
}
