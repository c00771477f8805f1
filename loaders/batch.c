/* batch.c: see batch.h. */
#include "loaders/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/limits.h"
#include "transform/text.h"

struct batch *batch_new(const struct bus_conf *bus, size_t max_items)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    batch->decoded = arena_new("loader records", LIMIT_BATCH_ARENA_BYTES);
    batch->kept = arena_new("loader payloads", LIMIT_BATCH_ARENA_BYTES);
    batch->items = xcalloc(max_items, sizeof *batch->items);
    batch->room = max_items;
    for (size_t i = 0; i < BUS_TOPICS; i++) {
        bus_topic_name(bus, (enum bus_topic)i, batch->names[i]);
        batch->topic_names[i] = str_of(batch->names[i]);
    }
    return batch;
}

void batch_free(struct batch **batch)
{
    if (batch == NULL || *batch == NULL)
        return;
    arena_free(&(*batch)->decoded);
    arena_free(&(*batch)->kept);
    free((*batch)->items);
    free(*batch);
    *batch = NULL;
}

void batch_reset(struct batch *batch)
{
    arena_reset(batch->decoded);
    arena_reset(batch->kept);
    batch->count = 0;
    batch->bytes = 0;
}

static enum rc too_large(struct err *err)
{
    return err_set(err, RC_FATAL, "a batch does not fit into memory; lower batch_bytes");
}

/* A copy that PostgreSQL takes as text: the input may have been refused for its encoding. */
static struct str keep_text(struct batch *batch, struct str text)
{
    uint64_t replaced = 0;
    return text.p != NULL ? text_clean(batch->kept, text, &replaced) : STR_NULL;
}

static struct letter *new_letter(struct batch *batch, const struct batch_item *item)
{
    struct letter *letter = arena_alloc(batch->kept, sizeof *letter);
    if (letter == NULL)
        return NULL;
    letter->topic = batch->topic_names[item->partition->topic];
    letter->partition = item->partition->partition;
    letter->offset = item->offset;
    letter->payload = item->payload;
    letter->stage = STR_LIT("load");
    return letter;
}

static struct str header(const struct bus_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_is(message->headers[i].name, name))
            return message->headers[i].value;
    return STR_NULL;
}

static enum rc add_unreadable(struct batch *batch, struct batch_item *item,
                              const struct bus_consumed *consumed, const struct err *reason,
                              struct err *err)
{
    struct letter *letter = new_letter(batch, item);
    if (letter == NULL)
        return too_large(err);
    letter->tenant_id = letter_tenant(STR_NULL, header(&consumed->message, "tenant"));
    letter->entity_type = keep_text(batch, header(&consumed->message, "kind"));
    letter->code = STR_LIT("record_invalid");
    letter->message = keep_text(batch, str_of(reason->msg));
    letter->failed_at = consumed->timestamp_us;
    item->letter = letter;
    return RC_OK;
}

static enum rc add_record(struct batch *batch, struct batch_item *item,
                          const struct bus_consumed *consumed, struct err *err)
{
    struct err reason = {0};
    struct record *record = arena_alloc(batch->decoded, sizeof *record);
    enum rc rc = record != NULL ? record_decode(item->payload, batch->decoded, record, &reason)
                                : err_set(&reason, RC_REJECT, "its batch has no room for it");
    if (rc != RC_OK)
        return add_unreadable(batch, item, consumed, &reason, err);
    item->record = record;
    return RC_OK;
}

static struct uuid uuid_or_none(struct str text)
{
    struct uuid id;
    return text.p != NULL && uuid_from_text(text, &id) ? id : UUID_NULL;
}

static enum rc add_letter(struct batch *batch, struct batch_item *item,
                          const struct bus_consumed *consumed, struct err *err)
{
    struct deadletter stated;
    struct letter *letter = new_letter(batch, item);
    if (letter == NULL)
        return too_large(err);
    deadletter_from_message(&consumed->message, &stated);
    letter->tenant_id = letter_tenant(stated.tenant_id, stated.tenant);
    letter->channel_id = uuid_or_none(stated.channel_id);
    letter->stage = keep_text(batch, stated.stage);
    letter->entity_type = keep_text(batch, stated.entity_type);
    letter->external_id = keep_text(batch, stated.external_id);
    letter->code = keep_text(batch, stated.reason);
    letter->message = keep_text(batch, stated.detail);
    letter->failed_at = stated.first_seen_us;
    item->letter = letter;
    return RC_OK;
}

enum rc batch_add(struct batch *batch, const struct offsets_partition *partition,
                  const struct bus_consumed *consumed, struct err *err)
{
    assert(batch->count < batch->room);
    struct batch_item *item = &batch->items[batch->count++];
    *item = (struct batch_item){
        .partition = partition,
        .epoch = partition->epoch,
        .offset = consumed->offset,
        .payload = arena_str(batch->kept, consumed->message.value),
    };
    if (item->payload.p == NULL && consumed->message.value.p != NULL)
        return too_large(err);
    batch->bytes += consumed->message.value.n;
    if (consumed->message.topic == BUS_DEADLETTER)
        return add_letter(batch, item, consumed, err);
    return add_record(batch, item, consumed, err);
}

bool batch_is_current(const struct batch_item *item)
{
    return item->partition->owned && item->partition->epoch == item->epoch;
}

enum rc batch_refuse(struct batch *batch, struct batch_item *item, const char *code,
                     const char *message, struct err *err)
{
    struct letter *letter = new_letter(batch, item);
    const struct record *record = item->record;
    if (letter == NULL)
        return too_large(err);
    letter->tenant_id = record->tenant_id;
    letter->channel_id = record->channel_id;
    letter->entity_type = str_of(record_kind_name(record->kind));
    letter->external_id = keep_text(batch, record->external_id);
    letter->code = keep_text(batch, str_of(code));
    letter->message = keep_text(batch, str_of(message));
    letter->failed_at = record->observed_at;
    item->letter = letter;
    item->record = NULL;
    return RC_OK;
}
