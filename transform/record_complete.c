#include "transform/record_complete.h"

#include "transform/ids.h"
#include "transform/record_value.h"

static void *at(struct record *record, const struct record_field *field)
{
    return (char *)record + field->offset;
}

static void complete_own_id(struct record *record)
{
    if (!uuid_is_none(&record->id) || str_is_null(record->external_id))
        return;
    const char *kind =
        record->kind == RECORD_MESSAGE_STATUS ? "status" : record_kind_name(record->kind);
    record->id = ids_entity(kind, &record->tenant_id, &record->channel_id, record->external_id);
}

/* The id of another entity stands before its external id. */
static void complete_id(struct record *record, const struct record_field *field)
{
    struct uuid *id = at(record, field);
    const struct str *external_id = at(record, field + 1);
    if (uuid_is_none(id) && !str_is_null(*external_id))
        *id = ids_entity(field->entity, &record->tenant_id, &record->channel_id, *external_id);
}

static const struct record_field *as_of_field(const struct record_field *fields,
                                              enum record_group group)
{
    while (!(fields->is_as_of && fields->group == group))
        fields++;
    return fields;
}

static void complete_as_of(struct record *record, const struct record_field *fields,
                           const struct record_field *field)
{
    if (field->is_as_of || record_value_is_null(field, record))
        return;
    int64_t *as_of = at(record, as_of_field(fields, field->group));
    if (*as_of == TIME_NONE)
        *as_of = record->observed_at;
}

void record_complete(struct record *record)
{
    const struct record_field *fields = record_fields(record->kind);
    complete_own_id(record);
    for (const struct record_field *field = fields; field->name != NULL; field++) {
        if (field->entity != NULL)
            complete_id(record, field);
        if (field->group != RECORD_GROUP_NONE)
            complete_as_of(record, fields, field);
    }
}
