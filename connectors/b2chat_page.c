#include "connectors/b2chat_page.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/conf_value.h"
#include "lib/limits.h"
#include "transform/jpath.h"

#define ARENA_BYTES (4 * MIB)
#define IDS_MOST 2000 /* more rows than anybody asked for are no page */

struct row {
    struct jpath_element element;
    struct str id;
};

struct root {
    struct str exported, total;
};

struct b2chat_page_reader {
    struct jpath *chats;
    struct jpath *contacts;
    struct arena *arena;
    struct root root;
    struct str ids[IDS_MOST];
    size_t count;
};

static enum rc row_end(void *context, void *element, struct err *err)
{
    struct b2chat_page_reader *reader = context;
    const struct row *row = element;
    if (reader->count == IDS_MOST)
        return err_set(err, RC_REJECT, "more than %d rows", IDS_MOST);
    reader->ids[reader->count++] = str_is_null(row->id) ? STR_LIT("") : row->id;
    return RC_OK;
}

static const struct jpath_rule chat_rules[] = {
    JPATH_SCALAR("chat_id", struct row, id),
    JPATH_RULES_END,
};

static const struct jpath_rule contact_rules[] = {
    JPATH_SCALAR("contact_id", struct row, id),
    JPATH_RULES_END,
};

static const struct jpath_rule chats_rules[] = {
    JPATH_END("chats[]", struct row, chat_rules, row_end),
    JPATH_NUMBER("exported", struct root, exported),
    JPATH_NUMBER("total", struct root, total),
    JPATH_RULES_END,
};

static const struct jpath_rule contacts_rules[] = {
    JPATH_END("contacts[]", struct row, contact_rules, row_end),
    JPATH_NUMBER("exported", struct root, exported),
    JPATH_NUMBER("total", struct root, total),
    JPATH_RULES_END,
};

struct b2chat_page_reader *b2chat_page_reader_new(void)
{
    struct b2chat_page_reader *reader = xcalloc(1, sizeof *reader);
    reader->chats = jpath_new(chats_rules);
    reader->contacts = jpath_new(contacts_rules);
    reader->arena = arena_new("b2chat page", ARENA_BYTES);
    return reader;
}

void b2chat_page_reader_free(struct b2chat_page_reader **reader)
{
    if (reader == NULL || *reader == NULL)
        return;
    jpath_free(&(*reader)->chats);
    jpath_free(&(*reader)->contacts);
    arena_free(&(*reader)->arena);
    free(*reader);
    *reader = NULL;
}

static bool read_body(struct b2chat_page_reader *reader, struct jpath *jpath, struct str body)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_HTTP_REPLY_BYTES,
                                               LIMIT_HTTP_REPLY_BYTES};
    struct err ignored;
    arena_reset(reader->arena);
    reader->root = (struct root){.exported = STR_NULL};
    reader->count = 0;
    jpath_begin(jpath, &limits, reader->arena, &reader->root, reader);
    return jpath_feed(jpath, body.p, body.n, &ignored) == RC_OK &&
           jpath_finish(jpath, &ignored) == RC_OK;
}

/* A page without rows still says that it has exported none. */
bool b2chat_page_read(struct b2chat_page_reader *reader, const char *name, struct str body,
                      struct b2chat_page *page_out)
{
    bool is_chats = strcmp(name, "chats") == 0;
    int64_t exported, total;
    if (!read_body(reader, is_chats ? reader->chats : reader->contacts, body))
        return false;
    bool says = conf_value_int(reader->root.exported, &exported);
    bool has_total = conf_value_int(reader->root.total, &total);
    *page_out = (struct b2chat_page){reader->ids, reader->count, has_total ? total : -1};
    return reader->count > 0 || (says && exported == 0);
}
