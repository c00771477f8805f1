#include <stdio.h>
#include <stdlib.h>

#include "transform/b2chat/document.h"
#include "transform/b2chat/maps.h"
#include "transform/b2chat/values.h"

/* A page, or a file of many pages' chats, is as long as it likes: a chat is what is held. */
#define DOCUMENT_BYTES (SIZE_MAX / 2)
#define PATH_BYTES 40

struct root { /* a page, or one chat */
    struct b2_chat chat;
    struct str chats, contacts; /* where they are no arrays */
    struct str exported, total;
    struct str message, trace_id, error;
};

struct map {
    struct b2_document document;
    struct root root;
    bool has_rows;
    uint64_t replaced_before; /* characters, up to the end of the row before */
};

/* ---- rows ---- */

static enum rc too_large(struct map *map, const char *list, const struct jpath_element *row,
                         struct err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s[%lld]", list, (long long)row->index);
    struct reject reject = {REJECT_TOO_LARGE,
                            {path, (size_t)n},
                            row->offset,
                            STR_LIT("it needs more memory than one row may take")};
    return map_out_reject(map->document.out, &reject, err);
}

/* What the page says beside its rows comes after them, or does not matter. */
static enum rc end_row(struct map *map, const char *list, const struct jpath_element *row,
                       enum rc rc, struct err *err)
{
    if (rc == RC_REJECT)
        rc = too_large(map, list, row, err);
    map->has_rows = true;
    map->replaced_before = jpath_replaced(map->document.jpath);
    map->root = (struct root){.chats = STR_NULL}; /* its texts go with the arena */
    arena_reset(map->document.out->arena);
    return rc;
}

static enum rc chat_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    struct b2_chat *chat = element;
    const struct b2_document *document = &map->document;
    chat->surrogates =
        jpath_replaced(document->jpath) - map->replaced_before - chat->element.replaced;
    struct str path = jpath_path(document->jpath, document->out->arena);
    enum rc rc = str_is_null(path) ? RC_REJECT : b2_emit_chat(document->emitter, chat, path, err);
    return end_row(map, "chats", &chat->element, rc, err);
}

static enum rc contact_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    struct b2_contact *contact = element;
    const struct b2_document *document = &map->document;
    struct str path = jpath_path(document->jpath, document->out->arena);
    enum rc rc =
        str_is_null(path) ? RC_REJECT : b2_emit_contact(document->emitter, contact, path, err);
    return end_row(map, "contacts", &contact->element, rc, err);
}

static const struct jpath_rule root_rules[] = {
    JPATH_PART("", struct root, chat, struct b2_chat, b2_chat_rules),
    JPATH_SCALAR("chats", struct root, chats),
    JPATH_END("chats[]", struct b2_chat, b2_chat_rules, chat_end),
    JPATH_SCALAR("contacts", struct root, contacts),
    JPATH_END("contacts[]", struct b2_contact, b2_contact_rules, contact_end),
    JPATH_SCALAR("exported", struct root, exported),
    JPATH_SCALAR("total", struct root, total),
    JPATH_SCALAR("message", struct root, message),
    JPATH_SCALAR("trace_id", struct root, trace_id),
    JPATH_SCALAR("error", struct root, error),
    JPATH_RULES_END,
};

/* ---- documents ---- */

static struct map *export_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    b2_document_open(&map->document, out, root_rules);
    return map;
}

static void export_close(struct map *map)
{
    b2_document_close(&map->document);
    free(map);
}

static void export_begin(struct map *map)
{
    map->root = (struct root){.chats = STR_NULL};
    map->has_rows = false;
    map->replaced_before = 0;
    b2_document_begin(&map->document, DOCUMENT_BYTES, &map->root, map);
}

static enum rc export_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    return b2_document_feed(&map->document, bytes, n, err);
}

static enum rc take_chat(struct map *map, struct err *err)
{
    struct b2_chat *chat = &map->root.chat;
    for (struct jpath_element *e = chat->messages.first; e != NULL; e = e->next)
        chat->element.replaced += e->replaced;
    chat->surrogates = jpath_replaced(map->document.jpath) - chat->element.replaced;
    enum rc rc = b2_emit_chat(map->document.emitter, chat, STR_LIT(""), err);
    if (rc != RC_REJECT)
        return rc;
    return b2_document_reject(&map->document, REJECT_TOO_LARGE, "",
                              "the chat needs more memory than one chat may take", err);
}

static bool is_empty_page(const struct root *root)
{
    struct str rows = str_is_null(root->exported) ? root->total : root->exported;
    return str_is_null(root->chats) && str_is_null(root->contacts) && !str_is_null(rows) &&
           (str_is_null(root->exported) || str_is(root->exported, "0"));
}

static enum rc refuse(struct map *map, struct err *err)
{
    const struct root *root = &map->root;
    if (!str_is_null(root->message) || !str_is_null(root->trace_id) || !str_is_null(root->error))
        return b2_document_reject(&map->document, REJECT_MISSING_MEMBER, "chats",
                                  "expected an array \"chats\" or \"contacts\", found a message "
                                  "without rows: an error page",
                                  err);
    return b2_document_reject(&map->document, REJECT_MISSING_MEMBER, "chats",
                              "expected an array \"chats\" or \"contacts\", or one chat", err);
}

static enum rc export_end(struct map *map, struct err *err)
{
    enum rc rc = b2_document_finish(&map->document, err);
    map->document.out->counts.text_replaced += jpath_replaced(map->document.jpath);
    if (rc != RC_OK || map->document.is_dead || map->has_rows)
        return rc;
    if (!str_is_null(map->root.chat.chat_id))
        return take_chat(map, err);
    return is_empty_page(&map->root) ? RC_OK : refuse(map, err);
}

const struct map_ops b2chat_export_map = {
    .provider = "b2chat",
    .format = "export",
    .account_provider = "b2chat",
    .reads = "replies of /chats/export and /contacts/export, or one chat a line",
    .source = SOURCE_POLL,
    .open = export_open,
    .begin = export_begin,
    .feed = export_feed,
    .end = export_end,
    .close = export_close,
};
