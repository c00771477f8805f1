/* record.h: the canonical record, in memory and as JSON.
 *
 * Shape:   DESIGN 4; members carry the names of the columns of canonical-model 3; described for
 * readers outside by schemas/record.schema.json. One table per kind (record_fields) drives the
 * encoder, the decoder, the version and the loader, so that a member is named once. Null:    str p
 * == NULL, uuid all zero, time TIME_NONE, int INT64_MIN (RECORD_INT_NONE), json p == NULL. A null
 * member is not written. Groups:  a field group is stated as a whole or not at all. It is stated
 * exactly when its "..._as_of" time is set; its fields that are then absent are NULL
 * (canonical-model 6.1). as_of 0 (1970) = a stub: rank 0, any real content wins. Owns:    nothing;
 * a record borrows its texts from the arena it was made in. Errors:  decoding gives RC_REJECT with
 * member path and reason. Threads: plain values and constant tables. */
#ifndef SLUICE_TRANSFORM_RECORD_H
#define SLUICE_TRANSFORM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/uuid.h"

#define RECORD_SCHEMA "sluice.record/1"
#define RECORD_INT_NONE INT64_MIN
#define RECORD_VERSION_BYTES 16

enum record_kind {
    RECORD_CONTACT,
    RECORD_AGENT,
    RECORD_DEPARTMENT,
    RECORD_CONVERSATION,
    RECORD_MESSAGE,
    RECORD_MESSAGE_STATUS,
    RECORD_EVENT,
    RECORD_CSAT,
    RECORD_ESCALATION,
    RECORD_KINDS
};

/* How the bytes came; gives the rank of canonical-model 6.1 and 11.5: webhook 3, sent 3, poll 2,
 * history 2, file 1. */
enum source_kind {
    SOURCE_WEBHOOK,
    SOURCE_POLL,
    SOURCE_HISTORY,
    SOURCE_FILE,
    SOURCE_SENT,
    SOURCE_KINDS
};

struct record_identity { /* of a contact: contact_identities */
    struct str kind;
    struct str value;     /* normalised */
    struct str value_raw; /* as received; NULL = same as value */
    bool is_primary;
};

struct record_attachment { /* of a message: message_attachments; part of the content group */
    int64_t ordinal;
    struct str type;
    struct str provider_media_id;
    struct str source_url;
    struct str mime_type;
    struct str filename;
    int64_t size_bytes;
    struct str sha256; /* 64 lower-case hex digits */
    int64_t width;
    int64_t height;
    struct str duration_s; /* decimal text */
    struct str metadata;   /* json object */
};

struct record_tag { /* of a contact */
    struct str name;
    int64_t assigned_at;
};

struct record_contact {
    /* profile */
    int64_t profile_as_of;
    struct str display_name, username, language, avatar_url;
    /* crm */
    int64_t crm_as_of;
    struct str email, mobile, phone, identification, address, city, country, company, merchant_id;
    struct str custom_attributes; /* json object */
    const struct record_tag *tags;
    size_t tag_count;
    int64_t source_created_at, source_updated_at;
    /* outside the groups */
    bool is_stub; /* false once a record of the provider's own contact feed was seen */
    const struct record_identity *identities;
    size_t identity_count;
};

struct record_agent {
    int64_t profile_as_of;
    struct str agent_kind; /* human, bot */
    struct str name, email, username;
    struct uuid department_id;
    struct str department_external_id;
    bool is_active;
    struct str attributes; /* json object */
};

struct record_department {
    int64_t profile_as_of;
    struct str name;
    struct uuid parent_id;
    struct str parent_external_id, path;
    int64_t level;
    bool is_leaf, is_active;
    struct str attributes; /* json object */
};

struct record_conversation {
    struct str channel;           /* medium, canonical-model 4.1 */
    struct str conversation_kind; /* direct, group, broadcast */
    struct uuid contact_id;
    struct str contact_external_id;
    /* lifecycle */
    int64_t lifecycle_as_of;
    struct str status, provider_status, survey_state;
    struct uuid assigned_agent_id;
    struct str assigned_agent_external_id;
    struct uuid department_id;
    struct str department_external_id;
    int64_t is_agent_available; /* 0, 1, RECORD_INT_NONE */
    struct str priority;
    int64_t opened_at, picked_up_at, provider_response_at, closed_at, provider_duration_s;
    struct str resolution_note;
    /* labels */
    int64_t labels_as_of;
    struct str subject, topic, account_alias, viewer_url;
    const struct str *tags;
    size_t tag_count;
    struct str metadata; /* json object */
    /* monotone */
    int64_t started_at, source_created_at;
    /* Other external ids under which the same thread is known: conversation_aliases
     * (canonical-model 11.2). */
    const struct str *aliases;
    size_t alias_count;
};

struct record_message {
    struct uuid conversation_id;
    struct str conversation_external_id;
    struct str conversation_kind; /* for the minimal conversation row: direct, group, broadcast */
    struct str channel;           /* the same: medium */
    struct uuid contact_id;       /* sender (inbound) or recipient (outbound), where known */
    struct str contact_external_id;
    struct str direction; /* inbound, outbound */
    /* content */
    int64_t content_as_of;
    struct str sender_type; /* contact, agent, bot, system */
    struct uuid sender_agent_id;
    struct str sender_agent_external_id;
    struct str type, subtype, text, caption;
    struct str location; /* json object {"lat","lon","name","address"} */
    struct str reply_to_external_id, template_name;
    struct str metadata; /* json object */
    int64_t edited_at;
    int64_t ordinal;
    struct str ai_confidence, sentiment; /* decimal text */
    int64_t tokens_used;
    const struct record_attachment *attachments;
    size_t attachment_count;
    /* monotone */
    bool is_broadcast;
    int64_t sent_at;
    struct str status; /* canonical-model 4.5 */
    int64_t delivered_at, read_at, failed_at;
    struct str error_code, error_message;
    int64_t deleted_at;
    struct str deletion_reason;
};

struct record_message_status {
    struct uuid message_id;
    struct str message_external_id;
    struct uuid conversation_id; /* where the recipient is known */
    struct str conversation_external_id;
    struct str status;
    struct str recipient; /* group participant; NULL = none */
    int64_t occurred_at;
    struct str error_code, error_message;
    struct str metadata; /* json object */
};

struct record_event {
    struct uuid conversation_id;
    struct str conversation_external_id;
    struct str event_type;
    int64_t occurred_at;
    bool is_inferred;
    struct str actor_type; /* contact, agent, bot, system */
    struct uuid actor_agent_id, from_agent_id, to_agent_id, from_department_id, to_department_id;
    struct str from_status, to_status, tag, assignment_type, reason;
    struct str data; /* json object */
};

struct record_csat {
    struct uuid conversation_id;
    struct str conversation_external_id;
    int64_t csat_as_of;
    struct uuid contact_id;
    struct str contact_external_id;
    struct uuid agent_id;
    struct str agent_external_id;
    struct str state;
    struct str rating, scale_min, scale_max; /* decimal text */
    struct str feedback;
    int64_t requested_at, responded_at, abandoned_at;
    struct str raw; /* json */
};

struct record_escalation {
    struct uuid conversation_id;
    struct str conversation_external_id;
    int64_t escalation_as_of;
    struct str trigger_type, reason, priority, status;
    struct uuid from_agent_id, assigned_agent_id;
    int64_t escalated_at, first_response_at, resolved_at;
    struct str resolution_note;
    struct str data; /* json object */
    bool is_inferred;
};

struct record {
    enum record_kind kind;
    struct str tenant; /* slug */
    struct uuid tenant_id, channel_id;
    struct str provider;
    struct uuid id;
    struct str external_id;
    int64_t observed_at;
    enum source_kind source_kind;
    union {
        struct record_contact contact;
        struct record_agent agent;
        struct record_department department;
        struct record_conversation conversation;
        struct record_message message;
        struct record_message_status message_status;
        struct record_event event;
        struct record_csat csat;
        struct record_escalation escalation;
    };
};

enum record_group {
    RECORD_GROUP_NONE,
    RECORD_GROUP_PROFILE,
    RECORD_GROUP_CRM,
    RECORD_GROUP_LIFECYCLE,
    RECORD_GROUP_LABELS,
    RECORD_GROUP_CONTENT,
    RECORD_GROUP_CSAT,
    RECORD_GROUP_ESCALATION
};

enum record_type {
    RECORD_STR,
    RECORD_ENUM,    /* str, one of "words" */
    RECORD_DECIMAL, /* str holding a JSON number; written as a number */
    RECORD_JSON,    /* str holding JSON text; written as it is */
    RECORD_SHA256,  /* str of 64 hex digits */
    RECORD_UUID,
    RECORD_TIME, /* int64_t microseconds */
    RECORD_INT,
    RECORD_BOOL,     /* bool, written only when it differs from "otherwise" */
    RECORD_TRISTATE, /* int64_t 0, 1 or RECORD_INT_NONE, written as a boolean */
    RECORD_STR_LIST, /* const struct str *, then size_t count */
    RECORD_LIST      /* const void * to elements of "element", then size_t count */
};

struct record_field {
    const char *name;
    enum record_type type;
    enum record_group group;
    size_t offset;       /* in struct record, or in the element of a list */
    size_t count_offset; /* lists: of the size_t */
    bool required;  /* a record without it is refused (group fields: once the group is stated) */
    bool otherwise; /* RECORD_BOOL: the value of an absent member */
    const char *const *words;           /* RECORD_ENUM: NULL-terminated */
    const struct record_field *element; /* RECORD_LIST: fields, name == NULL ends */
    size_t element_bytes;
    size_t name_bytes;  /* strlen(name) */
    const char *member; /* the name as it is written: ,"name": */
    bool is_as_of; /* the as-of time that states the group; no column, no part of the version */
    /* RECORD_UUID: kind of the entity whose external id is the next field; both are set or neither,
     * and the one is the UUIDv5 of the other. NULL = an id that stands alone. */
    const char *entity;
    double least, most; /* RECORD_INT and RECORD_DECIMAL, inclusive: what the column holds */
};

const char *record_kind_name(enum record_kind kind);
const char *source_kind_name(enum source_kind source);

/* The members that every kind has, "schema" and "kind" apart, in the order of writing. */
const struct record_field *record_common_fields(void);
/* The fields beyond the common members, in the order of writing; name == NULL ends the table. */
const struct record_field *record_fields(enum record_kind kind);

/* A record of the kind with every field NULL (times, ints and booleans included). */
void record_init(struct record *record, enum record_kind kind);

/* Appends one line of JSON, without the newline. RC_REJECT: larger than the buffer's maximum. */
enum rc record_encode(const struct record *record, struct buf *out, struct err *err) MUST_USE;
/* Reads one JSON object and checks it: schema, required members, words, ranges, and that every id
 * is the UUIDv5 of its external id (canonical-model 2.1). Texts live in the arena. Unknown members
 * are ignored; "kind" must come before the members that only the kind has. */
enum rc record_decode(struct str json, struct arena *arena, struct record *record_out,
                      struct err *err) MUST_USE;

/* The same for records written by hand or by a tenant's own programs: members that are absent are
 * taken from defaults (schema, tenant, ids, provider, observed_at, source_kind), ids from their
 * external ids, and a group that is stated without its as-of time is as of observed_at. Where
 * defaults.kind is a kind, "kind" may stand anywhere. Texts of defaults are borrowed. */
enum rc record_decode_partial(struct str json, struct arena *arena, const struct record *defaults,
                              struct record *record_out, struct err *err) MUST_USE;

/* 16-byte version of a stated group (canonical-model 6.1): as-of microseconds big endian, rank (0
 * when they are 0), 7 bytes of SHA-256 over its fields in table order, each "<length>:<bytes>", or
 * "-" for NULL. Bytes: texts, words, decimals, JSON and SHA-256 as they are; ids as 36 characters;
 * times and ints in decimal; booleans "t" or "f"; lists as the encoder writes them, an empty one is
 * NULL. false: the group is not stated. */
bool record_version(const struct record *record, enum record_group group,
                    unsigned char version_out[RECORD_VERSION_BYTES]);

/* The bus key: the conversation's id, or the record's own id for contacts, agents and departments.
 */
struct uuid record_bus_key(const struct record *record);

#endif
