#include <stdlib.h>

#include "lib/limits.h"
#include "transform/b2chat/document.h"
#include "transform/b2chat/maps.h"
#include "transform/b2chat/values.h"

struct root {
    struct str event, sent_at;
    struct b2_chat *chat;
    struct b2_contact *contact;
};

struct map {
    struct b2_document document;
    struct root root;
};

static const struct jpath_rule root_rules[] = {
    JPATH_SCALAR("event", struct root, event),
    JPATH_SCALAR("sent_at", struct root, sent_at),
    JPATH_ONE("chat", struct root, chat, struct b2_chat, b2_chat_rules),
    JPATH_ONE("contact", struct root, contact, struct b2_contact, b2_contact_rules),
    JPATH_RULES_END,
};

/* ---- events ---- */

typedef enum rc event_fn(struct map *map, struct err *err);

static enum rc reject_missing(struct map *map, const char *member, struct err *err)
{
    return b2_document_reject(&map->document, REJECT_MISSING_MEMBER, member, "expected an object",
                              err);
}

static enum rc take_chat(struct map *map, struct err *err)
{
    struct b2_chat *chat = map->root.chat;
    if (chat == NULL)
        return reject_missing(map, "chat", err);
    chat->surrogates = jpath_replaced(map->document.jpath) - chat->element.replaced;
    return b2_emit_chat(map->document.emitter, chat, STR_LIT("chat"), err);
}

static enum rc take_contact(struct map *map, struct err *err)
{
    if (map->root.contact == NULL)
        return reject_missing(map, "contact", err);
    return b2_emit_contact(map->document.emitter, map->root.contact, STR_LIT("contact"), err);
}

/* The button's message comes with its chat. A second one from here could not have the key of the
 * first, so the event only tells who it was. Templates exist on WhatsApp alone. */
static enum rc take_button(struct map *map, struct err *err)
{
    const struct b2_contact *contact = map->root.contact;
    if (contact == NULL)
        return reject_missing(map, "contact", err);
    return b2_emit_person(map->document.emitter, &contact->person, "whatsapp", STR_LIT("contact"),
                          contact->element.offset, err);
}

static const struct {
    const char *event;
    event_fn *take;
} events[] = {
    {"CHAT_CLOSED", take_chat},
    {"CHAT_SENT", take_chat},
    {"CONTACT_SENT", take_contact},
    {"TEMPLATE_BUTTON", take_button},
};

static event_fn *find_event(struct str word)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (b2_same_word(word, str_of(events[i].event)))
            return events[i].take;
    return NULL;
}

static enum rc take_event(struct map *map, struct err *err)
{
    struct str event = b2_text(map->root.event);
    if (str_is_null(event))
        return b2_document_reject(&map->document, REJECT_MISSING_MEMBER, "event",
                                  "expected the event's name", err);
    event_fn *take = find_event(event);
    if (take == NULL) {
        map->document.out->counts.ignored++;
        return RC_OK;
    }
    if (!b2_emitter_set_as_of(map->document.emitter, map->root.sent_at))
        return b2_document_reject(&map->document, REJECT_BAD_VALUE, "sent_at",
                                  "expected a time like 2025-03-04 09:12:07", err);
    enum rc rc = take(map, err);
    if (rc != RC_REJECT)
        return rc;
    return b2_document_reject(&map->document, REJECT_TOO_LARGE, "",
                              "the event needs more memory than one event may take", err);
}

/* ---- documents ---- */

static struct map *webhook_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    b2_document_open(&map->document, out, root_rules);
    return map;
}

static void webhook_close(struct map *map)
{
    b2_document_close(&map->document);
    free(map);
}

static void webhook_begin(struct map *map)
{
    map->root = (struct root){.event = STR_NULL};
    b2_document_begin(&map->document, LIMIT_JSON_DOCUMENT_BYTES, &map->root, map);
}

static enum rc webhook_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return b2_document_feed(&map->document, bytes, n, err);
}

static enum rc webhook_end(struct map *map, struct err *err)
{
    enum rc rc = b2_document_finish(&map->document, err);
    map->document.out->counts.text_replaced += jpath_replaced(map->document.jpath);
    return rc == RC_OK && !map->document.is_dead ? take_event(map, err) : rc;
}

const struct map_ops b2chat_webhook_map = {
    .provider = "b2chat",
    .format = "webhook",
    .account_provider = "b2chat",
    .reads = "webhook bodies of the console",
    .source = SOURCE_WEBHOOK,
    .open = webhook_open,
    .begin = webhook_begin,
    .feed = webhook_feed,
    .end = webhook_end,
    .close = webhook_close,
};
