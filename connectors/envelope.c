#include "connectors/envelope.h"

#include "lib/limits.h"

void envelope_init(struct envelope *envelope, const char *tenant, const struct uuid *tenant_id,
                   const char *connector, const struct uuid *channel_id)
{
    envelope->tenant = str_of(tenant);
    envelope->connector = str_of(connector);
    uuid_format(tenant_id, envelope->tenant_id);
    uuid_format(channel_id, envelope->channel_id);
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        struct bus_header *headers = envelope->record_headers[kind];
        headers[0] = (struct bus_header){STR_LIT("schema"), STR_LIT(RECORD_SCHEMA)};
        headers[1] = (struct bus_header){STR_LIT("tenant"), envelope->tenant};
        headers[2] =
            (struct bus_header){STR_LIT("kind"), str_of(record_kind_name((enum record_kind)kind))};
        headers[3] = (struct bus_header){STR_LIT("connector"), envelope->connector};
    }
}

enum rc envelope_encode(const struct record *record, struct buf *text,
                        struct envelope_record *encoded_out, struct err *err)
{
    size_t at = text->n;
    enum rc rc = record_encode(record, text, err);
    size_t n = text->n - at;
    if (rc == RC_OK && n > LIMIT_RECORD_BYTES)
        rc = err_set(err, RC_REJECT, "the record has %zu bytes, %zu are allowed", n,
                     LIMIT_RECORD_BYTES);
    if (rc != RC_OK) {
        text->n = at;
        text->full = false;
        return rc;
    }
    struct uuid key = record_bus_key(record);
    *encoded_out = (struct envelope_record){.at = at, .n = n, .kind = record->kind};
    uuid_format(&key, encoded_out->key);
    return RC_OK;
}

struct bus_message envelope_message(const struct envelope *envelope,
                                    const struct envelope_record *encoded, const struct buf *text)
{
    return (struct bus_message){
        .topic = BUS_RECORDS,
        .key = {encoded->key, UUID_TEXT_BYTES - 1},
        .value = {text->p + encoded->at, encoded->n},
        .headers = envelope->record_headers[encoded->kind],
        .header_count = ENVELOPE_RECORD_HEADERS,
    };
}

void envelope_letter(const struct envelope *envelope, struct deadletter *letter)
{
    letter->tenant = envelope->tenant;
    letter->tenant_id = str_of(envelope->tenant_id);
    letter->channel_id = str_of(envelope->channel_id);
    letter->connector = envelope->connector;
}

struct str envelope_stage(enum reject_code code)
{
    bool unreadable =
        code == REJECT_JSON_SYNTAX || code == REJECT_TOO_DEEP || code == REJECT_TOO_LARGE;
    return unreadable ? STR_LIT("parse") : STR_LIT("normalize");
}
