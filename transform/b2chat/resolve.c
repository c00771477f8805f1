#include <stdlib.h>

#include "transform/b2chat/scope.h"

#define LATITUDE_MOST 90
#define LONGITUDE_MOST 180
/* A bot's message may be that much older than its chat; an older one belongs to an earlier chat. */
#define BOT_PHASE_US (24 * 3600 * US_PER_SECOND)

static struct str first_of(struct str a, struct str b)
{
    a = b2_text(a);
    return str_is_null(a) ? b2_text(b) : a;
}

struct str b2_person_key(const struct b2_person *person)
{
    return first_of(person->id, person->contact_id);
}

/* ---- who ---- */

/* Username, else mail address, else name. */
static struct str agent_key(struct b2_scope *scope)
{
    struct arena *arena = scope->emitter->out->arena;
    const struct b2_agent *agent = &scope->chat->agent;
    struct str username = b2_text(agent->username);
    struct str name = b2_text(agent->name);
    if (!str_is_null(username))
        return username;
    struct str email = b2_lower(arena, b2_text(agent->email));
    if (!str_is_null(email) || str_is_null(name))
        return email;
    return arena_join(arena, (struct str[]){STR_LIT("name:"), name}, 2);
}

static struct str department_key(const struct b2_department *department)
{
    struct str code = first_of(department->code, department->department_code);
    struct str name = first_of(department->name, department->department_name);
    return first_of(first_of(code, department->id), first_of(department->text, name));
}

static void resolve_entities(struct b2_scope *scope, struct str chat_id)
{
    const struct b2_chat *chat = scope->chat;
    scope->conversation = b2_entity(scope->emitter, "conversation", chat_id);
    scope->contact = b2_entity(scope->emitter, "contact", b2_person_key(&chat->person));
    scope->agent = b2_entity(scope->emitter, "agent", agent_key(scope));
    scope->department = b2_entity(scope->emitter, "department", department_key(&chat->department));
}

/* ---- the chat's values ---- */

struct field {
    const char *member;
    struct str text;
    int64_t *to;
};

static enum rc reject_chat(struct b2_scope *scope, enum reject_code code, const char *member,
                           const char *detail, struct err *err)
{
    return b2_reject(scope->emitter, code, scope->path, member, scope->chat->element.offset, detail,
                     err);
}

/* The member that is no time; NULL: all are. */
static const char *read_times(struct b2_scope *scope)
{
    const struct b2_chat *chat = scope->chat;
    bool is_new = !str_is_null(b2_text(chat->responded_at));
    const struct field fields[] = {
        {"created_at", chat->created_at, &scope->created_at},
        {"opened_at", chat->opened_at, &scope->opened_at},
        {"picked_up_at", chat->picked_up_at, &scope->picked_up_at},
        {is_new ? "responded_at" : "response_at", is_new ? chat->responded_at : chat->response_at,
         &scope->responded_at},
        {"closed_at", chat->closed_at, &scope->closed_at},
        {"poll_started_at", chat->poll.started_at, &scope->poll_started_at},
        {"poll_completed_at", chat->poll.completed_at, &scope->poll_completed_at},
        {"poll_abandoned_at", chat->poll.abandoned_at, &scope->poll_abandoned_at},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!b2_time_read(scope->emitter->times, fields[i].text, fields[i].to))
            return fields[i].member;
    return NULL;
}

static bool read_duration(struct b2_scope *scope)
{
    struct str duration = b2_text(scope->chat->duration);
    scope->duration_s = RECORD_INT_NONE;
    return str_is_null(duration) || b2_duration(duration, &scope->duration_s);
}

static bool read_availability(struct b2_scope *scope)
{
    bool is_available = false;
    struct str text = b2_text(scope->chat->is_agent_available);
    bool is_readable = str_is_null(text) || b2_flag(text, &is_available);
    scope->is_agent_available = str_is_null(text) ? RECORD_INT_NONE : is_available;
    return is_readable;
}

/* A survey that the status does not know of may stand in its own members. */
static const char *survey_of(const struct b2_scope *scope, const char *stated)
{
    if (strcmp(stated, "none") != 0 && strcmp(stated, "requested") != 0)
        return stated;
    if (scope->poll_completed_at != TIME_NONE)
        return "completed";
    if (scope->poll_abandoned_at != TIME_NONE)
        return "abandoned";
    return scope->poll_started_at != TIME_NONE ? "requested" : stated;
}

static void resolve_status(struct b2_scope *scope)
{
    const struct b2_status *known = b2_status_find(scope->chat->status);
    if (known != NULL)
        scope->status = known->status;
    else if (scope->closed_at != TIME_NONE)
        scope->status = "resolved";
    else
        scope->status = scope->picked_up_at != TIME_NONE ? "open" : "queued";
    scope->survey_state = survey_of(scope, known != NULL ? known->survey_state : "none");
}

static enum rc read_values(struct b2_scope *scope, bool *usable_out, struct err *err)
{
    const char *bad_time = read_times(scope);
    if (bad_time != NULL)
        return reject_chat(scope, REJECT_BAD_VALUE, bad_time,
                           "expected a time like 2025-03-04 09:12:07, in the years 2000 to 2099",
                           err);
    if (scope->created_at == TIME_NONE)
        return reject_chat(scope, REJECT_MISSING_MEMBER, "created_at",
                           "expected the time when the chat began", err);
    if (!read_duration(scope))
        return reject_chat(scope, REJECT_BAD_VALUE, "duration",
                           "expected DD:HH:MM:SS, with hours to 23, minutes and seconds to 59",
                           err);
    if (!read_availability(scope))
        return reject_chat(scope, REJECT_BAD_VALUE, "is_agent_available", "expected true or false",
                           err);
    resolve_status(scope);
    *usable_out = true;
    return RC_OK;
}

enum rc b2_resolve_chat(struct b2_scope *scope, bool *usable_out, struct err *err)
{
    struct str chat_id = b2_text(scope->chat->chat_id);
    *usable_out = false;
    if (str_is_null(chat_id))
        return reject_chat(scope, REJECT_MISSING_MEMBER, "chat_id", "expected the chat's id", err);
    chat_id = b2_lower(scope->emitter->out->arena, chat_id);
    if (str_is_null(chat_id))
        return b2_no_memory(err);
    scope->medium = b2_medium(scope->chat->provider);
    resolve_entities(scope, chat_id);
    return read_values(scope, usable_out, err);
}

/* ---- messages ---- */

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
    struct str lat = first_of(place->lat, place->latitude);
    struct str lon = first_of(first_of(place->lng, place->lon), place->longitude);
    item->has_place = b2_coordinate(lat, LATITUDE_MOST, &item->lat) &&
                      b2_coordinate(lon, LONGITUDE_MOST, &item->lon);
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

/* Fills the next item; what cannot be read is rejected and leaves it for the next message. */
static enum rc read_message(struct b2_scope *scope, const struct b2_message *message,
                            struct err *err)
{
    char local[B2_LOCAL_BYTES];
    struct b2_item *item = &scope->items[scope->item_count];
    *item = (struct b2_item){.message = message, .index = message->element.index};
    if (!b2_time_read_local(scope->emitter->times, message->created_at, &item->at, local))
        return reject_message(scope, message, REJECT_BAD_VALUE, "created_at",
                              "expected a time like 2025-03-04 09:12:07, in the years 2000 to 2099",
                              err);
    if (item->at == TIME_NONE)
        return reject_message(scope, message, REJECT_MISSING_MEMBER, "created_at",
                              "expected the message's time", err);
    if (!b2_flag(message->incoming, &item->is_incoming))
        return reject_message(scope, message,
                              str_is_null(b2_text(message->incoming)) ? REJECT_MISSING_MEMBER
                                                                      : REJECT_BAD_VALUE,
                              "incoming", "expected true or false", err);
    if (!str_is_null(b2_text(message->broadcasted)) &&
        !b2_flag(message->broadcasted, &item->is_broadcast))
        return reject_message(scope, message, REJECT_BAD_VALUE, "broadcasted",
                              "expected true or false", err);
    item->is_broadcast = item->is_broadcast && !item->is_incoming; /* a campaign goes out */
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
