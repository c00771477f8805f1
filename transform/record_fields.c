#include "transform/record.h"

#define INT32_LEAST (-2147483648.0)
#define INT32_MOST 2147483647.0
#define INT64_MOST 9223372036854775807.0

#define WORDS(name, ...) static const char *const name[] = {__VA_ARGS__, NULL}

/* canonical-model 3 and 4, the CHECK constraints of the columns */
WORDS(providers, "whatsapp_cloud", "telegram_bot", "email_imap", "email_webhook", "b2chat", "file",
      "custom");
WORDS(sources, "webhook", "poll", "history", "file", "sent");
WORDS(identity_kinds, "wa_id", "wa_bsuid", "wa_parent_bsuid", "wa_username", "phone",
      "telegram_user_id", "telegram_username", "email", "b2chat_contact_id", "external_ref");
WORDS(agent_kinds, "human", "bot");
WORDS(channels, "whatsapp", "telegram", "email", "facebook", "instagram", "livechat", "sms",
      "voice", "slack", "teams", "social", "bot_api", "other");
WORDS(conversation_kinds, "direct", "group", "broadcast");
WORDS(conversation_statuses, "new", "bot_active", "queued", "open", "pending", "snoozed",
      "resolved", "abandoned", "archived", "spam");
WORDS(survey_states, "none", "requested", "completed", "abandoned");
WORDS(priorities, "low", "normal", "high", "urgent");
WORDS(directions, "inbound", "outbound");
WORDS(actor_types, "contact", "agent", "bot", "system");
WORDS(message_types, "text", "image", "audio", "video", "document", "sticker", "location",
      "contact", "interactive", "template", "order", "poll", "call", "system", "unsupported");
WORDS(message_statuses, "received", "pending", "sent", "failed", "delivered", "read", "played");
WORDS(attachment_types, "image", "audio", "video", "document", "sticker", "other");
WORDS(event_types, "created", "opened", "picked_up", "assigned", "unassigned", "transferred",
      "status_changed", "first_response", "snoozed", "resolved", "reopened", "closed", "abandoned",
      "tag_added", "tag_removed", "priority_changed", "escalated", "escalation_resolved",
      "csat_requested", "csat_received", "csat_abandoned", "note_added", "message_edited",
      "message_deleted", "reaction_added", "reaction_removed", "merged");
WORDS(assignment_types, "manual", "auto", "round_robin", "rule", "unknown");
WORDS(csat_states, "requested", "completed", "abandoned");
WORDS(trigger_types, "keyword", "sentiment", "confidence", "explicit_request", "manual",
      "bot_handoff", "unknown");
WORDS(escalation_statuses, "pending", "assigned", "in_progress", "resolved", "returned_to_bot",
      "abandoned");

/* S is the owner's path in struct record, T the type of the field: a wrong one does not compile. */
#define AT(S, field, T) (offsetof(S, field) + 0 * sizeof(char[_Generic(((S *)0)->field, T : 1)]))
#define NAMED(text) .name = (text), .name_bytes = sizeof(text) - 1, .member = ",\"" text "\":"
#define FIELD(text, kind, g, S, member, T, ...)                                                    \
    {                                                                                              \
        NAMED(text), .type = (kind), .group = RECORD_GROUP_##g, .offset = AT(S, member, T),        \
                     __VA_ARGS__                                                                   \
    }
#define R struct record
#define REQUIRED .required = true
#define STR(g, S, o, m, ...) FIELD(#m, RECORD_STR, g, S, o m, struct str, __VA_ARGS__)
#define JSON(g, S, o, m, ...) FIELD(#m, RECORD_JSON, g, S, o m, struct str, __VA_ARGS__)
#define WORD(g, S, o, m, list, ...)                                                                \
    FIELD(#m, RECORD_ENUM, g, S, o m, struct str, .words = (list), __VA_ARGS__)
#define DECIMAL(g, S, o, m, low, high, ...)                                                        \
    FIELD(#m, RECORD_DECIMAL, g, S, o m, struct str, .least = (low), .most = (high), __VA_ARGS__)
#define UUID(g, S, o, m, ...) FIELD(#m, RECORD_UUID, g, S, o m, struct uuid, __VA_ARGS__)
#define TIME(g, S, o, m, ...) FIELD(#m, RECORD_TIME, g, S, o m, int64_t, __VA_ARGS__)
#define AS_OF(g, o, m, ...) TIME(g, R, o, m, .is_as_of = true, __VA_ARGS__)
#define INT(g, S, o, m, low, high, ...)                                                            \
    FIELD(#m, RECORD_INT, g, S, o m, int64_t, .least = (low), .most = (high), __VA_ARGS__)
#define BOOL(g, S, o, m, absent) FIELD(#m, RECORD_BOOL, g, S, o m, bool, .otherwise = (absent))
#define STR_LIST(g, o, m, n)                                                                       \
    FIELD(#m, RECORD_STR_LIST, g, R, o m, const struct str *, .count_offset = AT(R, o n, size_t))
#define LIST(g, o, m, n, E, fields)                                                                \
    FIELD(#m, RECORD_LIST, g, R, o m, const E *, .count_offset = AT(R, o n, size_t),               \
          .element = (fields), .element_bytes = sizeof(E))
#define FIELDS_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct record_field common_fields[] = {
    STR(NONE, R, , tenant, REQUIRED),
    UUID(NONE, R, , tenant_id, REQUIRED),
    UUID(NONE, R, , channel_id, REQUIRED),
    WORD(NONE, R, , provider, providers, REQUIRED),
    UUID(NONE, R, , id, REQUIRED),
    STR(NONE, R, , external_id, REQUIRED),
    TIME(NONE, R, , observed_at, REQUIRED),
    /* written and read by name: the struct holds an enum */
    {NAMED("source_kind"), .type = RECORD_ENUM, .words = sources, .required = true,
     .offset = offsetof(R, source_kind)},
    FIELDS_END};

#define E struct record_identity
static const struct record_field identity_fields[] = {
    WORD(NONE, E, , kind, identity_kinds, REQUIRED), STR(NONE, E, , value, REQUIRED),
    STR(NONE, E, , value_raw, ), BOOL(NONE, E, , is_primary, false), FIELDS_END};
#undef E

#define E struct record_tag
static const struct record_field tag_fields[] = {STR(NONE, E, , name, REQUIRED),
                                                 TIME(NONE, E, , assigned_at, ), FIELDS_END};
#undef E

#define E struct record_attachment
static const struct record_field attachment_fields[] = {
    INT(NONE, E, , ordinal, 0, INT32_MOST, REQUIRED),
    WORD(NONE, E, , type, attachment_types, REQUIRED),
    STR(NONE, E, , provider_media_id, ),
    STR(NONE, E, , source_url, ),
    STR(NONE, E, , mime_type, ),
    STR(NONE, E, , filename, ),
    INT(NONE, E, , size_bytes, 0, INT64_MOST, ),
    FIELD("sha256", RECORD_SHA256, NONE, E, sha256, struct str, ),
    INT(NONE, E, , width, INT32_LEAST, INT32_MOST, ),
    INT(NONE, E, , height, INT32_LEAST, INT32_MOST, ),
    DECIMAL(NONE, E, , duration_s, -9999999.999, 9999999.999, ),
    JSON(NONE, E, , metadata, ),
    FIELDS_END};
#undef E

static const struct record_field contact_fields[] = {
    AS_OF(PROFILE, contact., profile_as_of, ),
    STR(PROFILE, R, contact., display_name, ),
    STR(PROFILE, R, contact., username, ),
    STR(PROFILE, R, contact., language, ),
    STR(PROFILE, R, contact., avatar_url, ),
    AS_OF(CRM, contact., crm_as_of, ),
    STR(CRM, R, contact., email, ),
    STR(CRM, R, contact., mobile, ),
    STR(CRM, R, contact., phone, ),
    STR(CRM, R, contact., identification, ),
    STR(CRM, R, contact., address, ),
    STR(CRM, R, contact., city, ),
    STR(CRM, R, contact., country, ),
    STR(CRM, R, contact., company, ),
    STR(CRM, R, contact., merchant_id, ),
    JSON(CRM, R, contact., custom_attributes, ),
    LIST(CRM, contact., tags, tag_count, struct record_tag, tag_fields),
    TIME(CRM, R, contact., source_created_at, ),
    TIME(CRM, R, contact., source_updated_at, ),
    BOOL(NONE, R, contact., is_stub, true),
    LIST(NONE, contact., identities, identity_count, struct record_identity, identity_fields),
    FIELDS_END};

static const struct record_field agent_fields[] = {
    AS_OF(PROFILE, agent., profile_as_of, REQUIRED),
    WORD(PROFILE, R, agent., agent_kind, agent_kinds, REQUIRED),
    STR(PROFILE, R, agent., name, REQUIRED),
    STR(PROFILE, R, agent., email, ),
    STR(PROFILE, R, agent., username, ),
    UUID(PROFILE, R, agent., department_id, .entity = "department"),
    STR(PROFILE, R, agent., department_external_id, ),
    BOOL(PROFILE, R, agent., is_active, true),
    JSON(PROFILE, R, agent., attributes, ),
    FIELDS_END};

static const struct record_field department_fields[] = {
    AS_OF(PROFILE, department., profile_as_of, REQUIRED),
    STR(PROFILE, R, department., name, REQUIRED),
    UUID(PROFILE, R, department., parent_id, .entity = "department"),
    STR(PROFILE, R, department., parent_external_id, ),
    STR(PROFILE, R, department., path, ),
    INT(PROFILE, R, department., level, INT32_LEAST, INT32_MOST, ),
    BOOL(PROFILE, R, department., is_leaf, true),
    BOOL(PROFILE, R, department., is_active, true),
    JSON(PROFILE, R, department., attributes, ),
    FIELDS_END};

static const struct record_field conversation_fields[] = {
    WORD(NONE, R, conversation., channel, channels, REQUIRED),
    WORD(NONE, R, conversation., conversation_kind, conversation_kinds, REQUIRED),
    UUID(NONE, R, conversation., contact_id, .entity = "contact"),
    STR(NONE, R, conversation., contact_external_id, ),
    AS_OF(LIFECYCLE, conversation., lifecycle_as_of, ),
    WORD(LIFECYCLE, R, conversation., status, conversation_statuses, REQUIRED),
    STR(LIFECYCLE, R, conversation., provider_status, ),
    WORD(LIFECYCLE, R, conversation., survey_state, survey_states, ),
    UUID(LIFECYCLE, R, conversation., assigned_agent_id, .entity = "agent"),
    STR(LIFECYCLE, R, conversation., assigned_agent_external_id, ),
    UUID(LIFECYCLE, R, conversation., department_id, .entity = "department"),
    STR(LIFECYCLE, R, conversation., department_external_id, ),
    FIELD("is_agent_available", RECORD_TRISTATE, LIFECYCLE, R, conversation.is_agent_available,
          int64_t, ),
    WORD(LIFECYCLE, R, conversation., priority, priorities, ),
    TIME(LIFECYCLE, R, conversation., opened_at, ),
    TIME(LIFECYCLE, R, conversation., picked_up_at, ),
    TIME(LIFECYCLE, R, conversation., provider_response_at, ),
    TIME(LIFECYCLE, R, conversation., closed_at, ),
    INT(LIFECYCLE, R, conversation., provider_duration_s, INT32_LEAST, INT32_MOST, ),
    STR(LIFECYCLE, R, conversation., resolution_note, ),
    AS_OF(LABELS, conversation., labels_as_of, ),
    STR(LABELS, R, conversation., subject, ),
    STR(LABELS, R, conversation., topic, ),
    STR(LABELS, R, conversation., account_alias, ),
    STR(LABELS, R, conversation., viewer_url, ),
    STR_LIST(LABELS, conversation., tags, tag_count),
    JSON(LABELS, R, conversation., metadata, ),
    TIME(NONE, R, conversation., started_at, REQUIRED),
    TIME(NONE, R, conversation., source_created_at, ),
    STR_LIST(NONE, conversation., aliases, alias_count),
    FIELDS_END};

static const struct record_field message_fields[] = {
    UUID(NONE, R, message., conversation_id, .entity = "conversation", REQUIRED),
    STR(NONE, R, message., conversation_external_id, REQUIRED),
    WORD(NONE, R, message., conversation_kind, conversation_kinds, REQUIRED),
    WORD(NONE, R, message., channel, channels, REQUIRED),
    UUID(CONTENT, R, message., contact_id, .entity = "contact"),
    STR(CONTENT, R, message., contact_external_id, ),
    WORD(NONE, R, message., direction, directions, REQUIRED),
    AS_OF(CONTENT, message., content_as_of, REQUIRED),
    WORD(CONTENT, R, message., sender_type, actor_types, REQUIRED),
    UUID(CONTENT, R, message., sender_agent_id, .entity = "agent"),
    STR(CONTENT, R, message., sender_agent_external_id, ),
    WORD(CONTENT, R, message., type, message_types, REQUIRED),
    STR(CONTENT, R, message., subtype, ),
    STR(CONTENT, R, message., text, ),
    STR(CONTENT, R, message., caption, ),
    JSON(CONTENT, R, message., location, ),
    STR(CONTENT, R, message., reply_to_external_id, ),
    STR(CONTENT, R, message., template_name, ),
    JSON(CONTENT, R, message., metadata, ),
    TIME(CONTENT, R, message., edited_at, ),
    INT(CONTENT, R, message., ordinal, INT32_LEAST, INT32_MOST, ),
    DECIMAL(CONTENT, R, message., ai_confidence, -9.999, 9.999, ),
    DECIMAL(CONTENT, R, message., sentiment, -9.999, 9.999, ),
    INT(CONTENT, R, message., tokens_used, INT32_LEAST, INT32_MOST, ),
    LIST(CONTENT, message., attachments, attachment_count, struct record_attachment,
         attachment_fields),
    BOOL(NONE, R, message., is_broadcast, false),
    TIME(NONE, R, message., sent_at, REQUIRED),
    WORD(NONE, R, message., status, message_statuses, REQUIRED),
    TIME(NONE, R, message., delivered_at, ),
    TIME(NONE, R, message., read_at, ),
    TIME(NONE, R, message., failed_at, ),
    STR(NONE, R, message., error_code, ),
    STR(NONE, R, message., error_message, ),
    TIME(NONE, R, message., deleted_at, ),
    STR(NONE, R, message., deletion_reason, ),
    FIELDS_END};

static const struct record_field message_status_fields[] = {
    UUID(NONE, R, message_status., message_id, .entity = "message", REQUIRED),
    STR(NONE, R, message_status., message_external_id, REQUIRED),
    UUID(NONE, R, message_status., conversation_id, .entity = "conversation"),
    STR(NONE, R, message_status., conversation_external_id, ),
    WORD(NONE, R, message_status., status, message_statuses, REQUIRED),
    STR(NONE, R, message_status., recipient, ),
    TIME(NONE, R, message_status., occurred_at, REQUIRED),
    STR(NONE, R, message_status., error_code, ),
    STR(NONE, R, message_status., error_message, ),
    JSON(NONE, R, message_status., metadata, ),
    FIELDS_END};

static const struct record_field event_fields[] = {
    UUID(NONE, R, event., conversation_id, .entity = "conversation", REQUIRED),
    STR(NONE, R, event., conversation_external_id, REQUIRED),
    WORD(NONE, R, event., event_type, event_types, REQUIRED),
    TIME(NONE, R, event., occurred_at, REQUIRED),
    BOOL(NONE, R, event., is_inferred, false),
    WORD(NONE, R, event., actor_type, actor_types, ),
    UUID(NONE, R, event., actor_agent_id, ),
    UUID(NONE, R, event., from_agent_id, ),
    UUID(NONE, R, event., to_agent_id, ),
    UUID(NONE, R, event., from_department_id, ),
    UUID(NONE, R, event., to_department_id, ),
    STR(NONE, R, event., from_status, ),
    STR(NONE, R, event., to_status, ),
    STR(NONE, R, event., tag, ),
    WORD(NONE, R, event., assignment_type, assignment_types, ),
    STR(NONE, R, event., reason, ),
    JSON(NONE, R, event., data, ),
    FIELDS_END};

static const struct record_field csat_fields[] = {
    UUID(NONE, R, csat., conversation_id, .entity = "conversation", REQUIRED),
    STR(NONE, R, csat., conversation_external_id, REQUIRED),
    AS_OF(CSAT, csat., csat_as_of, REQUIRED),
    UUID(CSAT, R, csat., contact_id, .entity = "contact"),
    STR(CSAT, R, csat., contact_external_id, ),
    UUID(CSAT, R, csat., agent_id, .entity = "agent"),
    STR(CSAT, R, csat., agent_external_id, ),
    WORD(CSAT, R, csat., state, csat_states, REQUIRED),
    DECIMAL(CSAT, R, csat., rating, -9999.99, 9999.99, ),
    DECIMAL(CSAT, R, csat., scale_min, -9999.99, 9999.99, ),
    DECIMAL(CSAT, R, csat., scale_max, -9999.99, 9999.99, ),
    STR(CSAT, R, csat., feedback, ),
    TIME(CSAT, R, csat., requested_at, ),
    TIME(CSAT, R, csat., responded_at, ),
    TIME(CSAT, R, csat., abandoned_at, ),
    JSON(CSAT, R, csat., raw, ),
    FIELDS_END};

static const struct record_field escalation_fields[] = {
    UUID(NONE, R, escalation., conversation_id, .entity = "conversation", REQUIRED),
    STR(NONE, R, escalation., conversation_external_id, REQUIRED),
    AS_OF(ESCALATION, escalation., escalation_as_of, REQUIRED),
    WORD(ESCALATION, R, escalation., trigger_type, trigger_types, REQUIRED),
    STR(ESCALATION, R, escalation., reason, ),
    WORD(ESCALATION, R, escalation., priority, priorities, ),
    WORD(ESCALATION, R, escalation., status, escalation_statuses, REQUIRED),
    UUID(ESCALATION, R, escalation., from_agent_id, ),
    UUID(ESCALATION, R, escalation., assigned_agent_id, ),
    TIME(ESCALATION, R, escalation., escalated_at, REQUIRED),
    TIME(ESCALATION, R, escalation., first_response_at, ),
    TIME(ESCALATION, R, escalation., resolved_at, ),
    STR(ESCALATION, R, escalation., resolution_note, ),
    JSON(ESCALATION, R, escalation., data, ),
    BOOL(ESCALATION, R, escalation., is_inferred, false),
    FIELDS_END};

static const struct record_field *const fields_of[RECORD_KINDS] = {
    [RECORD_CONTACT] = contact_fields,       [RECORD_AGENT] = agent_fields,
    [RECORD_DEPARTMENT] = department_fields, [RECORD_CONVERSATION] = conversation_fields,
    [RECORD_MESSAGE] = message_fields,       [RECORD_MESSAGE_STATUS] = message_status_fields,
    [RECORD_EVENT] = event_fields,           [RECORD_CSAT] = csat_fields,
    [RECORD_ESCALATION] = escalation_fields,
};

const struct record_field *record_common_fields(void)
{
    return common_fields;
}

const struct record_field *record_fields(enum record_kind kind)
{
    return fields_of[kind];
}

const char *source_kind_name(enum source_kind source)
{
    return sources[source];
}
