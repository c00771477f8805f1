#include "transform/record_check.h"

#include <stdlib.h>

#include "transform/ids.h"
#include "transform/record_value.h"

#define SLUG_BYTES 99

static bool is_missing(const struct record_field *f, const void *owner)
{
    if (record_value_is_null(f, owner))
        return true;
    const struct str *text = (const void *)((const char *)owner + f->offset);
    return f->type == RECORD_STR && text->n == 0;
}

const char *record_check_required(const struct record_field *fields, const void *owner)
{
    for (const struct record_field *f = fields; f->name != NULL; f++)
        if (f->required && (f->group == RECORD_GROUP_NONE || f->is_as_of) && is_missing(f, owner))
            return f->name;
    return NULL;
}

static enum rc check_common(const struct record *record, struct err *err)
{
    const struct record_field *f = record_common_fields();
    for (; f->offset != offsetof(struct record, source_kind); f++)
        if (is_missing(f, record))
            return err_set(err, RC_REJECT, "record has no %s", f->name);
    if (record->source_kind == SOURCE_KINDS)
        return err_set(err, RC_REJECT, "record has no %s", f->name);
    return RC_OK;
}

static const struct record_field *as_of_field(const struct record_field *fields,
                                              enum record_group group)
{
    const struct record_field *f = fields;
    while (!(f->is_as_of && f->group == group))
        f++;
    return f;
}

/* One field of a group against the group's as-of time. */
static enum rc check_group_field(const struct record *record, const struct record_field *f,
                                 const struct record_field *as_of, struct err *err)
{
    bool stated = !record_value_is_null(as_of, record);
    if (stated && f->required && is_missing(f, record))
        return err_set(err, RC_REJECT, "record has %s but no %s; a group is stated as a whole",
                       as_of->name, f->name);
    if (!stated && !record_value_is_null(f, record))
        return err_set(err, RC_REJECT, "record has %s but no %s; a group needs its as-of time",
                       f->name, as_of->name);
    return RC_OK;
}

static enum rc check_as_of(const struct record *record, const struct record_field *f,
                           struct err *err)
{
    int64_t us = *(const int64_t *)(const void *)((const char *)record + f->offset);
    if (us != TIME_NONE && us < 0)
        return err_set(err, RC_REJECT, "record member %s lies before 1970", f->name);
    return RC_OK;
}

static enum rc check_groups(const struct record *record, struct err *err)
{
    const struct record_field *fields = record_fields(record->kind);
    enum rc rc = RC_OK;
    for (const struct record_field *f = fields; f->name != NULL && rc == RC_OK; f++) {
        if (f->is_as_of)
            rc = check_as_of(record, f, err);
        else if (f->group != RECORD_GROUP_NONE)
            rc = check_group_field(record, f, as_of_field(fields, f->group), err);
    }
    return rc;
}

static enum rc check_entity(const struct record *record, const struct record_field *f,
                            struct err *err)
{
    const struct uuid *id = (const void *)((const char *)record + f->offset);
    const struct str *external_id = (const void *)((const char *)record + f[1].offset);
    if (uuid_is_none(id) && str_is_null(*external_id))
        return RC_OK;
    if (uuid_is_none(id) || str_is_null(*external_id))
        return err_set(err, RC_REJECT, "record has one of %s and %s; both or neither are needed",
                       f->name, f[1].name);
    struct uuid expected =
        ids_entity(f->entity, &record->tenant_id, &record->channel_id, *external_id);
    if (uuid_order(id, &expected) != 0)
        return err_set(err, RC_REJECT, "record member %s is not the id of %s in this channel",
                       f->name, f[1].name);
    return RC_OK;
}

static bool slug_is_valid(struct str slug)
{
    if (slug.n > SLUG_BYTES || slug.p[0] == '-')
        return false;
    for (size_t i = 0; i < slug.n; i++)
        if (!((slug.p[i] >= 'a' && slug.p[i] <= 'z') || (slug.p[i] >= '0' && slug.p[i] <= '9') ||
              slug.p[i] == '-'))
            return false;
    return true;
}

static enum rc check_tenant(const struct record *record, struct err *err)
{
    struct uuid expected = ids_tenant(record->tenant);
    if (!slug_is_valid(record->tenant))
        return err_set(err, RC_REJECT,
                       "record member tenant must be 1 to %d of a-z, 0-9 and '-', not '-' first",
                       SLUG_BYTES);
    if (uuid_order(&record->tenant_id, &expected) != 0)
        return err_set(err, RC_REJECT, "record member tenant_id is not the id of its tenant");
    return RC_OK;
}

static enum rc check_own_id(const struct record *record, struct err *err)
{
    bool is_status = record->kind == RECORD_MESSAGE_STATUS;
    const char *kind = is_status ? "status" : record_kind_name(record->kind);
    struct uuid expected =
        ids_entity(kind, &record->tenant_id, &record->channel_id, record->external_id);
    bool same = uuid_order(&record->id, &expected) == 0;
    if (same && is_status) {
        const struct record_message_status *s = &record->message_status;
        expected = ids_status(&record->tenant_id, &record->channel_id, s->message_external_id,
                              s->status, s->recipient, s->occurred_at);
        same = uuid_order(&record->id, &expected) == 0;
    }
    return same ? RC_OK : err_set(err, RC_REJECT, "record member id is not the id of external_id");
}

static enum rc check_ids(const struct record *record, struct err *err)
{
    enum rc rc = check_tenant(record, err);
    if (rc == RC_OK)
        rc = check_own_id(record, err);
    for (const struct record_field *f = record_fields(record->kind); f->name != NULL && rc == RC_OK;
         f++)
        if (f->entity != NULL)
            rc = check_entity(record, f, err);
    return rc;
}

/* CHECK constraints over several columns (canonical-model 3.3) */

static enum rc check_message(const struct record_message *m, struct err *err)
{
    if (str_is(m->direction, "inbound") != str_is(m->sender_type, "contact"))
        return err_set(err, RC_REJECT,
                       "record is inbound or sent by a contact, but not both; they go together");
    for (size_t i = 1; i < m->attachment_count; i++)
        if (m->attachments[i].ordinal <= m->attachments[i - 1].ordinal)
            return err_set(err, RC_REJECT, "record member attachments[%zu].ordinal does not ascend",
                           i);
    return RC_OK;
}

static double decimal(struct str text, double otherwise)
{
    return str_is_null(text) ? otherwise : strtod(text.p, NULL);
}

static enum rc check_csat(const struct record_csat *c, struct err *err)
{
    if (str_is_null(c->rating))
        return RC_OK;
    double rating = strtod(c->rating.p, NULL);
    if (rating < decimal(c->scale_min, 1) || rating > decimal(c->scale_max, 5))
        return err_set(err, RC_REJECT, "record member rating lies outside of its scale");
    if (!str_is(c->state, "completed") || c->responded_at == TIME_NONE)
        return err_set(err, RC_REJECT,
                       "record has a rating but is not completed with a time of response");
    return RC_OK;
}

static enum rc check_kind(const struct record *record, struct err *err)
{
    switch (record->kind) {
    case RECORD_MESSAGE:
        return check_message(&record->message, err);
    case RECORD_CSAT:
        return check_csat(&record->csat, err);
    default:
        return RC_OK;
    }
}

enum rc record_check(const struct record *record, struct err *err)
{
    enum rc rc = check_common(record, err);
    if (rc != RC_OK)
        return rc;
    const char *missing = record_check_required(record_fields(record->kind), record);
    if (missing != NULL)
        return err_set(err, RC_REJECT, "record has no %s", missing);
    if ((rc = check_groups(record, err)) == RC_OK && (rc = check_ids(record, err)) == RC_OK)
        rc = check_kind(record, err);
    return rc;
}
