#include "transform/b2chat/scope.h"

/* B2Chat cuts the seconds: equal, or one less. */
#define DURATION_SLACK_S 1

static bool is_duration_odd(const struct b2_scope *scope)
{
    if (scope->duration_s == RECORD_INT_NONE || scope->closed_at == TIME_NONE)
        return false;
    int64_t expected = (scope->closed_at - scope->created_at) / US_PER_SECOND;
    int64_t gap = scope->duration_s - expected;
    return gap < -DURATION_SLACK_S || gap > DURATION_SLACK_S;
}

static bool is_unreadable(struct b2_scope *scope, struct str phone)
{
    phone = b2_text(phone);
    return !str_is_null(phone) && str_is_null(b2_phone_digits(scope->emitter->out->arena, phone));
}

/* A contact that has no record, or a number that is no identity, would be lost otherwise. */
static struct str contact_left(struct b2_scope *scope)
{
    const struct b2_person *person = &scope->chat->person;
    bool is_kept = str_is_null(scope->contact.key) || is_unreadable(scope, person->mobile_number) ||
                   is_unreadable(scope, person->phone_number);
    bool is_object = str_starts_with(scope->chat->contact_json, "{");
    return is_kept && is_object ? scope->chat->contact_json : STR_NULL;
}

static bool is_text_replaced(const struct b2_scope *scope, struct str contact)
{
    const struct b2_chat *chat = scope->chat;
    const struct str texts[] = {chat->alias,    chat->tags_json, chat->viewer_url,
                                chat->provider, chat->file_json, contact};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (b2_is_replaced(scope, scope->own_replaced, texts[i]))
            return true;
    return false;
}

static struct str metadata(struct b2_scope *scope)
{
    struct json_writer *json = scope->emitter->json;
    struct str contact = contact_left(scope);
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "provider_raw", b2_text(scope->chat->provider));
    json_member_true(json, "duration_mismatch", is_duration_odd(scope));
    json_member_json(json, "contact", contact);
    json_member_json(json, "file", scope->chat->file_json);
    json_member_true(json, "nul_replaced", is_text_replaced(scope, contact));
    return b2_object(scope->emitter);
}

static void fill_lifecycle(const struct b2_scope *scope, struct record_conversation *to)
{
    to->lifecycle_as_of = scope->emitter->as_of;
    to->status = str_of(scope->status);
    to->provider_status = b2_text(scope->chat->status);
    to->survey_state = str_of(scope->survey_state);
    to->assigned_agent_id = scope->agent.id;
    to->assigned_agent_external_id = scope->agent.key;
    to->department_id = scope->department.id;
    to->department_external_id = scope->department.key;
    to->is_agent_available = scope->is_agent_available;
    to->opened_at = scope->opened_at;
    to->picked_up_at = scope->picked_up_at;
    to->provider_response_at = scope->responded_at;
    to->closed_at = scope->closed_at;
    to->provider_duration_s = scope->duration_s;
}

static bool fill_labels(struct b2_scope *scope, struct record_conversation *to)
{
    struct b2_texts tags;
    struct b2_emitter *emitter = scope->emitter;
    if (!b2_lists_texts(emitter->lists, scope->chat->tags_json, emitter->out->arena, &tags))
        return false;
    to->labels_as_of = emitter->as_of;
    to->account_alias = b2_text(scope->chat->alias);
    to->viewer_url = b2_text(scope->chat->viewer_url);
    to->tags = tags.items;
    to->tag_count = tags.count;
    to->metadata = metadata(scope);
    return true;
}

enum rc b2_conversation_emit(struct b2_scope *scope, struct err *err)
{
    struct record record;
    map_out_begin(scope->emitter->out, RECORD_CONVERSATION, &scope->emitter->account.channel_id,
                  &record);
    record.id = scope->conversation.id;
    record.external_id = scope->conversation.key;
    struct record_conversation *conversation = &record.conversation;
    conversation->channel = str_of(scope->medium);
    conversation->conversation_kind = STR_LIT("direct");
    conversation->contact_id = scope->contact.id;
    conversation->contact_external_id = scope->contact.key;
    fill_lifecycle(scope, conversation);
    if (!fill_labels(scope, conversation))
        return b2_no_memory(err);
    conversation->started_at = conversation->source_created_at = scope->created_at;
    return map_out_record(scope->emitter->out, &record, err);
}
