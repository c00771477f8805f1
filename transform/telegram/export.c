/* Telegram Desktop's result.json, message by message.
 *
 * What decides the keys of a message may come after it: id and type of its chat, the owner of the
 * export, a first sign of how ids are numbered. In files as Telegram writes them it comes before.
 * Messages that come too early are held, up to HELD_MOST_BYTES; beyond that the chat is refused, or
 * the owner is taken to be nobody the file names. */
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/telegram/export_filter.h"
#include "transform/telegram/export_message.h"
#include "transform/telegram/export_text.h"
#include "transform/telegram/maps.h"

#define HELD_MOST_BYTES (16 * MIB)
#define FILE_BYTES (SIZE_MAX / 4)

struct held_chat {
    int64_t number;
    struct tgx_head head; /* known when the chat ends */
    bool is_refused;
};

struct held {
    struct held *next;
    struct tgx_message *message;
    struct held_chat *chat;
    int64_t offset;
    uint64_t replaced;
};

struct map {
    struct map_out *out;
    struct jpath *jpath;
    struct json_writer *json;
    struct tgx_scope *scope;
    struct export_filter filter;
    struct tgx_root root;
    const struct tgx_text *text; /* of the message being read */
    bool is_account;             /* the layout: many chats */
    bool has_section;            /* of messages or chats */
    bool has_no_owner;           /* given up waiting for one */
    bool is_late;                /* the owner came after all */
    bool is_dead;                /* nothing more is read */
    bool is_refused;             /* the chat being read */
    int64_t chat_number;         /* of the chat being read, and of the one open in the scope */
    int64_t open_number;
    uint64_t messages, replaced_before;
    int64_t last_end; /* of the last complete message */
    struct held *first_held, *last_held;
    struct held_chat *held_chat; /* of the chat being read */
    struct err *err;
};

static struct tgx_head *head_of(struct map *map)
{
    return map->is_account ? &map->root.listed.head : &map->root.single;
}

static enum rc reject(struct map *map, enum reject_code code, struct str path, int64_t offset,
                      struct str detail, struct err *err)
{
    const struct reject reject = {code, path, offset, detail};
    return map_out_reject(map->out, &reject, err);
}

static int64_t here(const struct map *map)
{
    return export_filter_offset(&map->filter, jpath_offset(map->jpath));
}

/* ---- the account and the chat ---- */

static enum rc die_of_account(struct map *map, const char *detail, struct err *err)
{
    map->is_dead = true;
    return reject(map, REJECT_UNKNOWN_ACCOUNT, STR_LIT("personal_information.user_id"), here(map),
                  str_of(detail), err);
}

/* One's own notes, exported alone, name the owner: it is their chat. */
static struct str owner_id(struct map *map, const struct tgx_head *head)
{
    struct str id = map->root.owner.user_id;
    bool is_own_chat = !map->is_account && str_is(head->type, "saved_messages");
    return id.n == 0 && is_own_chat ? head->id : id;
}

static enum rc open_scope(struct map *map, const struct tgx_head *head, struct err *err)
{
    const char *detail;
    struct str first = map->root.owner.first_name, last = map->root.owner.last_name;
    const struct str parts[] = {first, first.n > 0 && last.n > 0 ? STR_LIT(" ") : STR_NULL, last};
    struct str name = arena_join(map->out->arena, parts, 3);
    bool is_open = tgx_scope_open(map->scope, owner_id(map, head), name, &detail);
    map->root.owner.user_id = map->root.owner.first_name = map->root.owner.last_name = STR_NULL;
    return is_open ? RC_OK : die_of_account(map, detail, err);
}

/* As soon as the file has named its owner. */
static enum rc open_known(struct map *map, struct err *err)
{
    if (!map->is_account || map->scope->is_open || map->root.owner.user_id.n == 0 || map->is_dead)
        return RC_OK;
    return open_scope(map, head_of(map), err);
}

/* path: of one of its messages; STR_NULL: it is being read. */
static enum rc refuse_chat(struct map *map, struct str path, enum reject_code code,
                           const char *detail, struct err *err)
{
    static const char list[] = "messages";
    struct arena *arena = map->out->arena;
    if (str_is_null(path))
        path = jpath_path(map->jpath, arena);
    const char *cut = path.n > 0 ? memmem(path.p, path.n, list, sizeof list - 1) : NULL;
    size_t n = cut != NULL ? (size_t)(cut - path.p) : path.n;
    bool has_dot = n > 0 && path.p[n - 1] == '.';
    const struct str parts[] = {
        {path.p, n}, n > 0 && !has_dot ? STR_LIT(".") : STR_NULL, STR_LIT("id")};
    path = arena_join(arena, parts, 3);
    return str_is_null(path) ? tg_no_memory(err)
                             : reject(map, code, path, here(map), str_of(detail), err);
}

/* Closes the chat before it. path: as of refuse_chat. */
static enum rc open_chat(struct map *map, const struct tgx_head *head, int64_t number,
                         struct str path, bool *usable_out, struct err *err)
{
    *usable_out = map->open_number == number;
    if (*usable_out)
        return RC_OK;
    enum rc rc = tgx_chat_close(map->scope, err);
    if (rc == RC_OK && !map->scope->is_open)
        rc = open_scope(map, head, err);
    if (rc != RC_OK || map->is_dead)
        return rc;
    if (!tgx_chat_open(map->scope, head))
        return refuse_chat(map, path, head->id.n > 0 ? REJECT_BAD_VALUE : REJECT_MISSING_MEMBER,
                           "expected the chat's id: a whole number other than 0", err);
    map->open_number = number;
    *usable_out = true;
    return RC_OK;
}

/* Texts of the root live in the arena that is about to be reset: what is new of them is taken over,
 * and then forgotten. */
static void absorb(struct map *map)
{
    struct tgx_head *head = head_of(map);
    if (map->open_number == map->chat_number && head->name.n > 0)
        tgx_chat_name(map->scope, head->name);
    *head = (struct tgx_head){STR_NULL, STR_NULL, STR_NULL};
    if (!map->scope->is_open)
        return;
    map->is_late = map->is_late || map->root.owner.user_id.n > 0;
    map->root.owner.user_id = STR_NULL;
}

static void reset_arena(struct map *map)
{
    export_filter_forget(&map->filter, jpath_offset(map->jpath));
    map->root = (struct tgx_root){.single = {STR_NULL, STR_NULL, STR_NULL}};
    arena_reset(map->out->arena);
}

static void begin_message(struct map *map, const struct tgx_message *message, int64_t offset,
                          uint64_t replaced)
{
    map->scope->tg.base = message->path;
    map->scope->tg.offset = offset;
    map->scope->tg.replaced = replaced;
}

/* ---- messages that came too early ---- */

static bool is_owner_known(const struct map *map)
{
    return !map->is_account || map->scope->is_open || map->has_no_owner ||
           map->root.owner.user_id.n > 0;
}

static bool is_ready(struct map *map)
{
    const struct tgx_head *head = head_of(map);
    bool is_open = map->open_number == map->chat_number;
    return is_owner_known(map) && map->scope->numbers != TGX_NUMBERS_UNKNOWN &&
           (is_open || (head->id.n > 0 && head->type.n > 0));
}

static enum rc hold(struct map *map, struct tgx_message *message, int64_t offset, uint64_t replaced)
{
    struct arena *arena = map->out->arena;
    struct held *held = arena_alloc(arena, sizeof *held);
    if (map->held_chat == NULL)
        map->held_chat = arena_alloc(arena, sizeof *map->held_chat);
    message->path = jpath_path(map->jpath, arena);
    if (held == NULL || map->held_chat == NULL || str_is_null(message->path))
        return RC_REJECT;
    map->held_chat->number = map->chat_number;
    *held = (struct held){NULL, message, map->held_chat, offset, replaced};
    if (map->last_held != NULL)
        map->last_held->next = held;
    else
        map->first_held = held;
    map->last_held = held;
    return RC_OK;
}

static enum rc take_held(struct map *map, struct held *held, struct err *err)
{
    bool usable;
    const struct held_chat *chat = held->chat;
    if (chat->is_refused || map->is_dead || map->scope->is_stopped)
        return RC_OK;
    enum rc rc = open_chat(map, &chat->head, chat->number, held->message->path, &usable, err);
    held->chat->is_refused = !usable;
    if (rc != RC_OK || !usable)
        return rc;
    begin_message(map, held->message, held->offset, held->replaced);
    return tgx_message_take(map->scope, held->message, err);
}

/* All that was held is turned into records, and the memory is free again. */
static enum rc flush(struct map *map, struct err *err)
{
    enum rc rc = RC_OK;
    if (map->held_chat != NULL)
        map->held_chat->head = *head_of(map);
    for (struct held *held = map->first_held; held != NULL && rc == RC_OK; held = held->next)
        rc = take_held(map, held, err);
    map->is_refused = map->is_refused || (map->held_chat != NULL && map->held_chat->is_refused);
    map->first_held = map->last_held = NULL;
    map->held_chat = NULL;
    absorb(map);
    return rc;
}

static enum rc refuse_held(struct map *map, const char *detail, struct err *err)
{
    map->held_chat->is_refused = true;
    return refuse_chat(map, STR_NULL, REJECT_MISSING_MEMBER, detail, err);
}

/* No more can be held: what is missing is not waited for any longer. */
static enum rc give_up(struct map *map, struct err *err)
{
    const struct tgx_head *head = head_of(map);
    enum rc rc = RC_OK;
    map->has_no_owner = true;
    if (map->scope->numbers == TGX_NUMBERS_UNKNOWN)
        map->scope->numbers = TGX_NUMBERS_BARE;
    if (map->held_chat != NULL && head->id.n == 0)
        rc = refuse_held(map,
                         "the chat's messages come before its id, and are too many to hold: write "
                         "name, type and id first",
                         err);
    return rc == RC_OK ? flush(map, err) : rc;
}

static enum rc settle(struct map *map, struct err *err)
{
    enum rc rc = RC_OK;
    if (map->first_held != NULL && is_ready(map))
        rc = flush(map, err);
    else if (map->first_held != NULL && arena_used(map->out->arena) > HELD_MOST_BYTES)
        rc = give_up(map, err);
    if (map->first_held == NULL) {
        absorb(map);
        reset_arena(map);
    }
    return rc;
}

/* ---- what the parser tells ---- */

/* Of a repeated member the one that is not empty wins: 10.7 rule 4. */
enum rc tgx_text_end(void *context, void *element, struct err *err)
{
    (void)err;
    struct map *map = context;
    const struct tgx_text *text = element;
    if (map->text == NULL || !tgx_text_is_empty(text))
        map->text = text;
    return RC_OK;
}

static enum rc take_now(struct map *map, struct tgx_message *message, int64_t offset,
                        uint64_t replaced, struct err *err)
{
    bool usable;
    enum rc rc = open_chat(map, head_of(map), map->chat_number, message->path, &usable, err);
    map->is_refused = map->is_refused || !usable;
    if (rc != RC_OK || !usable)
        return rc;
    begin_message(map, message, offset, replaced);
    return tgx_message_take(map->scope, message, err);
}

static enum rc message_end(struct map *map, struct tgx_message *message, struct err *err)
{
    uint64_t replaced = jpath_replaced(map->jpath) - map->replaced_before;
    int64_t offset = export_filter_offset(&map->filter, message->element.offset);
    map->replaced_before += replaced;
    message->text = map->text;
    map->text = NULL;
    map->messages++;
    map->last_end = here(map);
    if (map->scope->numbers == TGX_NUMBERS_UNKNOWN)
        map->scope->numbers = tgx_numbers_of(message);
    enum rc rc = open_known(map, err);
    if (rc == RC_OK && !map->is_dead && !map->is_refused && !map->scope->is_stopped)
        rc = map->first_held == NULL && is_ready(map)
                 ? take_now(map, message, offset, replaced, err)
                 : hold(map, message, offset, replaced);
    return rc == RC_OK ? settle(map, err) : rc;
}

enum rc tgx_single_message_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    map->is_account = false;
    return message_end(map, element, err);
}

enum rc tgx_listed_message_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    map->is_account = true;
    return message_end(map, element, err);
}

/* An id that has not come by now does not come; a type that is missing is guessed from the id. */
static enum rc chat_end(struct map *map, struct err *err)
{
    enum rc rc = open_known(map, err);
    if (map->held_chat != NULL) {
        map->held_chat->head = *head_of(map);
        if (rc == RC_OK && map->held_chat->head.id.n == 0)
            rc = refuse_held(map, "expected the chat's id", err);
    }
    if (rc == RC_OK && map->first_held != NULL && is_owner_known(map) &&
        map->scope->numbers != TGX_NUMBERS_UNKNOWN)
        rc = flush(map, err);
    map->held_chat = NULL;
    if (map->first_held == NULL)
        absorb(map);
    *head_of(map) = (struct tgx_head){STR_NULL, STR_NULL, STR_NULL};
    if (rc == RC_OK && map->first_held == NULL)
        rc = tgx_chat_close(map->scope, err);
    map->chat_number++;
    map->is_refused = false;
    return rc;
}

enum rc tgx_chat_end(void *context, void *part, struct err *err)
{
    (void)part;
    struct map *map = context;
    map->is_account = true;
    return chat_end(map, err);
}

enum rc tgx_section_end(void *context, void *part, struct err *err)
{
    (void)part;
    (void)err;
    struct map *map = context;
    map->has_section = true;
    return RC_OK;
}

/* ---- documents ---- */

static struct map *export_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(tgx_root_rules);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    map->scope = tgx_scope_new(out, map->json, map->jpath);
    export_filter_init(&map->filter);
    return map;
}

static void export_close(struct map *map)
{
    tgx_scope_free(&map->scope);
    jpath_free(&map->jpath);
    json_writer_free(&map->json);
    export_filter_done(&map->filter);
    free(map);
}

static void export_begin(struct map *map)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               FILE_BYTES};
    const struct map kept = *map;
    *map = (struct map){.out = kept.out,
                        .jpath = kept.jpath,
                        .json = kept.json,
                        .scope = kept.scope,
                        .filter = kept.filter,
                        .chat_number = 1};
    export_filter_begin(&map->filter);
    tgx_scope_reset(map->scope);
    jpath_begin(map->jpath, &limits, map->out->arena, &map->root, map);
}

/* What is complete is turned into records, also of a file that ends too early. */
static enum rc finish(struct map *map, struct err *err)
{
    map->has_no_owner = true;
    if (map->scope->numbers == TGX_NUMBERS_UNKNOWN)
        map->scope->numbers = TGX_NUMBERS_BARE;
    if (map->is_dead)
        return RC_OK;
    enum rc rc = chat_end(map, err);
    if (rc == RC_OK && map->first_held != NULL)
        rc = flush(map, err);
    return rc == RC_OK ? tgx_chat_close(map->scope, err) : rc;
}

static struct str fault_detail(struct map *map, const struct jpath_fault *fault)
{
    struct arena *arena = map->out->arena;
    if (map->messages == 0)
        return arena_printf(arena,
                            "%.*s; no message was complete: expected a result.json of "
                            "Telegram Desktop",
                            STR_ARGS(fault->detail));
    return arena_printf(arena,
                        "%.*s; the export is partial: %llu messages were complete, the last one "
                        "ends at byte %lld",
                        STR_ARGS(fault->detail), (unsigned long long)map->messages,
                        (long long)map->last_end);
}

static enum rc take_fault(struct map *map, struct err *err)
{
    static const enum reject_code codes[] = {
        [JPATH_FAULT_SYNTAX] = REJECT_JSON_SYNTAX,
        [JPATH_FAULT_DEPTH] = REJECT_TOO_DEEP,
        [JPATH_FAULT_SIZE] = REJECT_TOO_LARGE,
    };
    const struct jpath_fault *fault = jpath_fault(map->jpath);
    int64_t offset = export_filter_offset(&map->filter, fault->offset);
    enum rc rc = finish(map, err);
    if (rc != RC_OK || map->is_dead)
        return rc;
    map->is_dead = true;
    arena_reset(map->out->arena);
    return reject(map, codes[fault->kind], fault->path, offset, fault_detail(map, fault), err);
}

static int parse(void *context, const char *bytes, size_t n)
{
    struct map *map = context;
    return (int)jpath_feed(map->jpath, bytes, n, map->err);
}

static enum rc export_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    map->err = err;
    enum rc rc = (enum rc)export_filter_feed(&map->filter, bytes, n, parse, map);
    return rc == RC_REJECT ? take_fault(map, err) : rc;
}

static enum rc judge(struct map *map, struct err *err)
{
    if (!map->has_section && map->messages == 0)
        return reject(map, REJECT_NOT_THIS_CHANNEL, STR_LIT(""), here(map),
                      STR_LIT("expected a result.json of Telegram Desktop: \"messages\", \"chats\" "
                              "or \"left_chats\""),
                      err);
    enum rc rc = finish(map, err);
    if (rc != RC_OK || !map->is_late || map->is_dead)
        return rc;
    return reject(map, REJECT_BAD_VALUE, STR_LIT("personal_information"), here(map),
                  STR_LIT("the owner comes after the chats, too late to tell who wrote for the "
                          "business: write personal_information first"),
                  err);
}

static enum rc export_end(struct map *map, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    map->err = err;
    enum rc rc = (enum rc)export_filter_end(&map->filter, parse, map);
    if (rc == RC_OK)
        rc = jpath_finish(map->jpath, err);
    if (rc == RC_REJECT)
        rc = take_fault(map, err);
    else if (rc == RC_OK)
        rc = judge(map, err);
    map->out->counts.text_replaced += jpath_replaced(map->jpath);
    return rc;
}

const struct map_ops telegram_export_map = {
    .provider = "telegram_bot",
    .format = "export",
    .account_provider = "telegram_bot",
    .reads = "result.json of Telegram Desktop",
    .source = SOURCE_FILE,
    .open = export_open,
    .begin = export_begin,
    .feed = export_feed,
    .end = export_end,
    .close = export_close,
};
