/* Surveys, and the hand-over from bot to agent: both one row of a chat. */
#include <stdlib.h>

#include "transform/b2chat/scope.h"

#define SCALE_LEAST 1
#define SCALE_MOST 5
#define SCALE_LEAST_TEXT STR_LIT("1")
#define SCALE_MOST_TEXT STR_LIT("5")

static int64_t first_time(int64_t a, int64_t b)
{
    return a != TIME_NONE ? a : b;
}

static struct str rating_of(const struct b2_poll *poll)
{
    const struct str stated[] = {poll->rating, poll->score, poll->satisfaction};
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++) {
        double value;
        struct str text = b2_text(stated[i]);
        if (b2_coordinate(text, SCALE_MOST, &value) && value >= SCALE_LEAST)
            return text;
    }
    return STR_NULL;
}

static struct str feedback_of(const struct b2_poll *poll)
{
    return b2_first(b2_first(poll->comment, poll->feedback), poll->message);
}

static void fill_survey(const struct b2_scope *scope, struct record_csat *to)
{
    const struct b2_poll *poll = &scope->chat->poll;
    bool is_completed = strcmp(scope->survey_state, "completed") == 0;
    to->csat_as_of = scope->emitter->as_of;
    to->contact_id = scope->contact.id;
    to->contact_external_id = scope->contact.key;
    to->agent_id = scope->agent.id;
    to->agent_external_id = scope->agent.key;
    to->state = str_of(scope->survey_state);
    to->scale_min = SCALE_LEAST_TEXT;
    to->scale_max = SCALE_MOST_TEXT;
    to->requested_at = scope->poll_started_at;
    to->abandoned_at = scope->poll_abandoned_at;
    to->raw = poll->response_json;
    if (!is_completed)
        return;
    to->responded_at = first_time(scope->poll_completed_at, scope->closed_at);
    to->feedback = feedback_of(poll);
    if (to->responded_at != TIME_NONE) /* a rating without its time is none (canonical-model 3.3) */
        to->rating = rating_of(poll);
}

enum rc b2_survey_emit(struct b2_scope *scope, struct err *err)
{
    struct record record;
    if (strcmp(scope->survey_state, "none") == 0)
        return RC_OK;
    struct b2_entity own = b2_entity(scope->emitter, "csat", scope->conversation.key);
    map_out_begin(scope->emitter->out, RECORD_CSAT, &scope->emitter->account.channel_id, &record);
    record.id = own.id;
    record.external_id = own.key;
    record.csat.conversation_id = scope->conversation.id;
    record.csat.conversation_external_id = scope->conversation.key;
    fill_survey(scope, &record.csat);
    return map_out_record(scope->emitter->out, &record, err);
}

static void fill_escalation(const struct b2_scope *scope, struct record_escalation *to)
{
    to->escalation_as_of = scope->emitter->as_of;
    to->trigger_type = STR_LIT("bot_handoff");
    to->status = STR_LIT("assigned");
    if (scope->responded_at != TIME_NONE)
        to->status = STR_LIT("in_progress");
    if (scope->closed_at != TIME_NONE)
        to->status = STR_LIT("resolved");
    to->assigned_agent_id = scope->agent.id;
    to->escalated_at = first_time(scope->opened_at, scope->created_at);
    to->first_response_at = scope->responded_at;
    to->resolved_at = scope->closed_at;
    to->is_inferred = true;
}

/* A bot that wrote, and an agent who took over. That the chat was with a bot earlier, without a
 * message to show it, only two snapshots tell; the loader compares them. */
enum rc b2_escalation_emit(struct b2_scope *scope, struct err *err)
{
    struct record record;
    if (!scope->has_bot)
        return RC_OK;
    struct str key = arena_join(scope->emitter->out->arena,
                                (struct str[]){scope->conversation.key, STR_LIT(":bot")}, 2);
    if (str_is_null(key))
        return b2_no_memory(err);
    struct b2_entity own = b2_entity(scope->emitter, "escalation", key);
    map_out_begin(scope->emitter->out, RECORD_ESCALATION, &scope->emitter->account.channel_id,
                  &record);
    record.id = own.id;
    record.external_id = own.key;
    record.escalation.conversation_id = scope->conversation.id;
    record.escalation.conversation_external_id = scope->conversation.key;
    fill_escalation(scope, &record.escalation);
    return map_out_record(scope->emitter->out, &record, err);
}
