#include "transform/whatsapp/export_record.h"

#include "lib/decimal.h"
#include "lib/hex.h"
#include "transform/ids.h"
#include "transform/whatsapp/export_content.h"
#include "transform/whatsapp/identity.h"
#include "transform/whatsapp/scope.h"

#define NAME_AS_OF 1 /* us: a name out of an address book */
#define DAY_US (INT64_C(86400) * US_PER_SECOND)
#define ID_BYTES 16
#define LOCAL_TEXT_BYTES 19 /* YYYY-MM-DDTHH:MM:SS */

void wa_export_writer_begin(struct wa_export_writer *writer)
{
    writer->has_conversation = false;
    writer->last_local = writer->last_sent = TIME_NONE;
    writer->ordinal = 0;
    wa_repeat_reset(writer->repeat);
}

/* ---- times ---- */

/* zone_to_utc gives the later instant of an hour that comes twice. It comes twice where the offset
 * was larger a day before and still is so much earlier on the clock. */
static int64_t sent_time(struct wa_export_writer *writer, int64_t local)
{
    int64_t later = zone_to_utc(writer->zone, local);
    int64_t before = (local - DAY_US) - zone_to_utc(writer->zone, local - DAY_US);
    int64_t gap = before - (local - later);
    if (gap <= 0)
        return later;
    int64_t shifted = (local - gap) - zone_to_utc(writer->zone, local - gap);
    int64_t earlier = local - before;
    bool is_twice = shifted == before;
    return is_twice && (writer->last_sent == TIME_NONE || earlier >= writer->last_sent) ? earlier
                                                                                        : later;
}

/* ---- ids ---- */

/* SHA-256 over chat, time, sender, text and the ordinal among equals. */
static struct str message_id(struct wa_export_writer *writer,
                             const struct wa_export_message *message, struct str plain)
{
    struct arena *arena = writer->out->arena;
    char local[CLOCK_TEXT_BYTES];
    clock_format(message->local, local);
    const struct str parts[] = {wa_chat_key(writer->chat),
                                STR_LIT(WA_SEPARATOR),
                                {local, LOCAL_TEXT_BYTES},
                                STR_LIT(WA_SEPARATOR),
                                message->sender,
                                STR_LIT(WA_SEPARATOR),
                                plain};
    struct str whole = arena_join(arena, parts, sizeof parts / sizeof *parts);
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(whole, digest);
    char ordinal[DECIMAL_TEXT_BYTES];
    size_t digits = decimal_format(wa_repeat_count(writer->repeat, digest), ordinal);
    const struct str all[] = {whole, STR_LIT(WA_SEPARATOR), {ordinal, digits}};
    digest_sha256(arena_join(arena, all, sizeof all / sizeof *all), digest);
    char hex[2 * ID_BYTES + 1];
    hex_encode(digest, ID_BYTES, hex);
    const struct str id[] = {STR_LIT("wax:"), {hex, 2 * (size_t)ID_BYTES}};
    return arena_join(arena, id, sizeof id / sizeof *id);
}

/* ---- contacts and the conversation ---- */

static enum rc write_contact(struct wa_export_writer *writer, struct wa_sender *sender,
                             struct err *err)
{
    if (sender->is_written)
        return RC_OK;
    sender->is_written = true;
    struct record record;
    map_out_begin(writer->out, RECORD_CONTACT, &wa_chat_account(writer->chat)->channel_id, &record);
    record.id = sender->id;
    record.external_id = sender->key;
    struct wa_party party = {.wa_id = sender->number};
    struct str phone = wa_party_phone(&party, writer->out->arena);
    bool is_nameless = str_starts_with(sender->name, "+") && !str_is_null(sender->number);
    if (!is_nameless) {
        record.contact.profile_as_of = NAME_AS_OF;
        record.contact.display_name = sender->name;
    }
    const struct record_identity identities[] = {
        {STR_LIT("wa_id"), sender->number, STR_NULL, true},
        {STR_LIT("phone"), phone, is_nameless ? sender->name : STR_NULL, false}};
    record.contact.identities = identities;
    record.contact.identity_count = str_is_null(sender->number) ? 0 : str_is_null(phone) ? 1 : 2;
    return map_out_record(writer->out, &record, err);
}

/* What is open in the writer, as one object; STR_NULL: it has no members. */
static struct str finish_object(struct wa_export_writer *writer)
{
    json_writer_close(writer->json, false);
    struct str json = json_writer_peek(writer->json);
    return json.n > 2 ? arena_str(writer->out->arena, json) : STR_NULL;
}

static struct str import_notes(struct wa_export_writer *writer)
{
    json_writer_reset(writer->json);
    json_writer_open(writer->json, false);
    json_member_text(writer->json, "source", STR_LIT("export"));
    json_member_text(writer->json, "date_order", str_of(writer->order));
    json_member_true(writer->json, "date_order_guessed", writer->is_order_guessed);
    json_member_true(writer->json, "chat_key_unverified", !wa_chat_is_verified(writer->chat));
    return finish_object(writer);
}

static enum rc write_conversation(struct wa_export_writer *writer, int64_t sent, struct err *err)
{
    struct wa_sender *person = wa_chat_person(writer->chat);
    enum rc rc = person != NULL ? write_contact(writer, person, err) : RC_OK;
    if (rc != RC_OK)
        return rc;
    struct record record;
    map_out_begin(writer->out, RECORD_CONVERSATION, &wa_chat_account(writer->chat)->channel_id,
                  &record);
    record.id = *wa_chat_id(writer->chat);
    record.external_id = wa_chat_key(writer->chat);
    struct record_conversation *conversation = &record.conversation;
    conversation->channel = STR_LIT(WA_MEDIUM);
    conversation->conversation_kind = person != NULL ? STR_LIT("direct") : STR_LIT("group");
    conversation->labels_as_of = NAME_AS_OF;
    conversation->metadata = import_notes(writer);
    conversation->started_at = sent;
    if (person != NULL) {
        conversation->contact_id = person->id;
        conversation->contact_external_id = person->key;
    } else {
        conversation->subject = wa_chat_title(writer->chat);
    }
    writer->has_conversation = true;
    return map_out_record(writer->out, &record, err);
}

/* ---- messages ---- */

static struct str poll_options(struct wa_export_writer *writer, struct str lines)
{
    struct json_writer *json = writer->json;
    struct str option;
    struct str votes;
    json_writer_reset(json);
    json_writer_open(json, true);
    while (wa_export_option_next(&lines, &option, &votes)) {
        json_writer_open(json, false);
        json_member_text(json, "text", option);
        json_member_number(json, "votes", votes);
        json_writer_close(json, false);
    }
    json_writer_close(json, true);
    return arena_str(writer->out->arena, json_writer_peek(json));
}

static struct str message_metadata(struct wa_export_writer *writer,
                                   const struct wa_export_message *message,
                                   const struct wa_export_content *content, bool is_own)
{
    struct str options =
        !str_is_null(content->poll) ? poll_options(writer, content->poll) : STR_NULL;
    struct json_writer *json = writer->json;
    bool is_minute = message->header->second == WA_NO_SECOND;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "author", is_own ? message->sender : STR_NULL);
    json_member_text(json, "precision", is_minute ? STR_LIT("minute") : STR_NULL);
    json_member_true(json, "edited", content->is_edited);
    json_member_true(json, "media_omitted", content->is_omitted);
    json_member_true(json, "unclassified", content->is_unclassified);
    json_member_text(json, "location_url", content->url);
    json_member_json(json, "options", options);
    json_member_true(json, "voice",
                     content->subtype != NULL && strcmp(content->subtype, "voice") == 0);
    json_member_true(json, "nul_replaced", message->is_replaced);
    return finish_object(writer);
}

static void fill_attachment(const struct wa_export_content *content,
                            struct record_attachment *attachment, struct record_message *fields)
{
    if (str_is_null(content->filename))
        return;
    bool is_card = strcmp(content->type, "contact") == 0;
    *attachment = (struct record_attachment){
        .type = str_of(is_card ? "other" : content->type),
        .filename = content->filename,
        .size_bytes = RECORD_INT_NONE,
        .width = RECORD_INT_NONE,
        .height = RECORD_INT_NONE,
    };
    fields->attachments = attachment;
    fields->attachment_count = 1;
}

static void fill_place(struct wa_export_writer *writer, const struct wa_export_content *content,
                       struct record_message *fields)
{
    if (!json_is_number(content->latitude) || !json_is_number(content->longitude))
        return;
    json_writer_reset(writer->json);
    json_writer_open(writer->json, false);
    json_member_number(writer->json, "lat", content->latitude);
    json_member_number(writer->json, "lon", content->longitude);
    fields->location = finish_object(writer);
}

static void fill_direction(const struct wa_export_writer *writer, const struct wa_sender *sender,
                           bool is_system, struct record_message *fields)
{
    const struct wa_sender *person = wa_chat_person(writer->chat);
    bool is_inbound = !is_system && !sender->is_own;
    if (is_inbound)
        person = sender;
    fields->conversation_kind =
        wa_chat_person(writer->chat) != NULL ? STR_LIT("direct") : STR_LIT("group");
    fields->direction = is_inbound ? STR_LIT("inbound") : STR_LIT("outbound");
    fields->sender_type = is_inbound  ? STR_LIT("contact")
                          : is_system ? STR_LIT("system")
                                      : STR_LIT("agent");
    fields->status = is_inbound ? STR_LIT("received") : STR_LIT("sent");
    if (person != NULL) {
        fields->contact_id = person->id;
        fields->contact_external_id = person->key;
    }
}

/* When it was deleted the file does not say: not before it was sent. */
static void fill_deletion(const struct wa_export_content *content, int64_t sent,
                          struct record_message *fields)
{
    if (!content->is_deleted)
        return;
    fields->deleted_at = sent;
    fields->deletion_reason =
        content->is_by_admin ? STR_LIT("revoked_by_admin") : STR_LIT("revoked");
}

static struct str empty_is_null(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

static enum rc write_message(struct wa_export_writer *writer,
                             const struct wa_export_message *message,
                             const struct wa_export_content *content,
                             const struct wa_sender *sender, int64_t sent, struct err *err)
{
    struct record record;
    struct record_attachment attachment;
    const struct uuid *channel_id = &wa_chat_account(writer->chat)->channel_id;
    map_out_begin(writer->out, RECORD_MESSAGE, channel_id, &record);
    record.external_id = message_id(writer, message, content->plain);
    if (str_is_null(record.external_id))
        return RC_REJECT;
    record.id =
        ids_entity("message", &writer->out->conf->tenant_id, channel_id, record.external_id);
    struct record_message *fields = &record.message;
    fields->conversation_id = *wa_chat_id(writer->chat);
    fields->conversation_external_id = wa_chat_key(writer->chat);
    fields->channel = STR_LIT(WA_MEDIUM);
    fill_direction(writer, sender, content->is_system, fields);
    fields->content_as_of = fields->sent_at = sent;
    fields->type = str_of(content->type);
    fields->subtype = str_of(content->subtype);
    fields->text = empty_is_null(content->text);
    fields->caption = empty_is_null(content->caption);
    fill_place(writer, content, fields);
    fill_attachment(content, &attachment, fields);
    fill_deletion(content, sent, fields);
    fields->metadata =
        message_metadata(writer, message, content, !content->is_system && sender->is_own);
    fields->ordinal = writer->ordinal;
    return map_out_record(writer->out, &record, err);
}

/* Messages of one written time keep the file's order, wherever the file begins. */
static void count_ordinal(struct wa_export_writer *writer, int64_t local, int64_t sent)
{
    writer->ordinal = local == writer->last_local ? writer->ordinal + 1 : 0;
    writer->last_local = local;
    writer->last_sent = sent;
}

enum rc wa_export_write(struct wa_export_writer *writer, const struct wa_export_message *message,
                        bool *is_stranger_out, struct err *err)
{
    struct wa_export_content content;
    bool has_sender = !str_is_null(message->sender);
    wa_export_content_read(writer->out->arena, message->text, has_sender,
                           message->header->is_bracketed, &content);
    struct wa_sender *sender =
        content.is_system ? NULL : wa_chat_sender(writer->chat, message->sender);
    *is_stranger_out = sender == NULL && !content.is_system;
    if (*is_stranger_out)
        return RC_OK;
    int64_t sent = sent_time(writer, message->local);
    count_ordinal(writer, message->local, sent);
    enum rc rc = writer->has_conversation ? RC_OK : write_conversation(writer, sent, err);
    if (rc == RC_OK && sender != NULL && !sender->is_own)
        rc = write_contact(writer, sender, err);
    return rc == RC_OK ? write_message(writer, message, &content, sender, sent, err) : rc;
}
