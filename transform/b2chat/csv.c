#include <stdio.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/b2chat/console.h"
#include "transform/b2chat/emit.h"
#include "transform/b2chat/maps.h"
#include "transform/b2chat/values.h"

/* One chat is in memory; what is longer goes on as a second snapshot of it. */
#define CHAT_ROWS_MOST 10000
#define CHAT_BYTES_MOST (LIMIT_SCOPE_ARENA_BYTES / 2)
#define HEADER_BYTES MIB
#define PATH_BYTES 80

struct map {
    struct map_out *out;
    struct b2_emitter *emitter;
    struct b2_rows *rows;
    struct json_writer *json;
    struct console_header header;
    const struct reject *fault; /* of the settings; NULL: none */
    bool has_header, is_dead;
    bool has_chat;
    struct b2_chat chat; /* of the rows so far */
    struct str chat_path;
    int64_t next_ordinal; /* of the message, over all snapshots of the chat */
};

/* ---- rejects ---- */

static enum rc reject_at(struct map *map, enum reject_code code, struct str path, int64_t offset,
                         struct str detail, struct err *err)
{
    struct reject reject = {code, path, offset, detail};
    return map_out_reject(map->out, &reject, err);
}

static enum rc reject_row(struct map *map, enum reject_code code, const struct b2_row *row,
                          const char *column, const char *detail, struct err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "row[%lld]%s%s", (long long)row->number,
                     column != NULL ? "." : "", column != NULL ? column : "");
    return reject_at(map, code, (struct str){path, (size_t)n}, row->offset, str_of(detail), err);
}

/* ---- chats ---- */

static enum rc end_chat(struct map *map, struct err *err)
{
    if (!map->has_chat)
        return RC_OK;
    enum rc rc = b2_emit_chat(map->emitter, &map->chat, map->chat_path, err);
    if (rc == RC_REJECT)
        rc = reject_at(map, REJECT_TOO_LARGE, STR_LIT(""), map->chat.element.offset,
                       STR_LIT("the chat needs more memory than one chat may take"), err);
    map->has_chat = false;
    arena_reset(map->out->arena);
    return rc;
}

static bool is_same_chat(const struct map *map, struct str chat_id)
{
    return map->has_chat && b2_same_word(b2_text(map->chat.chat_id), b2_text(chat_id));
}

static bool is_chat_full(const struct map *map)
{
    return map->chat.messages.count == CHAT_ROWS_MOST ||
           arena_used(map->out->arena) > CHAT_BYTES_MOST;
}

static bool begin_chat(struct map *map, const struct console_row *values, const struct b2_row *row)
{
    if (!console_chat(values, map->out->arena, map->json, &map->chat))
        return false;
    map->chat.element.offset = row->offset;
    map->chat_path = arena_printf(map->out->arena, "row[%lld]", (long long)row->number);
    map->has_chat = !str_is_null(map->chat_path);
    return map->has_chat;
}

static void link_message(struct jpath_list *list, struct b2_message *message)
{
    if (list->last != NULL)
        list->last->next = &message->element;
    else
        list->first = &message->element;
    list->last = &message->element;
    list->count++;
}

static enum rc add_message(struct map *map, const struct console_row *values,
                           const struct b2_row *row, struct err *err)
{
    struct b2_message *message = arena_alloc(map->out->arena, sizeof *message);
    struct str path = arena_printf(map->out->arena, "row[%lld]", (long long)row->number);
    if (message == NULL || str_is_null(path))
        return reject_row(map, REJECT_TOO_LARGE, row, NULL, "no memory is left for this row", err);
    if (!console_message(values, message))
        return reject_row(map, REJECT_BAD_VALUE, row, NULL,
                          "expected a text in one of Message Contact, Message Agent, Message Bot",
                          err);
    message->path = path;
    message->element.index = map->next_ordinal++;
    message->element.offset = row->offset;
    message->element.replaced = values->replaced;
    map->chat.element.replaced += values->replaced;
    link_message(&map->chat.messages, message);
    return RC_OK;
}

/* ---- rows ---- */

static enum rc take_header(struct map *map, const struct b2_row *row, struct err *err)
{
    map->has_header = true;
    if (row->is_cut || !console_header_read(&map->header, row)) {
        map->is_dead = true;
        return reject_row(map, REJECT_TOO_LARGE, row, NULL, "the header is too long", err);
    }
    struct str lacks = console_header_lacks(&map->header);
    if (str_is_null(lacks))
        return RC_OK;
    map->is_dead = true;
    struct str detail = arena_printf(map->header.arena, "missing columns: %.*s", STR_ARGS(lacks));
    return reject_at(map, REJECT_MISSING_MEMBER, STR_LIT("row[1]"), row->offset, detail, err);
}

static enum rc take_values(struct map *map, const struct b2_row *row, struct err *err)
{
    struct console_row values;
    if (!console_row_read(&map->header, row, map->out->arena, map->json, &values))
        return reject_row(map, REJECT_TOO_LARGE, row, NULL, "no memory is left for this row", err);
    map->out->counts.text_replaced += values.replaced;
    if (str_is_null(b2_text(values.chat_id)))
        return reject_row(map, REJECT_MISSING_MEMBER, row, "Chat ID", "expected the chat's id",
                          err);
    if (!map->has_chat && !begin_chat(map, &values, row))
        return reject_row(map, REJECT_TOO_LARGE, row, NULL, "no memory is left for this row", err);
    return add_message(map, &values, row, err);
}

/* The texts of the row are read into the chat's arena, so the chat before has to go first. */
static enum rc make_room(struct map *map, const struct b2_row *row, struct err *err)
{
    struct str chat_id = STR_NULL;
    for (size_t i = 0; i < row->count; i++)
        if (console_is_chat_id(&map->header, i))
            chat_id = row->fields[i];
    bool is_same = is_same_chat(map, chat_id);
    if (!is_same)
        map->next_ordinal = 0;
    return is_same && !is_chat_full(map) ? RC_OK : end_chat(map, err);
}

static enum rc row_end(void *context, const struct b2_row *row, struct err *err)
{
    struct map *map = context;
    if (map->is_dead)
        return RC_OK;
    if (!map->has_header)
        return take_header(map, row, err);
    if (row->is_cut)
        return reject_row(map, REJECT_TOO_LARGE, row, NULL, "the row is too long", err);
    if (row->count != map->header.count)
        return reject_row(map, REJECT_BAD_VALUE, row, NULL,
                          "expected as many fields as the header has", err);
    enum rc rc = make_room(map, row, err);
    return rc == RC_OK ? take_values(map, row, err) : rc;
}

/* ---- documents ---- */

static struct map *csv_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->emitter = b2_emitter_new(out);
    map->rows = b2_rows_new(row_end, map);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    map->header.arena = arena_new("header", HEADER_BYTES);
    return map;
}

static void csv_close(struct map *map)
{
    b2_emitter_free(&map->emitter);
    b2_rows_free(&map->rows);
    json_writer_free(&map->json);
    arena_free(&map->header.arena);
    free(map);
}

static void csv_begin(struct map *map)
{
    map->has_header = map->is_dead = map->has_chat = false;
    map->next_ordinal = 0;
    arena_reset(map->header.arena);
    b2_rows_begin(map->rows);
    map->fault = b2_emitter_begin(map->emitter, console_member);
}

static enum rc refuse_settings(struct map *map, struct err *err)
{
    map->is_dead = map->is_dead || map->fault != NULL;
    return map->fault == NULL ? RC_OK : map_out_reject(map->out, map->fault, err);
}

/* What was read before stays. */
static enum rc refuse_rest(struct map *map, struct err *err)
{
    bool is_too_large;
    int64_t offset;
    const char *fault = b2_rows_fault(map->rows, &is_too_large, &offset);
    enum rc rc = end_chat(map, err);
    map->is_dead = true;
    return rc != RC_OK ? rc
                       : reject_at(map, is_too_large ? REJECT_TOO_LARGE : REJECT_BAD_VALUE,
                                   STR_LIT(""), offset, str_of(fault), err);
}

static enum rc csv_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    enum rc rc = map->is_dead ? RC_OK : refuse_settings(map, err);
    if (rc != RC_OK || map->is_dead)
        return rc;
    rc = b2_rows_feed(map->rows, bytes, n, err);
    return rc == RC_REJECT ? refuse_rest(map, err) : rc;
}

static enum rc csv_end(struct map *map, struct err *err)
{
    enum rc rc = map->is_dead ? RC_OK : refuse_settings(map, err);
    if (rc != RC_OK || map->is_dead)
        return rc;
    rc = b2_rows_finish(map->rows, err);
    if (rc == RC_REJECT)
        return refuse_rest(map, err);
    if (rc != RC_OK || map->is_dead)
        return rc;
    if (!map->has_header)
        return reject_at(map, REJECT_MISSING_MEMBER, STR_LIT(""), 0,
                         STR_LIT("expected a header row"), err);
    return end_chat(map, err);
}

const struct map_ops b2chat_csv_map = {
    .provider = "b2chat",
    .format = "csv",
    .account_provider = "b2chat",
    .reads = "audit exports of the console, as CSV",
    .source = SOURCE_FILE,
    .open = csv_open,
    .begin = csv_begin,
    .feed = csv_feed,
    .end = csv_end,
    .close = csv_close,
};
