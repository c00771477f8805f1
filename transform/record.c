#include "transform/record.h"

#include <pthread.h>

#include "transform/record_value.h"

static const char *const kind_names[RECORD_KINDS] = {
    [RECORD_CONTACT] = "contact",       [RECORD_AGENT] = "agent",
    [RECORD_DEPARTMENT] = "department", [RECORD_CONVERSATION] = "conversation",
    [RECORD_MESSAGE] = "message",       [RECORD_MESSAGE_STATUS] = "message_status",
    [RECORD_EVENT] = "event",           [RECORD_CSAT] = "csat",
    [RECORD_ESCALATION] = "escalation",
};

const char *record_kind_name(enum record_kind kind)
{
    return kind_names[kind];
}

void record_value_clear(const struct record_field *fields, void *owner)
{
    for (const struct record_field *f = fields; f->name != NULL; f++) {
        void *at = (char *)owner + f->offset;
        if (f->type == RECORD_TIME || f->type == RECORD_INT || f->type == RECORD_TRISTATE)
            *(int64_t *)at = RECORD_INT_NONE;
        else if (f->type == RECORD_BOOL)
            *(bool *)at = f->otherwise;
    }
}

static struct record blanks[RECORD_KINDS]; /* constant once made */
static pthread_once_t blanks_made = PTHREAD_ONCE_INIT;

static void make_blanks(void)
{
    _Static_assert(TIME_NONE == RECORD_INT_NONE, "one null for both");
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        blanks[kind].kind = (enum record_kind)kind;
        blanks[kind].observed_at = TIME_NONE;
        record_value_clear(record_fields((enum record_kind)kind), &blanks[kind]);
    }
}

void record_init(struct record *record, enum record_kind kind)
{
    (void)pthread_once(&blanks_made, make_blanks);
    *record = blanks[kind];
}

bool record_value_is_null(const struct record_field *f, const void *owner)
{
    const void *at = (const char *)owner + f->offset;
    switch (f->type) {
    case RECORD_UUID:
        return uuid_is_none(at);
    case RECORD_TIME:
    case RECORD_INT:
    case RECORD_TRISTATE:
        return *(const int64_t *)at == RECORD_INT_NONE;
    case RECORD_BOOL:
        return *(const bool *)at == f->otherwise;
    case RECORD_STR_LIST:
    case RECORD_LIST:
        return *(const size_t *)((const char *)owner + f->count_offset) == 0;
    default:
        return str_is_null(*(const struct str *)at);
    }
}

struct uuid record_bus_key(const struct record *record)
{
    switch (record->kind) {
    case RECORD_MESSAGE:
        return record->message.conversation_id;
    case RECORD_EVENT:
        return record->event.conversation_id;
    case RECORD_CSAT:
        return record->csat.conversation_id;
    case RECORD_ESCALATION:
        return record->escalation.conversation_id;
    case RECORD_MESSAGE_STATUS:
        return uuid_is_none(&record->message_status.conversation_id)
                   ? record->message_status.message_id
                   : record->message_status.conversation_id;
    default:
        return record->id;
    }
}
