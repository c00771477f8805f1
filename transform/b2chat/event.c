/* Events that one snapshot of a chat tells. What needs two, the loader finds. */
#include "transform/b2chat/scope.h"

struct event {
    const char *suffix; /* of the external id */
    const char *type;
    int64_t at; /* TIME_NONE: it did not happen, or nobody knows when */
    bool is_by_agent;
    bool is_by_contact;
};

static enum rc emit_event(struct b2_scope *scope, const struct event *event, struct err *err)
{
    struct record record;
    struct str key = arena_join(scope->emitter->out->arena,
                                (struct str[]){scope->conversation.key, str_of(event->suffix)}, 2);
    if (str_is_null(key))
        return b2_no_memory(err);
    struct b2_entity own = b2_entity(scope->emitter, "event", key);
    map_out_begin(scope->emitter->out, RECORD_EVENT, &scope->emitter->account.channel_id, &record);
    record.id = own.id;
    record.external_id = own.key;
    record.event.conversation_id = scope->conversation.id;
    record.event.conversation_external_id = scope->conversation.key;
    record.event.event_type = str_of(event->type);
    record.event.occurred_at = event->at;
    record.event.is_inferred = true;
    record.event.actor_type = event->is_by_agent     ? STR_LIT("agent")
                              : event->is_by_contact ? STR_LIT("contact")
                                                     : STR_LIT("system");
    if (event->is_by_agent)
        record.event.actor_agent_id = scope->agent.id;
    return map_out_record(scope->emitter->out, &record, err);
}

/* A survey whose own time is not given happened when the chat was closed. */
static int64_t survey_time(const struct b2_scope *scope, const char *state, int64_t at)
{
    if (strcmp(scope->survey_state, state) != 0)
        return TIME_NONE;
    return at != TIME_NONE ? at : scope->closed_at;
}

static int64_t request_time(const struct b2_scope *scope)
{
    return survey_time(scope, scope->survey_state, scope->poll_started_at);
}

enum rc b2_events_emit(struct b2_scope *scope, struct err *err)
{
    bool is_asked = strcmp(scope->survey_state, "none") != 0;
    const struct event events[] = {
        {":created", "created", scope->created_at, false, false},
        {":opened", "opened", scope->opened_at, false, false},
        {":picked_up", "picked_up", scope->picked_up_at, true, false},
        {":first_response", "first_response", scope->responded_at, true, false},
        {":closed", "closed", scope->closed_at, false, false},
        {":csat_requested", "csat_requested", is_asked ? request_time(scope) : TIME_NONE, false,
         false},
        {":csat_received", "csat_received",
         survey_time(scope, "completed", scope->poll_completed_at), false, true},
        {":csat_abandoned", "csat_abandoned",
         survey_time(scope, "abandoned", scope->poll_abandoned_at), false, false},
    };
    enum rc rc = RC_OK;
    for (size_t i = 0; i < sizeof events / sizeof events[0] && rc == RC_OK; i++)
        if (events[i].at != TIME_NONE)
            rc = emit_event(scope, &events[i], err);
    return rc;
}
