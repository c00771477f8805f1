#include "transform/telegram/export_scope.h"

#include <stdlib.h>

#include "lib/decimal.h"
#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/telegram/people.h"

/* Of an account without an owner in Telegram, say in tests. */
#define LABEL_PREFIX "export:"
#define OWNER_PREFIX "biz:"

struct tgx_scope *tgx_scope_new(struct map_out *out, struct json_writer *json,
                                const struct jpath *jpath)
{
    struct tgx_scope *scope = xcalloc(1, sizeof *scope);
    scope->tg.out = out;
    scope->tg.json = json;
    scope->tg.jpath = jpath;
    scope->file = arena_new("export", LIMIT_SCOPE_ARENA_BYTES);
    scope->of_chat = arena_new("chat", LIMIT_SCOPE_ARENA_BYTES);
    scope->topics = tgx_topics_new();
    return scope;
}

void tgx_scope_free(struct tgx_scope **scope)
{
    if (scope == NULL || *scope == NULL)
        return;
    tgx_topics_free(&(*scope)->topics);
    zone_close(&(*scope)->zone);
    arena_free(&(*scope)->file);
    arena_free(&(*scope)->of_chat);
    free(*scope);
    *scope = NULL;
}

void tgx_scope_reset(struct tgx_scope *scope)
{
    arena_reset(scope->file);
    arena_reset(scope->of_chat);
    tgx_topics_reset(scope->topics);
    zone_close(&scope->zone);
    scope->is_open = scope->is_stopped = scope->is_owner_assumed = false;
    scope->numbers = TGX_NUMBERS_UNKNOWN;
    scope->owner = scope->bot = 0;
    scope->own_count = 0;
    scope->last_signer = 0;
    scope->owner_name = scope->account_key = STR_NULL;
    scope->chat.is_open = false;
    for (size_t i = 0; i < TGX_SENDERS; i++)
        scope->senders[i].peer.kind = TGX_NOBODY;
}

/* ---- account ---- */

static bool find_account(struct tgx_scope *scope, struct str owner_id)
{
    const struct map_out *out = scope->tg.out;
    if (out->conf->account_count == 0)
        return map_out_account(out, owner_id, &scope->tg.account);
    for (size_t i = 0; i < out->conf->account_count; i++) {
        if (str_equal(out->conf->accounts[i].account, owner_id)) {
            scope->tg.account = out->conf->accounts[i];
            return true;
        }
    }
    scope->tg.account = out->conf->accounts[0];
    return true;
}

static struct str account_key(struct tgx_scope *scope)
{
    struct str label = scope->tg.account.account;
    const struct str parts[] = {STR_LIT(LABEL_PREFIX), label};
    char text[DECIMAL_TEXT_BYTES];
    const struct str owner[] = {STR_LIT(OWNER_PREFIX), {text, 0}};
    if (scope->owner == 0)
        return arena_join(scope->file, parts, 2);
    struct str owner_parts[] = {owner[0], {text, decimal_format(scope->owner, text)}};
    return arena_join(scope->file, owner_parts, 2);
}

static void read_own(struct tgx_scope *scope)
{
    const struct channel_settings *settings = channel_settings_of(&scope->tg.account);
    int64_t *own = arena_alloc(scope->file, (settings->own_count + 1) * sizeof *own);
    scope->own = own;
    scope->own_count = 0;
    for (size_t i = 0; own != NULL && i < settings->own_count; i++)
        scope->own_count += decimal_parse(settings->own[i], &own[scope->own_count]);
}

bool tgx_scope_open(struct tgx_scope *scope, struct str owner_id, struct str owner_name,
                    const char **detail_out)
{
    owner_id = arena_str(scope->file, tg_text(owner_id));
    if (!find_account(scope, owner_id)) {
        *detail_out = "the export does not name its owner: name the account";
        return false;
    }
    struct str named = str_is_null(owner_id) ? scope->tg.account.account : owner_id;
    bool is_user = decimal_parse(named, &scope->owner) && scope->owner > 0;
    scope->owner = is_user ? scope->owner : 0;
    scope->is_owner_assumed = is_user && str_is_null(owner_id);
    scope->owner_name = arena_str(scope->file, tg_text(owner_name));
    scope->account_key = account_key(scope);
    int64_t account;
    bool is_bot = decimal_parse(scope->tg.account.account, &account) && account != scope->owner;
    scope->bot = is_bot ? account : 0;
    read_own(scope);
    struct str timezone = channel_settings_of(&scope->tg.account)->timezone;
    scope->zone = str_is_null(timezone) ? NULL : zone_open(timezone);
    scope->is_open = true;
    return true;
}

/* ---- chats and their threads ---- */

static struct str kind_word(enum tgx_chat_kind kind)
{
    if (kind == TGX_CHAT_CHANNEL)
        return STR_LIT("broadcast");
    return kind == TGX_CHAT_GROUP ? STR_LIT("group") : STR_LIT("direct");
}

static bool open_thread(struct tgx_scope *scope, struct tgx_thread *thread, struct tg_topic topic)
{
    thread->place.topic = topic;
    thread->place.key =
        tg_conversation_key(scope->of_chat, scope->account_key, &thread->place.chat, topic);
    thread->first_at = thread->last_at = TIME_NONE;
    struct str zero = tg_message_key(scope->of_chat, scope->account_key, &thread->place.chat, 0);
    if (str_is_null(thread->place.key) || str_is_null(zero))
        return false;
    thread->message_prefix = (struct str){zero.p, zero.n - 1};
    thread->place.id = tg_id(&scope->tg, "conversation", thread->place.key);
    if (!str_is_null(thread->place.contact_key))
        thread->contact_id = tg_id(&scope->tg, "contact", thread->place.contact_key);
    return true;
}

bool tgx_chat_open(struct tgx_scope *scope, const struct tgx_head *head)
{
    struct tgx_chat *chat = &scope->chat;
    struct tg_chat id;
    *chat = (struct tgx_chat){.is_open = false};
    arena_reset(scope->of_chat);
    tgx_topics_reset(scope->topics);
    scope->chats++;
    scope->last_signer = 0;
    if (!tgx_chat_read(head, scope->numbers, &id, &chat->kind))
        return false;
    chat->head.name = arena_str(scope->of_chat, tg_text(head->name));
    chat->head.type = arena_str(scope->of_chat, tg_text(head->type));
    struct tg_place *place = &chat->thread.place;
    *place = (struct tg_place){.chat = id,
                               .real = id,
                               .account = scope->account_key,
                               .kind = kind_word(chat->kind),
                               .info = &chat->info};
    if (chat->kind == TGX_CHAT_PERSON && id.type == TG_PRIVATE)
        place->contact_key = tg_user_key(scope->of_chat, id.id);
    chat->last = &chat->thread;
    chat->is_open = open_thread(scope, &chat->thread, (struct tg_topic){0, 0});
    return chat->is_open;
}

void tgx_chat_name(struct tgx_scope *scope, struct str name)
{
    scope->chat.head.name = arena_str(scope->of_chat, tg_text(name));
}

struct tgx_thread *tgx_thread_of(struct tgx_scope *scope, int64_t topic)
{
    struct tgx_chat *chat = &scope->chat;
    if (chat->last->place.topic.id == topic)
        return chat->last;
    struct tgx_thread *thread = &chat->thread;
    while (thread->place.topic.id != topic && thread->next != NULL)
        thread = thread->next;
    if (thread->place.topic.id != topic) {
        thread->next = arena_alloc(scope->of_chat, sizeof *thread);
        if (thread->next == NULL)
            return NULL;
        thread = thread->next;
        thread->place = chat->thread.place;
        if (!open_thread(scope, thread, (struct tg_topic){'t', topic}))
            return NULL;
    }
    chat->last = thread;
    return thread;
}

void tgx_thread_name(struct tgx_scope *scope, struct tgx_thread *thread, struct str title)
{
    thread->topic = arena_str(scope->of_chat, tg_text(title));
}

void tgx_thread_see(struct tgx_thread *thread, int64_t at)
{
    if (thread->first_at == TIME_NONE || at < thread->first_at)
        thread->first_at = at;
    if (at > thread->last_at)
        thread->last_at = at;
}

struct str tgx_message_key(const struct tgx_scope *scope, const struct tgx_thread *thread,
                           int64_t id)
{
    char text[DECIMAL_TEXT_BYTES];
    const struct str parts[] = {thread->message_prefix, {text, decimal_format(id, text)}};
    return arena_join(scope->tg.out->arena, parts, 2);
}

/* Names are those of the time of the export, which is after the last message. */
static enum rc emit_thread(struct tgx_scope *scope, const struct tgx_thread *thread,
                           struct err *err)
{
    if (thread->first_at == TIME_NONE)
        return RC_OK;
    int64_t exported_at = scope->tg.out->document.as_of;
    bool has_title = thread->place.chat.type != TG_PRIVATE && !str_is_null(scope->chat.head.name);
    struct tg_labels labels = {TIME_NONE, STR_NULL, STR_NULL};
    if (has_title)
        labels = (struct tg_labels){exported_at != TIME_NONE ? exported_at : thread->last_at,
                                    scope->chat.head.name, thread->topic};
    return tg_place_emit(&scope->tg, &thread->place, thread->first_at, &labels, STR_NULL, err);
}

/* Of the partner only the first name is known. */
static enum rc emit_partner(struct tgx_scope *scope, struct err *err)
{
    const struct tgx_chat *chat = &scope->chat;
    const struct tgx_thread *thread = &chat->thread;
    if (chat->has_met_partner || str_is_null(thread->place.contact_key) ||
        thread->first_at == TIME_NONE)
        return RC_OK;
    char text[DECIMAL_TEXT_BYTES];
    const struct tg_user user = {.id = {text, decimal_format(thread->place.chat.id, text)},
                                 .first_name = chat->head.name};
    return tg_contact_emit(&scope->tg, &user, TG_STUB_AS_OF, err);
}

enum rc tgx_chat_close(struct tgx_scope *scope, struct err *err)
{
    if (!scope->chat.is_open)
        return RC_OK;
    enum rc rc = emit_partner(scope, err);
    for (const struct tgx_thread *t = &scope->chat.thread; t != NULL && rc == RC_OK; t = t->next)
        rc = emit_thread(scope, t, err);
    scope->chat.is_open = false;
    return rc;
}

/* ---- who writes ---- */

static bool is_configured(const struct tgx_scope *scope, struct str text)
{
    const struct channel_settings *settings = channel_settings_of(&scope->tg.account);
    for (size_t i = 0; i < settings->own_count; i++)
        if (str_equal(settings->own[i], text))
            return true;
    return false;
}

static bool is_configured_id(const struct tgx_scope *scope, int64_t id)
{
    for (size_t i = 0; i < scope->own_count; i++)
        if (scope->own[i] == id)
            return true;
    return false;
}

bool tgx_is_bot(const struct tgx_scope *scope, struct tgx_peer peer)
{
    if (peer.kind != TGX_USER || !scope->is_owner_assumed)
        return peer.kind == TGX_USER && peer.id == scope->bot;
    return peer.id == scope->owner && scope->chat.kind == TGX_CHAT_GROUP &&
           !is_configured_id(scope, peer.id);
}

bool tgx_is_own(const struct tgx_scope *scope, struct tgx_peer peer, struct str name)
{
    if (peer.kind == TGX_NOBODY)
        return name.n > 0 && (str_equal(name, scope->owner_name) || is_configured(scope, name));
    if (peer.kind != TGX_USER)
        return false;
    return peer.id == scope->owner || peer.id == scope->bot || is_configured_id(scope, peer.id);
}

static uint64_t hash_name(struct str name)
{
    uint64_t hash = name.n + 1;
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)name.p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static struct tgx_sender *slot_of(struct tgx_scope *scope, struct tgx_peer peer)
{
    uint64_t mix = ((uint64_t)peer.id * 4 + (uint64_t)peer.kind) * UINT64_C(0x9E3779B97F4A7C15);
    return &scope->senders[mix >> 32 & (TGX_SENDERS - 1)];
}

static void remember(struct tgx_scope *scope, struct tgx_peer peer, bool is_agent,
                     struct tgx_sender *sender)
{
    struct arena *arena = scope->tg.out->arena;
    struct str key = peer.kind == TGX_USER ? tg_user_key(arena, peer.id)
                                           : tg_sender_chat_key(arena, tgx_peer_chat(peer).id);
    size_t n = key.n < sizeof sender->key_text ? key.n : 0;
    if (n > 0)
        memcpy(sender->key_text, key.p, n);
    sender->key = (struct str){sender->key_text, n};
    sender->id = tg_id(&scope->tg, is_agent ? "agent" : "contact", sender->key);
    sender->peer = peer;
    sender->chat = scope->chats;
    sender->is_agent = is_agent;
}

/* A deleted account has no name any more: what is known of it elsewhere is better. */
static enum rc introduce(struct tgx_scope *scope, const struct tgx_sender *sender, struct str name,
                         int64_t at, struct err *err)
{
    char text[DECIMAL_TEXT_BYTES];
    int64_t exported_at = scope->tg.out->document.as_of;
    int64_t as_of = name.n == 0 ? TG_STUB_AS_OF : exported_at != TIME_NONE ? exported_at : at;
    struct str shown = name.n > 0 ? name : STR_LIT("Deleted account");
    if (sender->is_agent) {
        const struct tg_agent agent = {
            .key = sender->key, .name = shown, .is_bot = tgx_is_bot(scope, sender->peer)};
        return tg_agent_emit(&scope->tg, &agent, as_of, err);
    }
    bool is_user = sender->peer.kind == TGX_USER;
    int64_t id = is_user ? sender->peer.id : tgx_peer_chat(sender->peer).id;
    struct str id_text = {text, decimal_format(id, text)};
    const struct tg_user user = {.id = id_text, .first_name = shown};
    const struct tg_chat_info chat = {.id = id_text, .title = shown};
    return is_user ? tg_contact_emit(&scope->tg, &user, as_of, err)
                   : tg_chat_contact_emit(&scope->tg, &chat, as_of, err);
}

enum rc tgx_sender_meet(struct tgx_scope *scope, struct tgx_peer peer, bool is_agent,
                        struct str name, int64_t at, const struct tgx_sender **sender_out,
                        struct err *err)
{
    *sender_out = NULL;
    if (peer.kind == TGX_NOBODY)
        return RC_OK;
    struct tgx_sender *sender = slot_of(scope, peer);
    uint64_t name_hash = hash_name(name);
    bool is_known = sender->peer.kind == peer.kind && sender->peer.id == peer.id &&
                    sender->is_agent == is_agent && sender->chat == scope->chats;
    *sender_out = sender;
    if (is_known && (sender->name_hash == name_hash || name.n == 0))
        return RC_OK;
    if (!is_known)
        remember(scope, peer, is_agent, sender);
    sender->name_hash = name_hash;
    return introduce(scope, sender, name, at, err);
}

enum rc tgx_signer_meet(struct tgx_scope *scope, struct str signature, int64_t at,
                        struct str *key_out, struct err *err)
{
    struct arena *arena = scope->tg.out->arena;
    const struct tgx_chat *chat = &scope->chat;
    signature = tg_text(signature);
    const struct str parts[] = {tg_sender_chat_key(arena, chat->thread.place.chat.id), STR_LIT(":"),
                                signature};
    *key_out = str_is_null(signature) ? parts[0] : arena_join(arena, parts, 3);
    uint64_t hash = hash_name(*key_out);
    if (hash == scope->last_signer)
        return RC_OK;
    scope->last_signer = hash;
    int64_t exported_at = scope->tg.out->document.as_of;
    const struct tg_agent agent = {.key = *key_out,
                                   .name = str_is_null(signature) ? chat->head.name : signature};
    return tg_agent_emit(&scope->tg, &agent, exported_at != TIME_NONE ? exported_at : at, err);
}
