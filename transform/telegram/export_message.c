#include "transform/telegram/export_message.h"

#include "lib/decimal.h"
#include "transform/telegram/export_content.h"
#include "transform/telegram/export_time.h"
#include "transform/telegram/update.h"

#define NUMBER_MOST (INT64_C(1) << 52)
#define ZONE_MOST_US (26 * 3600 * US_PER_SECOND) /* zones are at most so far apart */

enum side { SIDE_INBOUND, SIDE_OWN, SIDE_CHAT, SIDE_SYSTEM };

struct work {
    const struct tgx_message *message;
    int64_t id, at, edited_at;
    struct tgx_peer writer;
    struct str name;
    enum side side;
    struct tgx_thread *thread;
    int64_t answers;                 /* in this chat; 0: none */
    const struct tgx_sender *sender; /* NULL: not known */
    struct str agent_key;
    struct str key;
    struct tgx_facts facts;
};

/* ---- reading ---- */

static enum rc read_id(struct tgx_scope *scope, struct work *work, bool *usable_out,
                       struct err *err)
{
    struct str id = work->message->id;
    *usable_out = false;
    if (id.n == 0)
        return tg_reject(&scope->tg, REJECT_MISSING_MEMBER, "id", "expected the message's id", err);
    if (!decimal_parse(id, &work->id) || work->id == 0 || work->id > NUMBER_MOST ||
        work->id < -NUMBER_MOST)
        return tg_reject(&scope->tg, REJECT_BAD_VALUE, "id",
                         "expected a whole number of at most 52 bits other than 0", err);
    *usable_out = true;
    return RC_OK;
}

static enum rc refuse_time(struct tgx_scope *scope, const struct tgx_message *message,
                           enum tgx_time found, struct err *err)
{
    if (found == TGX_TIME_ABSENT)
        return tg_reject(&scope->tg, REJECT_MISSING_MEMBER, "date", "expected the message's time",
                         err);
    if (found == TGX_TIME_BAD)
        return tg_reject(&scope->tg, REJECT_BAD_VALUE,
                         message->date_unixtime.n > 0 ? "date_unixtime" : "date",
                         "expected seconds since 1970 or a time such as 2026-01-01T04:11:40, in "
                         "the years 2013 to 2099",
                         err);
    scope->is_stopped = true;
    return tg_reject(&scope->tg, REJECT_BAD_VALUE, "date",
                     "the file has only local times (no date_unixtime): set the account's "
                     "timezone to that of the computer that exported it; nothing more is read",
                     err);
}

static enum rc read_times(struct tgx_scope *scope, struct work *work, bool *usable_out,
                          struct err *err)
{
    const struct tgx_message *message = work->message;
    enum tgx_time found =
        tgx_time_read(scope->zone, message->date_unixtime, message->date, &work->at);
    *usable_out = found == TGX_TIME_READ;
    if (found == TGX_TIME_EMPTY)
        scope->tg.out->counts.ignored++;
    else if (found != TGX_TIME_READ)
        return refuse_time(scope, message, found, err);
    found = tgx_time_read(scope->zone, message->edited_unixtime, message->edited, &work->edited_at);
    if (found != TGX_TIME_READ || work->edited_at < work->at)
        work->edited_at = TIME_NONE;
    return RC_OK;
}

/* ---- who ---- */

/* A channel's post that its discussion group got by itself (9.4): it forwards its own words. */
static bool is_automatic_forward(const struct work *work)
{
    const struct tgx_message *message = work->message;
    if (work->writer.kind != TGX_CHANNEL || message->forwarded_from.n == 0)
        return false;
    if (message->forwarded_from_id.n > 0)
        return str_equal(message->forwarded_from_id, message->from_id);
    return str_equal(message->forwarded_from, message->from);
}

/* Without an id only the name tells, and the chat has only the first one (10.3). */
static enum side side_by_name(const struct tgx_scope *scope, struct str name)
{
    struct str partner = scope->chat.head.name;
    bool is_partner = name.n == 0 || (partner.n > 0 && name.n >= partner.n &&
                                      memcmp(name.p, partner.p, partner.n) == 0);
    return is_partner ? SIDE_INBOUND : SIDE_OWN;
}

static enum side side_of(const struct tgx_scope *scope, const struct work *work)
{
    const struct tgx_chat *chat = &scope->chat;
    const struct tg_chat *id = &chat->thread.place.chat;
    if (tgx_message_is_service(work->message) && !tgx_action_is_pressed(work->message))
        return SIDE_SYSTEM;
    if (work->facts.is_automatic_forward)
        return SIDE_SYSTEM;
    if (chat->kind == TGX_CHAT_CHANNEL)
        return SIDE_CHAT;
    if (tgx_is_own(scope, work->writer, work->name) || chat->kind == TGX_CHAT_SAVED)
        return SIDE_OWN;
    if (chat->kind == TGX_CHAT_GROUP)
        return tgx_peer_is_chat(work->writer, id) ? SIDE_CHAT : SIDE_INBOUND;
    if (chat->kind == TGX_CHAT_SYSTEM)
        return SIDE_INBOUND;
    if (work->writer.kind == TGX_NOBODY)
        return tgx_message_is_service(work->message) ? SIDE_OWN : side_by_name(scope, work->name);
    return tgx_peer_is_chat(work->writer, id) ? SIDE_INBOUND : SIDE_OWN;
}

static enum rc meet(struct tgx_scope *scope, struct work *work, struct err *err)
{
    bool is_person = work->writer.kind == TGX_USER;
    bool is_own = work->side == SIDE_OWN ||
                  (work->side == SIDE_SYSTEM && tgx_is_own(scope, work->writer, work->name));
    if (work->side == SIDE_CHAT)
        return tgx_signer_meet(scope, work->message->author, work->at, &work->agent_key, err);
    if (work->side == SIDE_SYSTEM && !is_person)
        return RC_OK;
    enum rc rc =
        tgx_sender_meet(scope, work->writer, is_own, work->name, work->at, &work->sender, err);
    bool is_partner = work->sender != NULL && !is_own &&
                      str_equal(work->sender->key, scope->chat.thread.place.contact_key);
    scope->chat.has_met_partner = scope->chat.has_met_partner || is_partner;
    return rc;
}

static void read_writer(struct tgx_scope *scope, struct work *work)
{
    const struct tgx_message *message = work->message;
    bool is_service = tgx_message_is_service(message);
    work->writer = tgx_peer_read(is_service ? message->actor_id : message->from_id, scope->numbers);
    work->name = tg_text(is_service ? message->actor : message->from);
    work->facts.is_automatic_forward =
        is_automatic_forward(work) &&
        !tgx_peer_is_chat(work->writer, &scope->chat.thread.place.chat);
    work->side = side_of(scope, work);
    work->facts.is_automated =
        tgx_is_bot(scope, work->writer) ||
        (str_is(scope->chat.head.type, "bot_chat") && work->side == SIDE_INBOUND);
}

/* ---- where ---- */

/* Whether the message that is answered is in another chat. */
static bool answers_elsewhere(const struct tgx_scope *scope, const struct work *work)
{
    struct tgx_peer peer = tgx_peer_read(work->message->reply_to_peer_id, scope->numbers);
    return peer.kind != TGX_NOBODY && !tgx_peer_is_chat(peer, &scope->chat.thread.place.chat);
}

static enum rc find_thread(struct tgx_scope *scope, struct work *work, struct err *err)
{
    const struct tgx_message *message = work->message;
    bool is_root = str_is(message->action, "topic_created");
    if (is_root)
        is_root = tgx_topics_add(scope->topics, work->id);
    if (!decimal_parse(message->reply_to_message_id, &work->answers) ||
        answers_elsewhere(scope, work))
        work->answers = 0;
    int64_t topic =
        tgx_topics_place(scope->topics, work->id, work->answers, &work->facts.is_topic_guessed);
    work->thread = tgx_thread_of(scope, topic);
    if (work->thread == NULL)
        return tg_no_memory(err);
    if (is_root)
        tgx_thread_name(scope, work->thread, message->title);
    tgx_thread_see(work->thread, work->at);
    work->key = tgx_message_key(scope, work->thread, work->id);
    return str_is_null(work->key) ? tg_no_memory(err) : RC_OK;
}

static struct str reply_key(const struct tgx_scope *scope, const struct work *work)
{
    int64_t id;
    const struct tg_place *place = &work->thread->place;
    if (work->answers != 0)
        return work->answers == place->topic.id
                   ? STR_NULL /* what every message of a topic does that answers none */
                   : tgx_message_key(scope, work->thread, work->answers);
    if (!decimal_parse(work->message->reply_to_message_id, &id) || id == 0)
        return STR_NULL;
    struct tg_chat chat =
        tgx_peer_chat(tgx_peer_read(work->message->reply_to_peer_id, scope->numbers));
    return tg_message_key(scope->tg.out->arena, scope->account_key, &chat, id);
}

/* ---- records ---- */

static struct str writer_type(const struct tgx_scope *scope, const struct work *work)
{
    if (work->side == SIDE_INBOUND)
        return STR_LIT("contact");
    if (work->side == SIDE_SYSTEM)
        return STR_LIT("system");
    return tgx_is_bot(scope, work->writer) ? STR_LIT("bot") : STR_LIT("agent");
}

static void fill_side(const struct tgx_scope *scope, const struct work *work,
                      struct record_message *fields)
{
    bool is_inbound = work->side == SIDE_INBOUND;
    bool is_agent = work->side == SIDE_OWN && work->sender != NULL;
    fields->direction = is_inbound ? STR_LIT("inbound") : STR_LIT("outbound");
    fields->status = is_inbound ? STR_LIT("received") : STR_LIT("sent");
    fields->sender_type = writer_type(scope, work);
    fields->contact_external_id = work->thread->place.contact_key;
    fields->contact_id = work->thread->contact_id;
    if (is_inbound && work->sender != NULL) {
        fields->contact_external_id = work->sender->key;
        fields->contact_id = work->sender->id;
    }
    fields->sender_agent_external_id = is_agent ? work->sender->key : work->agent_key;
    if (is_agent)
        fields->sender_agent_id = work->sender->id;
    else if (!str_is_null(work->agent_key))
        fields->sender_agent_id = tg_id(&scope->tg, "agent", work->agent_key);
    fields->is_broadcast = scope->chat.kind == TGX_CHAT_CHANNEL && work->side == SIDE_CHAT;
}

static enum rc emit_message(struct tgx_scope *scope, const struct work *work, struct err *err)
{
    struct record record;
    tg_begin_message(&scope->tg, &work->thread->place, work->key, &record);
    struct record_message *fields = &record.message;
    fill_side(scope, work, fields);
    fields->sent_at = work->at;
    fields->edited_at = work->edited_at;
    fields->content_as_of = work->edited_at != TIME_NONE ? work->edited_at : work->at;
    fields->ordinal = work->id <= INT32_MAX && work->id >= INT32_MIN ? work->id : RECORD_INT_NONE;
    fields->reply_to_external_id = reply_key(scope, work);
    tgx_content_fill(scope, work->message, &work->facts, fields);
    return map_out_record(scope->tg.out, &record, err);
}

static enum rc emit_edit(struct tgx_scope *scope, const struct work *work, struct err *err)
{
    if (work->edited_at == TIME_NONE || tgx_message_is_live(work->message))
        return RC_OK;
    char seconds[DECIMAL_TEXT_BYTES];
    const struct str parts[] = {
        work->key,
        STR_LIT(TG_SEPARATOR "edited" TG_SEPARATOR),
        {seconds, decimal_format(work->edited_at / US_PER_SECOND, seconds)}};
    bool is_inbound = work->side == SIDE_INBOUND && work->sender != NULL;
    const struct tg_event event = {.type = "message_edited",
                                   .external_id = arena_join(scope->tg.out->arena, parts, 3),
                                   .actor_type = writer_type(scope, work),
                                   .target = work->key,
                                   .contact_key = is_inbound ? work->sender->key
                                                             : work->thread->place.contact_key,
                                   .at = work->edited_at,
                                   .is_inferred = true};
    return tg_event_emit(&scope->tg, &work->thread->place, &event, err);
}

/* ---- reactions ---- */

/* A reaction's time is local, without its twin in UTC; where no zone is configured, the message's
 * pair of times tells how far the clock was from UTC. */
static int64_t reaction_time(struct tgx_scope *scope, const struct work *work, struct str date)
{
    int64_t at, local, message_local;
    if (tgx_time_read(scope->zone, STR_NULL, date, &at) == TGX_TIME_READ)
        return at;
    if (!tgx_time_local(date, &local) || !tgx_time_local(work->message->date, &message_local))
        return work->at;
    int64_t ahead = message_local - work->at; /* of UTC */
    bool is_zone = ahead <= ZONE_MOST_US && ahead >= -ZONE_MOST_US;
    return is_zone && local - ahead > work->at ? local - ahead : work->at;
}

/* A custom emoji is named by a number, or by the file that it was exported to. */
static struct tg_reaction reaction_of(const struct tgx_reaction *reaction)
{
    int64_t number;
    bool is_id = decimal_parse(reaction->document_id, &number);
    return (struct tg_reaction){.type = tg_text(reaction->type),
                                .emoji = tg_text(reaction->emoji),
                                .custom_emoji_id = is_id ? reaction->document_id : STR_NULL};
}

static enum rc emit_reaction(struct tgx_scope *scope, const struct work *work,
                             const struct tgx_reaction *exported, const struct tgx_actor *actor,
                             struct err *err)
{
    struct tgx_peer peer = tgx_peer_read(actor->from_id, scope->numbers);
    bool is_own = tgx_is_own(scope, peer, actor->from);
    const struct tgx_sender *sender;
    int64_t at = reaction_time(scope, work, actor->date);
    enum rc rc = tgx_sender_meet(scope, peer, is_own, tg_text(actor->from), at, &sender, err);
    if (rc != RC_OK || sender == NULL)
        return rc;
    const struct tg_reaction reaction = reaction_of(exported);
    const struct tg_reaction_change change = {.reaction = &reaction,
                                              .is_added = true,
                                              .target = work->key,
                                              .actor_key = sender->key,
                                              .actor_type =
                                                  is_own ? STR_LIT("agent") : STR_LIT("contact"),
                                              .at = at};
    return tg_reaction_emit(&scope->tg, &work->thread->place, &change, err);
}

static enum rc emit_reactions(struct tgx_scope *scope, const struct work *work, struct err *err)
{
    enum rc rc = RC_OK;
    for (const struct jpath_element *e = work->message->reactions.first; e != NULL; e = e->next) {
        const struct tgx_reaction *reaction = (const void *)e;
        const struct jpath_element *actor = reaction->recent.first;
        for (; actor != NULL && rc == RC_OK; actor = actor->next)
            rc = emit_reaction(scope, work, reaction, (const void *)actor, err);
    }
    return rc;
}

static enum rc emit_all(struct tgx_scope *scope, struct work *work, struct err *err)
{
    enum rc rc = emit_message(scope, work, err);
    if (rc == RC_OK)
        rc = emit_edit(scope, work, err);
    return rc == RC_OK ? emit_reactions(scope, work, err) : rc;
}

enum rc tgx_message_take(struct tgx_scope *scope, const struct tgx_message *message,
                         struct err *err)
{
    struct work work = {.message = message};
    bool usable;
    enum rc rc = read_id(scope, &work, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    if (str_is(message->type, "unsupported") && message->date.n == 0) {
        scope->tg.out->counts.ignored++;
        return RC_OK;
    }
    rc = read_times(scope, &work, &usable, err);
    if (rc != RC_OK || !usable)
        return rc;
    read_writer(scope, &work);
    rc = meet(scope, &work, err);
    if (work.sender != NULL)
        work.facts.actor_key = work.sender->key;
    if (rc == RC_OK)
        rc = find_thread(scope, &work, err);
    return rc == RC_OK ? emit_all(scope, &work, err) : rc;
}
