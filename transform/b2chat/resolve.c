#include "transform/b2chat/scope.h"

struct str b2_person_key(const struct b2_person *person)
{
    return b2_first(person->id, person->contact_id);
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
    struct str code = b2_first(department->code, department->department_code);
    struct str name = b2_first(department->name, department->department_name);
    return b2_first(b2_first(code, department->id), b2_first(department->text, name));
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

static bool has_answer(const struct b2_poll *poll)
{
    const struct str answers[] = {poll->rating,  poll->score,    poll->satisfaction,
                                  poll->comment, poll->feedback, poll->message};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (!str_is_null(b2_text(answers[i])))
            return true;
    return false;
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
    if (has_answer(&scope->chat->poll))
        return "completed";
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
        return reject_chat(scope, REJECT_BAD_VALUE, bad_time, B2_TIME_EXPECTED, err);
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
