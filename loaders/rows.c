/* rows.c: see rows.h. */
#include "loaders/rows.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "loaders/fold.h"
#include "transform/ids.h"

enum { WIDEST = 64 }; /* no table has more columns */

void rows_init(struct rows *rows, const struct uuid *tenant_id, struct arena *arena)
{
    *rows = (struct rows){.tenant_id = *tenant_id, .arena = arena};
    for (size_t i = 0; i < TABLES; i++)
        rowset_init(&rows->sets[i], (enum table_id)i, arena);
}

static union cell cell_from(const struct column *column, const struct record *record)
{
    const char *at = (const char *)record + column->offset;
    union cell cell;
    switch (column->type) {
    case CELL_UUID:
        memcpy(&cell.id, at, sizeof cell.id);
        return cell;
    case CELL_BOOL:
        cell.number = *(const bool *)at ? 1 : 0;
        return cell;
    case CELL_TIME:
    case CELL_INT:
    case CELL_TRISTATE:
        memcpy(&cell.number, at, sizeof cell.number);
        return cell;
    default:
        memcpy(&cell.text, at, sizeof cell.text);
        return cell;
    }
}

/* Only what is said of every record: who owns it and when it was seen. */
static bool is_common(const struct column *column)
{
    return column->offset < offsetof(struct record, contact);
}

static void fill(const struct table *table, const struct record *record, bool whole,
                 union cell *cells)
{
    for (size_t i = 0; table->columns[i].name != NULL; i++) {
        const struct column *column = &table->columns[i];
        bool stated = column->offset != COLUMN_COMPUTED && (whole || is_common(column));
        cells[i] = stated ? cell_from(column, record) : cell_null(column->type);
    }
}

static union cell *cell_at(const struct rowset *set, union cell *cells, const char *name)
{
    return &cells[table_column(set->table, name)];
}

static enum rc out_of_memory(struct err *err)
{
    return err_set(err, RC_REJECT, "a record does not fit into the memory of its batch");
}

/* The version of a stated group. A group that is not stated leaves the cell NULL, and all of its
 * columns with it: the row then says nothing about them. */
static enum rc set_version(struct rows *rows, const struct rowset *set, const struct record *record,
                           enum record_group group, const char *name, union cell *cells,
                           struct err *err)
{
    unsigned char version[RECORD_VERSION_BYTES];
    if (!record_version(record, group, version))
        return RC_OK;
    struct str kept = arena_str(rows->arena, (struct str){(const char *)version, sizeof version});
    if (kept.p == NULL)
        return out_of_memory(err);
    cell_at(set, cells, name)->text = kept;
    return RC_OK;
}

/* ---- contacts ---- */

static enum rc add_stub_contact(struct rows *rows, const struct record *record,
                                const struct uuid *id, struct str external_id, struct err *err)
{
    if (uuid_is_none(id) || external_id.p == NULL)
        return RC_OK;
    struct rowset *set = &rows->sets[TABLE_CONTACTS];
    union cell cells[WIDEST];
    fill(set->table, record, false, cells);
    cell_at(set, cells, "id")->id = *id;
    cell_at(set, cells, "external_id")->text = external_id;
    return rowset_add(set, cells, err);
}

static enum rc add_identity(struct rows *rows, const struct record *record,
                            const struct record_identity *identity, struct err *err)
{
    struct rowset *set = &rows->sets[TABLE_IDENTITIES];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    cell_at(set, cells, "id")->id =
        ids_identity(&record->tenant_id, &record->channel_id, record->external_id, identity->kind,
                     identity->value);
    cell_at(set, cells, "kind")->text = identity->kind;
    cell_at(set, cells, "value")->text = identity->value;
    cell_at(set, cells, "value_raw")->text =
        identity->value_raw.p != NULL ? identity->value_raw : identity->value;
    cell_at(set, cells, "is_primary")->number = identity->is_primary ? 1 : 0;
    return rowset_add(set, cells, err);
}

static void add_json_text(struct buf *json, struct str text)
{
    (void)buf_add_text(json, "\"");
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        if (byte == '"' || byte == '\\')
            (void)buf_printf(json, "\\%c", byte);
        else if (byte < 0x20)
            (void)buf_printf(json, "\\u%04x", byte);
        else
            (void)buf_add(json, &text.p[i], 1);
    }
    (void)buf_add_text(json, "\"");
}

static enum rc tags_json(struct rows *rows, const struct record_contact *contact,
                         struct str *json_out, struct err *err)
{
    struct buf json;
    buf_init(&json, LIMIT_RECORD_BYTES);
    (void)buf_add_text(&json, "[");
    for (size_t i = 0; i < contact->tag_count; i++) {
        (void)buf_add_text(&json, i > 0 ? ",{\"name\":" : "{\"name\":");
        add_json_text(&json, contact->tags[i].name);
        if (contact->tags[i].assigned_at != TIME_NONE) {
            char text[CLOCK_TEXT_BYTES];
            clock_format(contact->tags[i].assigned_at, text);
            (void)buf_printf(&json, ",\"assigned_at\":\"%s\"", text);
        }
        (void)buf_add_text(&json, "}");
    }
    (void)buf_add_text(&json, "]");
    *json_out = buf_is_full(&json) ? STR_NULL : arena_str(rows->arena, buf_peek(&json));
    buf_done(&json);
    return json_out->p != NULL ? RC_OK : out_of_memory(err);
}

/* Polls, histories and files come from the provider's own list; a webhook only mentions. */
static bool is_listed(const struct record *record)
{
    return record->source_kind == SOURCE_POLL || record->source_kind == SOURCE_HISTORY ||
           record->source_kind == SOURCE_FILE;
}

static enum rc add_contact(struct rows *rows, const struct record *record, struct err *err)
{
    const struct record_contact *contact = &record->contact;
    struct rowset *set = &rows->sets[TABLE_CONTACTS];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    enum rc rc = set_version(rows, set, record, RECORD_GROUP_PROFILE, "profile_ver", cells, err);
    if (rc == RC_OK)
        rc = set_version(rows, set, record, RECORD_GROUP_CRM, "crm_ver", cells, err);
    if (rc == RC_OK && contact->tag_count > 0)
        rc = tags_json(rows, contact, &cell_at(set, cells, "tags")->text, err);
    if (is_listed(record))
        cell_at(set, cells, "last_sync_at")->number = record->observed_at;
    if (rc == RC_OK)
        rc = rowset_add(set, cells, err);
    for (size_t i = 0; rc == RC_OK && i < contact->identity_count; i++)
        rc = add_identity(rows, record, &contact->identities[i], err);
    return rc;
}

/* ---- conversations ---- */

static enum rc add_alias(struct rows *rows, const struct record *record, struct str alias,
                         struct err *err)
{
    struct rows_alias *link = arena_alloc(rows->arena, sizeof *link);
    if (link == NULL)
        return out_of_memory(err);
    link->a = record->id;
    link->b = ids_entity("conversation", &record->tenant_id, &record->channel_id, alias);
    link->next = rows->aliases;
    rows->aliases = link;
    return RC_OK;
}

static enum rc add_conversation(struct rows *rows, const struct record *record, struct err *err)
{
    const struct record_conversation *conversation = &record->conversation;
    struct rowset *set = &rows->sets[TABLE_CONVERSATIONS];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    enum rc rc =
        set_version(rows, set, record, RECORD_GROUP_LIFECYCLE, "lifecycle_ver", cells, err);
    if (rc == RC_OK)
        rc = set_version(rows, set, record, RECORD_GROUP_LABELS, "labels_ver", cells, err);
    if (conversation->tag_count > 0) {
        union cell *tags = cell_at(set, cells, "tags");
        tags->texts.list = conversation->tags;
        tags->texts.count = conversation->tag_count;
    }
    if (conversation->started_at == TIME_NONE)
        cell_at(set, cells, "started_at")->number = record->observed_at;
    if (is_listed(record))
        cell_at(set, cells, "last_sync_at")->number = record->observed_at;
    if (rc == RC_OK)
        rc = rowset_add(set, cells, err);
    if (rc == RC_OK)
        rc = add_stub_contact(rows, record, &conversation->contact_id,
                              conversation->contact_external_id, err);
    for (size_t i = 0; rc == RC_OK && i < conversation->alias_count; i++)
        rc = add_alias(rows, record, conversation->aliases[i], err);
    return rc;
}

/* The counterpart of a direct thread is known from any of its messages; in a group the contact of
 * a message is only its sender. */
static enum rc add_stub_conversation(struct rows *rows, const struct record *record,
                                     struct err *err)
{
    const struct record_message *message = &record->message;
    struct rowset *set = &rows->sets[TABLE_CONVERSATIONS];
    union cell cells[WIDEST];
    fill(set->table, record, false, cells);
    cell_at(set, cells, "id")->id = message->conversation_id;
    cell_at(set, cells, "external_id")->text = message->conversation_external_id;
    cell_at(set, cells, "channel")->text = message->channel;
    cell_at(set, cells, "kind")->text = message->conversation_kind;
    if (message->conversation_kind.p == NULL || str_is(message->conversation_kind, "direct"))
        cell_at(set, cells, "contact_id")->id = message->contact_id;
    cell_at(set, cells, "started_at")->number = message->sent_at;
    return rowset_add(set, cells, err);
}

/* ---- messages ---- */

static int64_t status_rank(struct str status)
{
    static const struct {
        const char *status;
        int64_t rank;
    } ladder[] = {{"pending", 0},    {"received", 5}, {"sent", 10},  {"failed", 15},
                  {"delivered", 20}, {"read", 30},    {"played", 40}};
    for (size_t i = 0; i < sizeof ladder / sizeof ladder[0]; i++)
        if (str_is(status, ladder[i].status))
            return ladder[i].rank;
    return 0;
}

static enum rc set_sha256(struct rows *rows, struct str hex, struct str *bytes_out, struct err *err)
{
    if (hex.p == NULL)
        return RC_OK;
    unsigned char *bytes = arena_alloc(rows->arena, DIGEST_SHA256_BYTES);
    if (bytes == NULL)
        return out_of_memory(err);
    if (!hex_decode(hex, bytes, DIGEST_SHA256_BYTES))
        return err_set(err, RC_REJECT, "an attachment's sha256 is not 64 hexadecimal digits");
    *bytes_out = (struct str){(const char *)bytes, DIGEST_SHA256_BYTES};
    return RC_OK;
}

static enum rc add_attachment(struct rows *rows, const struct record *record,
                              const struct record_attachment *attachment, struct err *err)
{
    struct rowset *set = &rows->sets[TABLE_ATTACHMENTS];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    cell_at(set, cells, "ordinal")->number = attachment->ordinal;
    cell_at(set, cells, "id")->id = ids_attachment(&record->tenant_id, &record->channel_id,
                                                   record->external_id, attachment->ordinal);
    cell_at(set, cells, "type")->text = attachment->type;
    cell_at(set, cells, "provider_media_id")->text = attachment->provider_media_id;
    cell_at(set, cells, "source_url")->text = attachment->source_url;
    cell_at(set, cells, "mime_type")->text = attachment->mime_type;
    cell_at(set, cells, "filename")->text = attachment->filename;
    cell_at(set, cells, "size_bytes")->number = attachment->size_bytes;
    cell_at(set, cells, "width")->number = attachment->width;
    cell_at(set, cells, "height")->number = attachment->height;
    cell_at(set, cells, "duration_s")->text = attachment->duration_s;
    cell_at(set, cells, "metadata")->text = attachment->metadata;
    enum rc rc = set_sha256(rows, attachment->sha256, &cell_at(set, cells, "sha256")->text, err);
    if (rc == RC_OK)
        rc = set_version(rows, set, record, RECORD_GROUP_CONTENT, "content_ver", cells, err);
    return rc == RC_OK ? rowset_add(set, cells, err) : rc;
}

static enum rc add_message(struct rows *rows, const struct record *record, struct err *err)
{
    const struct record_message *message = &record->message;
    enum rc rc =
        add_stub_contact(rows, record, &message->contact_id, message->contact_external_id, err);
    if (rc == RC_OK)
        rc = add_stub_conversation(rows, record, err);
    struct rowset *set = &rows->sets[TABLE_MESSAGES];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    cell_at(set, cells, "status_rank")->number = status_rank(message->status);
    if (rc == RC_OK)
        rc = set_version(rows, set, record, RECORD_GROUP_CONTENT, "content_ver", cells, err);
    if (rc == RC_OK)
        rc = rowset_add(set, cells, err);
    for (size_t i = 0; rc == RC_OK && i < message->attachment_count; i++)
        rc = add_attachment(rows, record, &message->attachments[i], err);
    return rc;
}

/* ---- the rest: a row each ---- */

static enum rc add_plain(struct rows *rows, enum table_id table, const struct record *record,
                         enum record_group group, const char *version, struct err *err)
{
    struct rowset *set = &rows->sets[table];
    union cell cells[WIDEST];
    fill(set->table, record, true, cells);
    if (version != NULL) {
        enum rc rc = set_version(rows, set, record, group, version, cells, err);
        if (rc != RC_OK)
            return rc;
    }
    return rowset_add(set, cells, err);
}

enum rc rows_add(struct rows *rows, const struct record *record, struct err *err)
{
    switch (record->kind) {
    case RECORD_CONTACT:
        return add_contact(rows, record, err);
    case RECORD_CONVERSATION:
        return add_conversation(rows, record, err);
    case RECORD_MESSAGE:
        return add_message(rows, record, err);
    case RECORD_AGENT:
        return add_plain(rows, TABLE_AGENTS, record, RECORD_GROUP_PROFILE, "profile_ver", err);
    case RECORD_DEPARTMENT:
        return add_plain(rows, TABLE_DEPARTMENTS, record, RECORD_GROUP_PROFILE, "profile_ver", err);
    case RECORD_MESSAGE_STATUS:
        if (uuid_is_none(&record->message_status.conversation_id))
            rows->unplaced_status = true;
        return add_plain(rows, TABLE_STATUSES, record, RECORD_GROUP_NONE, NULL, err);
    case RECORD_EVENT:
        return add_plain(rows, TABLE_EVENTS, record, RECORD_GROUP_NONE, NULL, err);
    case RECORD_CSAT:
        return add_plain(rows, TABLE_CSAT, record, RECORD_GROUP_CSAT, "csat_ver", err);
    case RECORD_ESCALATION:
        return add_plain(rows, TABLE_ESCALATIONS, record, RECORD_GROUP_ESCALATION, "esc_ver", err);
    default:
        return err_set(err, RC_REJECT, "records of kind %d have no table", (int)record->kind);
    }
}
